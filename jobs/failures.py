"""Which jobs fail again and again, told to the owner by a thread that needs no job and no database."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.botapi import BotApi
from webapp.operations import watchdog
from webapp.operations.alarms import Alarms

AGAIN_AND_AGAIN = 3
LASTING_S = 20.0
SELDOM_S = 3600
"""A job that runs more seldom has failed for long when it fails once."""
CHECKS_EVERY_S = 10


@dataclass(frozen=True)
class _Failing:
    times: int
    since: float
    error: str


class Failures:
    """What became of the last runs, in memory. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failing: dict[str, _Failing] = {}

    def ended_well(self, job: str) -> None:
        with self._lock:
            self._failing.pop(job, None)

    def failed(self, job: str, error: Exception) -> None:
        with self._lock:
            before = self._failing.get(job, _Failing(0, clock.monotonic(), ""))
            self._failing[job] = _Failing(before.times + 1, before.since, type(error).__name__)

    def lasting(self, every_s: Mapping[str, float]) -> str:
        """In one line, those that have failed AGAIN_AND_AGAIN for LASTING_S; "" for none. `every_s`: by job,
        how often it runs.
        """
        now = clock.monotonic()
        with self._lock:
            lasting = {
                job: failing
                for job, failing in sorted(self._failing.items())
                if every_s.get(job, 0) >= SELDOM_S
                or (failing.times >= AGAIN_AND_AGAIN and now - failing.since >= LASTING_S)
            }
        return "; ".join(f"{job}: {failing.error}, {failing.times} times" for job, failing in lasting.items())


class Told:
    """Tells the owner of the failures of this process. For one thread."""

    def __init__(self, failures: Failures, every_s: Mapping[str, float], bot: BotApi, config: Config) -> None:
        self._failures, self._every_s = failures, every_s
        self._alarms = Alarms(bot, config)

    def tell(self) -> None:
        lasting = self._failures.lasting(self._every_s)
        self._alarms.compare({"jobs_failing": lasting} if lasting else {})


def watch(told: Told) -> None:
    """From a thread of its own, to the end of the process."""
    watchdog.repeat("job failures", told.tell, CHECKS_EVERY_S)
