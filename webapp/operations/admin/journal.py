"""Everything that happened to one order, its money and its way back, in one line of time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from webapp.models import (
    Order,
    OrderEvent,
    Payment,
    PaymentEvent,
    Refund,
    RefundEvent,
    ReturnEvent,
    ReturnRequest,
)


class Entry(NamedTuple):
    """`about`: order, payment, refund or return."""

    at: datetime
    about: str
    before: str
    after: str
    actor: str
    note: str


def journal(order: Order) -> list[Entry]:
    """The oldest first."""
    payments = Payment.select(Payment.id).where(Payment.order == order)
    refunds = Refund.select(Refund.id).where(Refund.payment.in_(payments))
    requests = ReturnRequest.select(ReturnRequest.id).where(ReturnRequest.order == order)
    entries = [
        *(
            Entry(e.at, "order", e.from_stage, e.to_stage, e.actor, e.note)
            for e in OrderEvent.select().where(OrderEvent.order == order)
        ),
        *_told("payment", PaymentEvent.select().where(PaymentEvent.payment.in_(payments))),
        *_told("refund", RefundEvent.select().where(RefundEvent.refund.in_(refunds))),
        *_told("return", ReturnEvent.select().where(ReturnEvent.request.in_(requests))),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _told(about: str, events: Iterable[Any]) -> list[Entry]:
    return [Entry(e.at, about, e.from_state, e.to_state, e.actor, e.note) for e in events]
