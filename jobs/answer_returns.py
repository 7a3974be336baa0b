"""Plans that are to be given back are revoked at the provider, where it allows that."""

from jobs.context import Context
from webapp import orders


def run(context: Context) -> None:
    orders.answer_returns(context.esimgo, context.leadership)
