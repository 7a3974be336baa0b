"""Which means of payment there are."""

from collections.abc import Callable

from webapp.clients.telegram.botapi import BotApi
from webapp.orders.payments.means import Means
from webapp.orders.payments.stars import Stars

TILLS: dict[str, Callable[[BotApi], Means]] = {"stars": Stars}
PRICED_IN = "XTR"
"""The currency of Order.stars."""


def till(name: str, bot: BotApi) -> Means:
    return TILLS[name](bot)
