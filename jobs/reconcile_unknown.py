"""Orders whose outcome is unclear are looked up; what an earlier leader left is taken over first."""

from jobs.context import Context
from webapp import orders
from webapp.orders import reconciling


def run(context: Context) -> None:
    orders.take_over(context.leadership)
    reconciling.reconcile(context.esimgo, context.config)
