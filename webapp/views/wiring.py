"""What lives as long as one application: create_app makes it, and views ask for it with `shop()`.

Modules remember nothing. What is worth remembering between two requests (pages, counts, answers of slow pure
functions), and what the threads of a process share, lies here: a second application begins with nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from flask import current_app

from webapp.base import qr
from webapp.base.config import Config
from webapp.catalogue import Search
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.initdata import Checker
from webapp.operations.readiness import Readiness
from webapp.orders import payments, quotes
from webapp.orders.places import Places
from webapp.state import outages
from webapp.state.funnel import Funnel
from webapp.state.outages import State
from webapp.views import devices
from webapp.views.devices import Device
from webapp.views.limits import Limits
from webapp.views.response_cache import ResponseCache, TtlValue

STATE_TTL_S = 0.1
"""By so much a new price or a notice may be late on a page that is cached. What is bought is checked anew."""


@dataclass(frozen=True)
class Shop:
    """`state`: of the shop, a moment old at most. `pages`: answers for everybody; `polls`: for one person.
    `verdict_waits` and `invoice_waits`: places for requests that wait for the jobs process and for Telegram.
    """

    config: Config
    bot: BotApi
    limits: Limits
    state: TtlValue[State]
    initdata: Checker
    readiness: Readiness
    pages: ResponseCache = field(default_factory=ResponseCache)
    polls: ResponseCache = field(default_factory=ResponseCache)
    funnel: Funnel = field(default_factory=Funnel)
    search: Search = field(default_factory=Search)
    device: Callable[[str], Device] = field(default_factory=lambda: lru_cache(maxsize=1024)(devices.device))
    qr_uri: Callable[[str], str] = field(default_factory=lambda: lru_cache(maxsize=256)(qr.data_uri))
    verdict_waits: Places = field(default_factory=lambda: Places(quotes.WAIT_AT_ONCE))
    invoice_waits: Places = field(default_factory=lambda: Places(payments.ASK_AT_ONCE))


def made(config: Config) -> Shop:
    """For one application with these settings. Nobody outside is asked yet."""
    bot = BotApi(config.telegram_bot_token, config.telegram_api_url, authorities=config.ca_file)
    state = TtlValue(lambda: outages.state(config.catalogue_ttl_s), STATE_TTL_S)
    checker, readiness = Checker(config.telegram_bot_token), Readiness(config.lease_s)
    return Shop(config, bot, Limits(config), state, checker, readiness)


def shop() -> Shop:
    wired: Shop = current_app.extensions["shop"]
    return wired
