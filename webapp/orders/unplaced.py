"""Charges that nobody can place: the invoice was ours, and no order of ours fits.

Its order is gone (the database was brought back from a copy), or the payer or the amount is another, or it is
so old that the shop does not act on it by itself. Each waits for the owner, who serves it or gives it back.
"""

from peewee import fn

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Order, Payment
from webapp.models.db import locking, transaction
from webapp.orders.payments import refund
from webapp.orders.payments.booking import mark_paid
from webapp.orders.payments.registry import PRICED_IN
from webapp.state import restoration

UNPLACED = "unplaced"
"""The state of such a payment."""


def charges(limit: int = 1000) -> list[Payment]:
    """The oldest first; `payload` is the reference that each invoice carried."""
    waiting = Payment.select().where(Payment.state == UNPLACED)
    return list(waiting.order_by(Payment.confirmed_at, Payment.id).limit(limit))


def charge_with(charge_id: str) -> Payment | None:
    found: Payment | None = Payment.get_or_none(Payment.charge_id == charge_id, Payment.state == UNPLACED)
    return found


def sums() -> tuple[int, int]:
    """How many there are, and how much that is."""
    both = Payment.select(fn.COUNT(Payment.id), fn.SUM(Payment.amount)).where(Payment.state == UNPLACED)
    count, amount = both.tuples()[0]
    return int(count), int(amount or 0)


def order_for(charge: Payment, reference: str = "") -> Order | None:
    """The order that the charge could pay for: the one with this reference or, without, the one that its
    invoice named. None when there is none, when it is paid or over, costs something else, belongs to somebody
    who has deleted their data, or its plan is not sold any more.
    """
    order = Order.get_or_none(Order.reference == (reference or charge.payload))
    return order if order is not None and _can_pay(charge, order) else None


def serve(charge: Payment, order: Order, config: Config, actor: str) -> bool:
    """From now on the charge pays for this order, and the time to deliver it begins. False when one of them
    is not as it was. What was paid for before the shop was brought back from a copy is looked up at eSIM Go
    first.
    """
    with transaction():
        order = locking(Order.select().where(Order.id == order.id), "FOR UPDATE").get()
        now = clock.now()
        is_doubtful = charge.confirmed_at < restoration.known_since()
        if not _can_pay(charge, order):
            return False
        note = f"serves {order.reference}"
        if not charge.move("confirmed", actor=actor, note=note, order=order):
            return False
        paid_at = charge.confirmed_at if is_doubtful else now
        paid = f"{charge.amount} {charge.currency}"
        return mark_paid(order, paid_at, now, config, actor=actor, note=paid)


def give_back(charge: Payment) -> bool:
    """All of it; False when it does not wait any more."""
    with transaction():
        return charge.state == UNPLACED and refund(charge, "owner")


def _can_pay(charge: Payment, order: Order) -> bool:
    waits = order.stage in {"awaiting_payment", "expired"} and order.telegram_user_id > 0
    fits = (charge.state, charge.currency, charge.amount) == (UNPLACED, PRICED_IN, order.stars)
    return waits and fits and catalogue.plan(order.plan_id) is not None
