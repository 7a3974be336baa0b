"""The owner hears of trouble, and this process says that it is here."""

from jobs.context import Context
from webapp.operations import alerts, conditions
from webapp.state import processes


def run(context: Context) -> None:
    processes.still_here("jobs")
    conditions.evaluate(context.config, context.bot)
    alerts.send_pending(context.bot, context.config)
