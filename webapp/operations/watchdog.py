"""The web looks after the jobs process: when that is gone, nobody else is left to tell the owner."""

import logging
import threading

from peewee import PeeweeException

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.botapi import BotApi
from webapp.models import db
from webapp.operations import alerts
from webapp.operations.beginning import Beginning
from webapp.state import incidents, leases, shop_time
from webapp.state.shop_time import LeadersTime

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 15
MISSING_AFTER_S = 45
"""With the time between two looks this is a minute."""


def begin(config: Config) -> None:
    """Watch from a thread of its own, which ends with the process, and begin as the web process."""
    start = Beginning("web", config)
    start.go_on()
    bot = BotApi(
        config.telegram_bot_token, config.telegram_api_url, timeout=(3, 10), authorities=config.ca_file
    )
    threading.Thread(target=_watch, args=(config, bot, start), name="watchdog", daemon=True).start()


def _watch(config: Config, bot: BotApi, start: Beginning) -> None:
    leaders_time = LeadersTime()
    clock.sleep(MISSING_AFTER_S)  # the jobs process may be starting too
    while True:
        try:
            db.keep_connection()
            shop_time.follow()
            leaders_time.keep_up()
            check_jobs_process(config, bot)
            start.go_on()
        except PeeweeException as error:
            log.error("nobody can tell whether the jobs process runs: %s", error)
        clock.sleep(LOOKS_EVERY_S)


def check_jobs_process(config: Config, bot: BotApi) -> None:
    """Alert the owner when no jobs process leads. conditions.py closes the incident when one leads again."""
    if leases.seen_within(MISSING_AFTER_S):
        return
    incidents.open("jobs_missing", detail=f"none for {MISSING_AFTER_S} s: nothing is bought or refunded")
    alerts.send_pending(bot, config)
