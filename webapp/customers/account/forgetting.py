"""Delete my data. What the law makes a seller keep (orders, payments, refunds, the journal) stays, but nobody
is behind it any more: the customer's row and orders carry a number that leads to no person. Only the payment
keeps Telegram's number of the payer, as Telegram's own books do. What counts against somebody (AbuseCounter)
stays as well, under a digest of their number: limits and holds wait for whoever comes back.
"""

from datetime import datetime

from webapp.base import clock
from webapp.models import (
    OPEN_STAGES,
    AbuseCounter,
    Customer,
    EmailAddress,
    IdempotencyKey,
    NameKey,
    Notification,
    Order,
    Payment,
    Refund,
    ReturnRequest,
)
from webapp.models.abuse_counters import FORGOTTEN, digests
from webapp.models.db import locking, transaction
from webapp.state import restoration


def obstacle(customer: Customer) -> str | None:
    """Why it cannot be done now: "order" (one is under way), "refund" (money is), or None. Both end."""
    mine = Order.customer == customer
    if Order.select().where(mine, Order.stage.in_(OPEN_STAGES) | Order.admitted()).exists():
        return "order"
    asked = ReturnRequest.select().join(Order).where(mine, ReturnRequest.state.in_(("asked", "revoking")))
    if asked.exists():
        return "refund"
    due = Refund.select().join(Payment).join(Order).where(mine, Refund.state != "done")
    return "refund" if due.exists() else None


def forget(customer: Customer, at: datetime | None = None) -> bool:
    """Once, and for good; False when something stands in the way. Whoever comes back is a new customer. `at`:
    when it was done in a life of which this database does not know.
    """
    with transaction():
        theirs = Order.select().where(Order.customer == customer).order_by(Order.id)
        list(locking(theirs, "FOR UPDATE"))  # a payment that is being booked comes before, and is an obstacle
        list(locking(Customer.select().where(Customer.id == customer.id), "FOR UPDATE"))  # so does an order
        if obstacle(customer) is not None:
            return False
        for order in Order.select().where(Order.customer == customer, Order.stage == "awaiting_payment"):
            order.move("expired", actor="customer", note="their data is being deleted")
        for table in (Notification, EmailAddress, IdempotencyKey, NameKey):
            table.delete().where(table.customer == customer).execute()
        AbuseCounter.update(customer=None).where(AbuseCounter.customer == customer).execute()
        AbuseCounter.note_forgotten(digests()(FORGOTTEN, customer.telegram_user_id), at or clock.now())
        restoration.forget_more()
        nobody = -customer.id
        Order.update(telegram_user_id=nobody, invoice_url=None).where(Order.customer == customer).execute()
        _empty(customer, nobody)
    return True


def _empty(customer: Customer, nobody: int) -> None:
    nothing = {
        "telegram_user_id": nobody,
        "first_name": "",
        "language_chosen": False,
        "may_write": False,
        "blocked_at": None,
        "muted": "",
        "deleted_at": clock.now(),
    }
    Customer.update(nothing).where(Customer.id == customer.id).execute()
