"""Is our clock right? eSIM Go and Telegram date their answers. How late it is, is noted for the next boot."""

from contextlib import suppress
from datetime import datetime

from jobs.context import Context
from webapp.clients.esimgo.errors import EsimGoError
from webapp.clients.http import Heard
from webapp.clients.telegram.errors import TelegramError
from webapp.state import shop_time
from webapp.state.outside_time import Source


def run(context: Context) -> None:
    esimgo, bot = context.esimgo, context.bot

    def ask_esimgo() -> None:
        with suppress(EsimGoError):
            esimgo.organisation()

    def ask_telegram() -> None:
        with suppress(TelegramError):
            bot.get_me()

    context.time.look(
        (
            Source("eSIM Go", lambda: _told(esimgo.heard), ask_esimgo),
            Source("Telegram", lambda: _told(bot.heard), ask_telegram),
        )
    )
    shop_time.reach()


def _told(heard: Heard | None) -> tuple[datetime, float] | None:
    return None if heard is None else (heard.zero, heard.at_s)
