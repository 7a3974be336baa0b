"""Paid orders are bought at eSIM Go, one at a time, at the pace that the provider asks for."""

from jobs.context import Context
from webapp import orders
from webapp.base import clock


def run(context: Context) -> None:
    """As long as somebody is in line, and this process leads: no tick of a timer comes between two orders."""
    while (due_in_s := orders.due_in(context.config)) is not None:
        clock.sleep(due_in_s)
        if orders.submit_next(context.esimgo, context.leadership, context.config) is None:
            return
