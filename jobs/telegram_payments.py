"""Telegram's own list of charges and refunds against ours, both ways."""

import logging

from jobs.context import Context
from webapp.orders import payments
from webapp.orders.payments import ProviderError

log = logging.getLogger("jobs")


def run(context: Context) -> None:
    try:
        payments.reconcile(context.bot, context.config)
    except ProviderError as error:
        log.warning("Telegram: %s", error, extra={"job": "telegram_payments"})
