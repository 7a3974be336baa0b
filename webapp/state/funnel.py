"""How many got how far on a day: counted, never who.

A page view must cost next to nothing, so counts are kept in memory and written down every few seconds. A
process that is killed loses the last few.
"""

import logging
import threading
from collections import Counter
from datetime import datetime
from typing import Any

from peewee import PeeweeException, fn

from webapp.base import clock
from webapp.models import FunnelDay

log = logging.getLogger(__name__)

STEPS = ("shop", "area", "plan")
"""The pages on the way to a purchase; what follows them are rows of their own."""
CHECKOUT = "checkout"
"""Orders that were begun: rows of their own, counted here once those that were never paid are purged."""
WRITE_EVERY_S = 5.0
"""Seconds between two writes, at least."""


class Funnel:
    """The counts of one process that are not in the database yet. Safe to share between threads.

    The first count is written at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._written_at: float | None = None

    def count(self, step: str) -> None:
        """One more. Never raises: what is counted goes on while the database is away."""
        with self._lock:
            self._waiting[clock.now().date().isoformat(), step] += 1
            if self._is_fresh():
                return
        self.write_down()

    def write_down(self) -> None:
        """Add what has gathered to its days. Called at the end of the process for the last few."""
        with self._lock:
            gathered, self._written_at = dict(self._waiting), clock.monotonic()
            self._waiting.clear()
        try:
            for (day, step), times in gathered.items():
                add(day, step, times)
        except PeeweeException as error:
            log.warning("page views were not counted: %s", error)

    def _is_fresh(self) -> bool:
        return self._written_at is not None and clock.monotonic() - self._written_at < WRITE_EVERY_S


def counted(since: datetime, until: datetime) -> dict[str, int]:
    """By step, over the whole days from `since` to `until`."""
    first, last = since.date().isoformat(), until.date().isoformat()
    days = FunnelDay.select(FunnelDay.step, fn.SUM(FunnelDay.count)).where(FunnelDay.day.between(first, last))
    found: Any = days.group_by(FunnelDay.step).tuples()
    return {step: int(times) for step, times in found}


def add(day: str, step: str, times: int) -> None:
    """So many more on `day` (as in FunnelDay)."""
    FunnelDay.insert(day=day, step=step, count=times).on_conflict(
        conflict_target=[FunnelDay.day, FunnelDay.step], update={FunnelDay.count: FunnelDay.count + times}
    ).execute()
