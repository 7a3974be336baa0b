"""The owner hears of trouble, and this process says that it is here."""

from jobs.context import Context
from webapp.operations import alerts, conditions


def run(context: Context) -> None:
    if context.time.has_looked:  # by a wrong clock every order is late
        conditions.evaluate(context.config, context.bot)
    alerts.send_pending(context.bot, context.config)
    if context.start is not None:
        context.start.go_on()
