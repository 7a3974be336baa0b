"""What a customer has bought, with the charge that paid for it and its way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.models import Customer, Order, Payment, Refund


@dataclass(frozen=True)
class Purchase:
    """`payment` is the charge that paid for the order; a second charge on it was given back at once."""

    order: Order
    payment: Payment
    refund: Refund | None

    @property
    def stars(self) -> int:
        amount: int = self.payment.amount
        return amount


def of_customer(customer: Customer, limit: int = 1000) -> list[Purchase]:
    """Everything that was paid for, the newest first: two queries, however many they are."""
    paid = Order.select().where(
        Order.telegram_user_id == customer.telegram_user_id, Order.paid_at.is_null(False)
    )
    return _with_money(list(paid.order_by(Order.paid_at.desc(), Order.id.desc()).limit(limit)))


def of_order(order: Order) -> Purchase | None:
    """None while it is not paid for."""
    return next(iter(_with_money([order])), None)


def _with_money(orders: Sequence[Order]) -> list[Purchase]:
    mine = [order.id for order in orders] or [0]
    charged = Payment.charge_id.is_null(False)
    payments = Payment.select(Payment, Order).join(Order).where(Order.id.in_(mine), charged)
    newest_first = payments.order_by(Payment.id.desc())
    first = {payment.order.id: payment for payment in newest_first if payment.order is not None}
    refunds = Refund.select(Refund, Payment).join(Payment).where(Payment.order.in_(mine))
    by_payment = {refund.payment.id: refund for refund in refunds}
    return [
        Purchase(order, first[order.id], by_payment.get(first[order.id].id))
        for order in orders
        if order.id in first
    ]
