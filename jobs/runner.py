"""One run of one job: connection, leadership, log; an exception stays inside."""

import logging
import os
import signal
import threading
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, ModuleType

from apscheduler.schedulers.base import BaseScheduler
from peewee import PeeweeException

from jobs import metrics
from jobs.context import Context
from webapp.base import clock, crash_points
from webapp.clients.esimgo.errors import EsimGoError
from webapp.models import db
from webapp.state import leases, shop_time
from webapp.state.leases import Leadership

log = logging.getLogger("jobs")

BEAT_S = 0.5


def run(job: ModuleType, context: Context, alone: bool = True) -> bool:
    """Run it; True when it ended well. `alone`: never twice at once (the clock and a person may both ask)."""
    name = job.__name__.removeprefix("jobs.")
    ended_well = _run(job, name, context, context.locks.of(name) if alone else nullcontext())
    metrics.ran(name, ended_well)
    return ended_well


def _run(job: ModuleType, name: str, context: Context, turn: AbstractContextManager[object]) -> bool:
    try:
        with turn, crash_points.armed(context.config.kill_at):
            db.keep_connection()
            job.run(context)
        context.failures.ended_well(name)
    except EsimGoError as error:
        log.warning("eSIM Go: %s", error, extra={"job": name})
        return False
    except Exception as error:
        if trouble := db.trouble(error):
            log.error("the database is %s: %s", trouble, error, extra={"job": name})
        else:
            log.exception("failed", extra={"job": name})
            context.failures.failed(name, error)
        return False
    return True


class Heartbeat(threading.Thread):
    """Renews the lease from a thread of its own, so that no slow job lets it run out.

    When somebody else leads, this process ends at once: what it had begun is looked up by the new leader.
    """

    def __init__(self, leadership: Leadership, ttl_s: float) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._leadership = leadership
        self._ttl_s = ttl_s
        self._ended = threading.Event()

    def run(self) -> None:
        renewed_at = clock.monotonic()
        while not self._ended.wait(min(BEAT_S, self._ttl_s / 6)):
            try:
                db.keep_connection()
                shop_time.follow()
                lost = not leases.keep(self._leadership, self._ttl_s)
            except PeeweeException as error:
                log.error("the lease could not be renewed: %s", error)
                lost = clock.monotonic() - renewed_at > self._ttl_s
            else:
                renewed_at = clock.monotonic()
            if lost:
                log.error("the lease is lost")
                os._exit(1)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def stop_on_sigterm() -> None:
    """SIGTERM ends the process like Ctrl-C: the lease is released on the way out."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def stop_when_told(scheduler: BaseScheduler) -> None:
    """From here on SIGTERM and Ctrl-C end the scheduler from a thread. An exception in the middle of handing
    out a job would be taken for that job's own, logged, and the process would go on for ever.
    """

    def stop() -> None:
        while not scheduler.running:  # it is just beginning
            clock.sleep(0.05)
        scheduler.shutdown(wait=False)

    def told(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=stop, name="stop", daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
