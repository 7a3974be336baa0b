"""Paid orders are bought at eSIM Go, one at a time, at the pace that the provider asks for."""

from jobs.context import Context
from webapp import orders
from webapp.base import clock

AT_A_STRETCH_S = 30


def run(context: Context) -> None:
    """While somebody is in line and this process leads. Not for ever, because others may want this job run;
    but no tick of a timer comes between two orders that are both due.
    """
    until = clock.monotonic() + AT_A_STRETCH_S
    while (due_in_s := orders.due_in(context.config)) is not None:
        if clock.monotonic() > until and due_in_s > context.config.esimgo_order_interval_s / 2:
            return
        clock.sleep(due_in_s)
        if orders.submit_next(context.esimgo, context.leadership, context.config) is None:
            return
