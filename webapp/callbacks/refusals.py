"""How many callbacks were refused on a day, so that a wrong set-up is noticed.

Anybody can knock, so a refusal must cost next to nothing: it is counted in memory and written down every few
seconds. The last few of a flood may be missing.
"""

import logging
import threading
from collections import Counter
from datetime import timedelta

from peewee import PeeweeException

from webapp import clock
from webapp.models import FunnelDay

log = logging.getLogger(__name__)

WRITE_EVERY_S = 5.0
LATELY = timedelta(days=7)
REASONS = ("unsigned", "forged")

_lock = threading.Lock()
_waiting: Counter[str] = Counter()
_written_at = float("-inf")


def count(reason: str) -> None:
    """One more was refused. Never raises: a refusal stays one while the database is away."""
    global _written_at
    with _lock:
        _waiting[reason] += 1
        if clock.monotonic() - _written_at < WRITE_EVERY_S:
            return
        counted, _written_at = dict(_waiting), clock.monotonic()
        _waiting.clear()
    try:
        for each, times in counted.items():
            _add(each, times)
    except PeeweeException as error:
        log.warning("refused callbacks were not counted: %s", error)


def lately(reason: str) -> int:
    """At least so many in the last seven days."""
    since = (clock.now() - LATELY).date().isoformat()
    days = FunnelDay.select().where(FunnelDay.step == _step(reason), FunnelDay.day > since)
    return sum(day.count for day in days)


def _add(reason: str, times: int) -> None:
    FunnelDay.insert(day=clock.now().date().isoformat(), step=_step(reason), count=times).on_conflict(
        conflict_target=[FunnelDay.day, FunnelDay.step], update={FunnelDay.count: FunnelDay.count + times}
    ).execute()


def _step(reason: str) -> str:
    return f"callback_{reason}"
