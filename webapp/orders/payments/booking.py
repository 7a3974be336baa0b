"""A charge is booked once, and pays its order, or goes back at once."""

import logging
from datetime import datetime, timedelta
from typing import Any

from peewee import IntegrityError, fn

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.customers import notifications
from webapp.models import Order, Payment, is_reference
from webapp.models.db import locking, transaction
from webapp.orders import limits
from webapp.orders.payments import balance
from webapp.orders.payments.providers import Charge
from webapp.orders.payments.refunds import refund
from webapp.orders.payments.registry import PRICED_IN
from webapp.state import restoration, shop_time

log = logging.getLogger(__name__)


def confirm(charge: Charge, config: Config) -> bool:
    """Book a charge, once; False when it was booked before, or is another product's on this bot. One that
    pays nothing any more (a second charge) goes back at once; one that nobody can place waits for the owner.
    """
    if not is_reference(charge.reference):
        balance.look_soon()  # it is in the balance; the statement tells how much it was
        log.warning("a payment for something that this shop does not sell")
        return False
    with transaction():
        shop_time.follow(locked=True)
        order = locking(Order.select().where(Order.reference == charge.reference), "FOR UPDATE").first()
        if order is None or not _fits(order, charge):
            return set_aside(charge)
        payment = book(charge, order)
        if payment is None:
            return False
        crash_point("payment.booked")
        if not _pays(order, payment, config):
            refund(payment, "nothing to pay for")
        crash_point("payment.decided")
    return True


def set_aside(charge: Charge) -> bool:
    """Book it for the owner, who says whether it is served or given back (webapp/orders/unplaced.py). A
    mismatch alone is no reason to refund: perhaps our rows are wrong. False when it was booked before.
    """
    try:
        with transaction():
            payment = expect(charge.payer, charge.provider, charge.currency, charge.amount, None)
            told = {"charge_id": charge.charge_id, "confirmed_at": charge.at, "payload": charge.reference}
            payment.move("unplaced", actor=charge.provider, note="fits no order", **told)
    except IntegrityError:
        return False
    log.warning("a payment that nobody can place", extra={"order": charge.reference})
    return True


def _fits(order: Order, charge: Charge) -> bool:
    """Is it the charge that this order asks for? Whoever has deleted their data since gets it back."""
    payer = order.telegram_user_id
    return (payer == charge.payer or payer < 0) and (charge.currency, charge.amount) == (
        PRICED_IN,
        order.stars,
    )


def book(charge: Charge, order: Order | None) -> Payment | None:
    """None when this charge is booked already, perhaps in this very moment by somebody else.

    It was made after its order was placed, and not in the future, whatever Telegram's clock says.
    """
    at = min(charge.at if order is None else max(charge.at, order.created_at), clock.now())
    confirmed: dict[str, Any] = {"charge_id": charge.charge_id, "confirmed_at": at}
    try:
        with transaction():
            payment = _allowed(charge, order)
            if payment is None or not payment.move("confirmed", actor=charge.provider, **confirmed):
                payment = expect(charge.payer, charge.provider, charge.currency, charge.amount, order)
                payment.move("confirmed", actor=charge.provider, note="not asked before", **confirmed)
            return payment
    except IntegrityError:
        return None


def expect(payer: int, provider: str, currency: str, amount: int, order: Order | None) -> Payment:
    """A payment whose charge may come."""
    return Payment.create(
        order=order, telegram_user_id=payer, provider=provider, currency=currency, amount=amount
    )


def _allowed(charge: Charge, order: Order | None) -> Payment | None:
    """The row that was made when this charge was allowed."""
    if order is None:
        return None
    waiting = Payment.select().where(
        Payment.order == order,
        Payment.state == "created",
        Payment.telegram_user_id == charge.payer,
        Payment.provider == charge.provider,
        Payment.currency == charge.currency,
        Payment.amount == charge.amount,
    )
    oldest: Payment | None = waiting.order_by(Payment.id).first()
    return oldest


def received(order: Order) -> int:
    """What its owner has paid for it and not got back, in the smallest unit of what it is priced in."""
    theirs = Payment.select(fn.SUM(Payment.amount)).where(
        Payment.order == order,
        Payment.state == "confirmed",
        Payment.currency == PRICED_IN,
        Payment.telegram_user_id == order.telegram_user_id,
    )
    return int(theirs.scalar() or 0)


def _pays(order: Order, payment: Payment, config: Config) -> bool:
    """Is the order paid now? Its charges have to add up to its price, neither less nor more."""
    late = order.stage == "expired" and not order.is_admitted
    if received(order) != order.stars or order.stage not in {"awaiting_payment", "expired"}:
        return False
    from_before = payment.confirmed_at < restoration.past().began_at  # perhaps it was bought all the same
    if late and not from_before and catalogue.plan(order.plan_id) is None:
        order.move("failed", actor="payment", note="paid after expiry, plan is gone", failure="gone")
        notifications.enqueue(order, "failed")
        return False
    note = f"{payment.amount} {payment.currency}{', after expiry' if late else ''}"
    paid_at = payment.confirmed_at  # however late we hear of it, the deadline counts from the charge
    return mark_paid(order, paid_at, restoration.begins(paid_at), config, actor="payment", note=note)


def mark_paid(
    order: Order, paid_at: datetime, begins: datetime, config: Config, *, actor: str, note: str
) -> bool:
    """The time to deliver it counts from `begins`."""
    deadline = begins + timedelta(seconds=config.deadline_s)
    if not order.move("paid", actor=actor, note=note, paid_at=paid_at, deadline_at=deadline):
        return False
    restoration.heard_late(paid_at)
    limits.count(order)
    if deadline > clock.now():
        notifications.enqueue(order, "paid")
    return True
