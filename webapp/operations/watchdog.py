"""The web looks after the database and the jobs process: when those are gone, nobody else tells the owner.

Each of its threads does one thing, so that a database that hangs keeps nobody from telling of it.
"""

import logging
import socket
import threading
from collections.abc import Callable

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.botapi import BotApi
from webapp.models import db
from webapp.operations import alerts
from webapp.operations.alarms import Alarms
from webapp.operations.beginning import Beginning
from webapp.operations.readiness import LOOKS_EVERY_S, Readiness
from webapp.state import incidents, leases, shop_time
from webapp.state.funnel import Funnel
from webapp.state.shop_time import LeadersTime

log = logging.getLogger(__name__)

CHECKS_EVERY_S = 15
MISSING_AFTER_S = 45
"""With the time between two looks this is a minute."""
TOLD_AFTER_S = 20
"""A database that is started again is not told of."""
COUNTS_EVERY_S = 5
DAMAGE_EVERY_S = 20
DAMAGE_SHARE = 0.02
"""Of the time, at most, that is spent reading a large database for damage."""


def begin(config: Config, readiness: Readiness, funnel: Funnel) -> None:
    """Watch from threads that end with the process, and begin as the web process."""
    start = Beginning("web", config)
    start.go_on()
    bot = BotApi(
        config.telegram_bot_token, config.telegram_api_url, timeout=(3, 10), authorities=config.ca_file
    )
    watch = Watch(bot, config, readiness, start)
    repeat("readiness", readiness.look, LOOKS_EVERY_S)
    repeat("damage", readiness.look_for_damage, DAMAGE_EVERY_S, DAMAGE_SHARE)
    repeat("alarms", watch.tell, LOOKS_EVERY_S)
    repeat("watchdog", watch.check, CHECKS_EVERY_S)
    repeat("page counts", funnel.write_down, COUNTS_EVERY_S)


def repeat(name: str, work: Callable[[], object], every_s: float, share: float = 1) -> None:
    """Forever, in a thread; `share`: of the time that it may take."""

    def run() -> None:
        while True:
            began = clock.monotonic()
            try:
                work()
            except Exception as error:  # tomorrow it may work
                log.error("%s: %s: %s", name, type(error).__name__, error)
            clock.sleep(max(every_s, (clock.monotonic() - began) * (1 / share - 1)))

    threading.Thread(target=run, name=name, daemon=True).start()


class Watch:
    """What the web process tells the owner by itself."""

    def __init__(self, bot: BotApi, config: Config, readiness: Readiness, start: Beginning) -> None:
        self._bot, self._config, self._readiness, self._start = bot, config, readiness, start
        self._alarms = Alarms(bot, config)
        self._leaders_time = LeadersTime()
        self._began = clock.monotonic()
        self._worked_at = clock.monotonic()

    def tell(self) -> None:
        """Alert the owner of a database that does not work, and of its end. Asks the database nothing."""
        trouble, now = self._readiness.trouble(), clock.monotonic()
        if not trouble:
            self._worked_at = now
        is_long = now - self._worked_at >= TOLD_AFTER_S
        self._alarms.compare({"database_failing": _line(trouble)} if trouble and is_long else {})

    def check(self) -> None:
        """Alert the owner when no jobs process leads; a database that does not work is told of by `tell`."""
        if clock.monotonic() - self._began < MISSING_AFTER_S or self._readiness.trouble():
            return  # the jobs process may be starting too
        db.keep_connection()
        shop_time.follow()
        self._leaders_time.keep_up()
        check_jobs_process(self._config, self._bot)
        self._start.go_on()


def _line(trouble: str) -> str:
    """From which machine, in one line."""
    return f"{socket.gethostname()}: {' '.join(trouble.split())[:300]}"


def check_jobs_process(config: Config, bot: BotApi) -> None:
    """Alert the owner when no jobs process leads. conditions.py closes the incident when one leads again."""
    if leases.seen_within(MISSING_AFTER_S):
        return
    incidents.open("jobs_missing", detail=f"none for {MISSING_AFTER_S} s: nothing is bought or refunded")
    alerts.send_pending(bot, config)
