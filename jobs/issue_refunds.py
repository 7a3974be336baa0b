"""Stars that are due go back."""

from jobs.context import Context
from webapp.orders import payments


def run(context: Context) -> None:
    payments.issue_refunds(context.bot, context.leadership)
