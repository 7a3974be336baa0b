"""Papers that are asked for: they are made and sent by the jobs process, into the chat."""

from webapp.books import purchases
from webapp.customers import notifications
from webapp.models import Customer, Order


def ask_for_receipt(customer: Customer, order: Order) -> bool:
    """False for an order that was never paid: there is nothing to confirm."""
    if purchases.of_order(order) is None:
        return False
    notifications.request(customer, "receipt", order)
    return True


def ask_for_history(customer: Customer) -> bool:
    """False when nothing was ever paid for."""
    if not purchases.of_customer(customer, limit=1):
        return False
    notifications.request(customer, "history")
    return True
