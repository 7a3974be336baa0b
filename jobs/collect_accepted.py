"""Orders that eSIM Go has taken but not finished: fetch the install data when it is there."""

from jobs.context import Context
from webapp import orders


def run(context: Context) -> None:
    orders.collect(context.esimgo)
    orders.collect_late(context.esimgo)
    orders.take_in(context.esimgo)
