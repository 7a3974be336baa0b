"""Paid orders are bought at eSIM Go, one at a time, at the pace that the provider asks for."""

from jobs.context import Context
from webapp import orders
from webapp.base import clock

AT_A_STRETCH_S = 5


def run(context: Context) -> None:
    """Until nobody is next in line or the pace says wait; not for ever, because others want their turn."""
    until = clock.monotonic() + AT_A_STRETCH_S
    while clock.monotonic() < until:
        if orders.submit_next(context.esimgo, context.leadership, context.config) is None:
            return
