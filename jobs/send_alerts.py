"""The owner hears of trouble."""

from jobs.context import Context
from webapp.operations import alerts, conditions


def run(context: Context) -> None:
    conditions.evaluate(context.config, context.bot)
    alerts.send_pending(context.bot, context.config)
