"""The only source of time. Everything else asks here (ruff TID251 bans the rest).

In development CLOCK_FILE names a file with one number, the seconds by which the clock is ahead. Both
sandboxes read the same file and move it, so that deadlines, leases and validity can be played forward.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset_file: Path | None = None


def use_offset_file(path: Path | None) -> None:
    global _offset_file
    _offset_file = path


def now() -> datetime:
    """The current moment, timezone-aware, UTC."""
    return datetime.now(UTC) + timedelta(seconds=_offset_s())  # noqa: TID251 - this is the clock


def timestamp() -> float:
    """Seconds since 1970-01-01 UTC."""
    return now().timestamp()


def monotonic() -> float:
    """Seconds that only grow and that no offset moves: for measuring how long a thing really took."""
    return time.monotonic()  # noqa: TID251 - this is the clock


def sleep(seconds: float) -> None:
    """Wait in real time; an offset does not shorten it."""
    time.sleep(max(0.0, seconds))  # noqa: TID251 - this is the clock


def _offset_s() -> float:
    if _offset_file is None:
        return 0.0
    try:
        return float(_offset_file.read_text() or 0)
    except FileNotFoundError:
        return 0.0
