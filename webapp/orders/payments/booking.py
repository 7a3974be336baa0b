"""A charge is booked once, and pays its order, or goes back at once."""

import logging
from datetime import timedelta
from typing import Any

from peewee import IntegrityError, fn

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.customers import notifications
from webapp.models import Order, Payment
from webapp.models.db import locking, transaction
from webapp.orders import limits
from webapp.orders.payments.providers import Charge
from webapp.orders.payments.refunds import refund
from webapp.orders.payments.registry import PRICED_IN
from webapp.state import restoration, shop_time

log = logging.getLogger(__name__)


def confirm(charge: Charge, config: Config) -> bool:
    """Book a charge, once; False when it was booked before. What it cannot pay for (a second charge, a
    foreign order) goes back at once.
    """
    with transaction():
        shop_time.follow(locked=True)
        order = locking(Order.select().where(Order.reference == charge.reference), "FOR UPDATE").first()
        payment = book(charge, order)
        if payment is None:
            return False
        crash_point("payment.booked")
        if order is None or not _pays(order, payment, config):
            refund(payment, "nothing to pay for")
        crash_point("payment.decided")
    return True


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
    theirs = (payment.telegram_user_id, payment.currency) == (order.telegram_user_id, PRICED_IN)
    if not theirs or received(order) != order.stars or order.stage not in {"awaiting_payment", "expired"}:
        return False
    if late and catalogue.plan(order.plan_id) is None:
        order.move("failed", actor="payment", note="paid after expiry, plan is gone", failure="gone")
        notifications.enqueue(order, "failed")
        return False
    return _mark_paid(order, payment, config, ", after expiry" if late else "")


def _mark_paid(order: Order, payment: Payment, config: Config, note: str) -> bool:
    """The deadline counts from the charge, however late we hear of it."""
    paid_at = payment.confirmed_at
    deadline = restoration.begins(paid_at) + timedelta(seconds=config.deadline_s)
    note = f"{payment.amount} {payment.currency}{note}"
    if not order.move("paid", actor="payment", note=note, paid_at=paid_at, deadline_at=deadline):
        return False
    limits.count(order)
    if deadline > clock.now():
        notifications.enqueue(order, "paid")
    return True
