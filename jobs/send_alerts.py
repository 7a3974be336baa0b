"""The owner hears of trouble."""

from jobs.context import Context
from webapp.operations import alerts, conditions


def run(context: Context) -> None:
    conditions.look(context.config, context.bot)
    alerts.tell(context.bot, context.config)
