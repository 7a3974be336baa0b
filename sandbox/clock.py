"""The sandboxes' only source of time; a file shared with the shop moves all of them together.

The file holds one number, the seconds by which everybody's clock is ahead of the machine's; absent means 0.
Without a file the offset lives in this process.
"""

import fcntl
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset_file: Path | None = None
_own_offset_s = 0.0
_skew_s = 0.0


def use_offset_file(path: Path | None) -> None:
    """Take the offset from this file from now on; None puts the clock right again."""
    global _offset_file, _own_offset_s, _skew_s
    _offset_file, _own_offset_s, _skew_s = path, 0.0, 0.0


def skew(seconds: float) -> None:
    """From now on this stand-in's own clock is wrong by so much, in its `Date` and in all that it judges by
    time; everybody else's is not. ValueError when seconds is not finite.
    """
    global _skew_s
    if not math.isfinite(seconds):
        raise ValueError("a clock is wrong by a finite number of seconds")
    _skew_s = seconds


def skew_s() -> float:
    """Seconds by which it is ahead of everybody's."""
    return _skew_s


def now() -> datetime:
    """The current moment, timezone-aware, UTC."""
    return datetime.now(UTC) + timedelta(seconds=offset_s() + _skew_s)  # noqa: TID251 - this is the clock


def offset_s() -> float:
    """Seconds by which this clock is ahead of the machine's."""
    if _offset_file is None:
        return _own_offset_s
    try:
        return float(_offset_file.read_text() or 0)
    except FileNotFoundError:
        return 0.0


def advance(seconds: float) -> float:
    """Move the clock forward for everybody who reads the same file; returns the new offset in seconds.

    ValueError when seconds is negative or not finite: nothing in the shop survives time running backwards.
    """
    global _own_offset_s
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("the clock moves forward only, by a finite number of seconds")
    if _offset_file is None:
        _own_offset_s += seconds
        return _own_offset_s
    return _advance_file(_offset_file, seconds)


def _advance_file(path: Path, seconds: float) -> float:
    """Both sandboxes may be told to advance at once, hence the lock; readers take none, hence the rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        moved = offset_s() + seconds
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(repr(moved))
        fresh.replace(path)
        return moved


def monotonic() -> float:
    """Seconds that only grow and that no offset moves."""
    return time.monotonic()  # noqa: TID251 - this is the clock


def sleep(seconds: float) -> None:
    """Wait in real time; an offset does not shorten it."""
    time.sleep(max(0.0, seconds))  # noqa: TID251 - this is the clock
