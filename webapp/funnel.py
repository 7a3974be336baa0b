"""How many got how far on a day: counted, never who.

A page view must cost next to nothing, so counts are kept in memory and written down every few seconds. A
process that is killed loses the last few.
"""

import atexit
import logging
import threading
from collections import Counter
from datetime import datetime
from typing import Any

from peewee import PeeweeException, fn

from webapp import clock
from webapp.models import FunnelDay

log = logging.getLogger(__name__)

STEPS = ("shop", "area", "plan")
"""The pages on the way to a purchase; what follows them are rows of their own."""
WRITE_EVERY_S = 5.0

_lock = threading.Lock()
_waiting: Counter[tuple[str, str]] = Counter()
_written_at = float("-inf")


def count(step: str) -> None:
    """One more. Never raises: what is counted goes on while the database is away."""
    with _lock:
        _waiting[clock.now().date().isoformat(), step] += 1
        if clock.monotonic() - _written_at < WRITE_EVERY_S:
            return
    write_down()


def write_down() -> None:
    """Add what has gathered to its days."""
    global _written_at
    with _lock:
        gathered, _written_at = dict(_waiting), clock.monotonic()
        _waiting.clear()
    try:
        for (day, step), times in gathered.items():
            _add(day, step, times)
    except PeeweeException as error:
        log.warning("page views were not counted: %s", error)


def counted(since: datetime, until: datetime) -> dict[str, int]:
    """By step, over the whole days from `since` to `until`."""
    first, last = since.date().isoformat(), until.date().isoformat()
    days = FunnelDay.select(FunnelDay.step, fn.SUM(FunnelDay.count)).where(FunnelDay.day.between(first, last))
    found: Any = days.group_by(FunnelDay.step).tuples()
    return {step: int(times) for step, times in found}


def _add(day: str, step: str, times: int) -> None:
    FunnelDay.insert(day=day, step=step, count=times).on_conflict(
        conflict_target=[FunnelDay.day, FunnelDay.step], update={FunnelDay.count: FunnelDay.count + times}
    ).execute()


atexit.register(write_down)
