"""How many Stars the bot has, which refunds are paid from."""

import logging

from jobs.context import Context
from webapp.orders import payments
from webapp.orders.payments import ProviderError

log = logging.getLogger("jobs")


def run(context: Context) -> None:
    try:
        payments.look_at_balance(context.bot)
    except ProviderError as error:
        log.warning("Telegram: %s", error, extra={"job": "star_balance"})
