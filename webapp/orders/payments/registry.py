"""The payment providers that there are."""

from collections.abc import Callable

from webapp.clients.telegram.botapi import BotApi
from webapp.orders.payments.providers import PaymentProvider
from webapp.orders.payments.stars import Stars

PROVIDERS: dict[str, Callable[[BotApi], PaymentProvider]] = {"stars": Stars}
PRICED_IN = "XTR"
"""The currency of Order.stars."""


def provider_for(name: str, bot: BotApi) -> PaymentProvider:
    return PROVIDERS[name](bot)
