"""While payment sheets are open, ask eSIM Go whether what they are for can be bought."""

from jobs.context import Context
from webapp.orders import quotes


def run(context: Context) -> None:
    quotes.check_due(context.esimgo, context.config)
