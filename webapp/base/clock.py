"""The only source of time. Everything else asks here (ruff TID251 bans the rest).

The shop's time is counted, not read: a zero, and the seconds that the machine has counted since its boot. The
machine's own clock is read once, for the zero, so a step of it while the shop runs moves nothing. All
processes of one boot count alike; which zero they share is written down by webapp/state/shop_time.py.

In development CLOCK_FILE names a file with one number, the seconds by which the clock is ahead. Both
sandboxes read the same file and move it, so that deadlines, leases and validity can be played forward. Beside
it `<CLOCK_FILE>.step`, if it is there, has the seconds by which this machine's own clock is wrong.
"""

import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset_file: Path | None = None
_zero: datetime | None = None

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_NAMESPACE = Path("/proc/self/ns/time")


def use_offset_file(path: Path | None) -> None:
    global _offset_file
    _offset_file = path


def count_from(zero: datetime | None) -> None:
    """From now on the shop's time is `zero` and what was counted; None: as the machine's clock says next."""
    global _zero
    _zero = zero


def zero() -> datetime:
    """The shop's time at the moment from which this machine counts."""
    if _zero is not None:
        return _zero
    count_from(found := wall() - timedelta(seconds=counted()))
    return found


def now() -> datetime:
    """The current moment, timezone-aware, UTC."""
    return zero() + timedelta(seconds=steady())


def timestamp() -> float:
    """Seconds since 1970-01-01 UTC."""
    return now().timestamp()


def wall() -> datetime:
    """What the machine's own clock says, which somebody may set at any time."""
    return datetime.now(UTC) + timedelta(seconds=_step_s())  # noqa: TID251 - this is the clock


def counted() -> float:
    """Seconds since this machine was booted, asleep or awake. They only grow, and count the same in all
    processes that have the same `boot()`.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def steady() -> float:
    """The same with the offset: time as it passes for the shop, whatever its zero is."""
    return counted() + offset_s()


def boot() -> str:
    """Names what `counted` counts from: this boot, as a container with clocks of its own sees it. A machine
    that does not tell its boots apart has another one for each process.
    """
    try:
        return f"{BOOT_ID.read_text().strip()} {_namespace()}".strip()
    except OSError:
        return f"{socket.gethostname()} {os.getpid()}"


def monotonic() -> float:
    """Seconds that only grow and that no offset moves: for measuring how long a thing really took."""
    return time.monotonic()  # noqa: TID251 - this is the clock


def sleep(seconds: float) -> None:
    """Wait in real time; an offset does not shorten it."""
    time.sleep(max(0.0, seconds))  # noqa: TID251 - this is the clock


def offset_s() -> float:
    """By how much time was played forward."""
    return 0.0 if _offset_file is None else _number_in(_offset_file)


def _step_s() -> float:
    return 0.0 if _offset_file is None else _number_in(_offset_file.with_name(_offset_file.name + ".step"))


def _number_in(file: Path) -> float:
    try:
        return float(file.read_text() or 0)
    except FileNotFoundError:
        return 0.0


def _namespace() -> str:
    try:
        return str(TIME_NAMESPACE.readlink())
    except OSError:  # a kernel without them
        return ""
