"""The owner hears of trouble."""

from jobs.context import Context
from webapp import alerts, watch


def run(context: Context) -> None:
    watch.look(context.config, context.bot)
    alerts.tell(context.bot, context.config)
