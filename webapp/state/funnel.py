"""How many got how far on a day: counted, never who.

A page view must cost next to nothing and wait for no write, so counts are kept in memory and written down
every few seconds by a thread (webapp/operations/watchdog.py). A process that is killed loses the last few.
"""

import logging
import threading
from collections import Counter
from datetime import datetime
from typing import Any

from peewee import PeeweeException, fn

from webapp.base import clock
from webapp.models import FunnelDay
from webapp.models.db import transaction

log = logging.getLogger(__name__)

STEPS = ("shop", "area", "plan")
"""The pages on the way to a purchase; what follows them are rows of their own."""
CHECKOUT = "checkout"
"""Orders that were begun: rows of their own, counted here once those that were never paid are purged."""


class Funnel:
    """The counts of one process that are not in the database yet. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[tuple[str, str]] = Counter()

    def count(self, step: str) -> None:
        """One more; the database is not asked."""
        with self._lock:
            self._waiting[clock.now().date().isoformat(), step] += 1

    def write_down(self) -> None:
        """Add what has gathered to its days. What cannot be written is written next time."""
        with self._lock:
            gathered = Counter(self._waiting)
            self._waiting.clear()
        if not gathered:
            return
        try:
            with transaction():
                for (day, step), times in gathered.items():
                    add(day, step, times)
        except PeeweeException as error:
            log.warning("page views are not written down yet: %s", error)
            with self._lock:
                self._waiting.update(gathered)


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
