"""Which means of payment there are."""

from collections.abc import Callable

from webapp.payments.means import Means
from webapp.payments.stars import Stars
from webapp.telegram.botapi import BotApi

TILLS: dict[str, Callable[[BotApi], Means]] = {"stars": Stars}
PRICED_IN = "XTR"
"""The currency of Order.stars."""


def till(name: str, bot: BotApi) -> Means:
    return TILLS[name](bot)
