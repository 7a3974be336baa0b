"""Active or refunded: an order that cannot be delivered ends, with its refund in the same transaction."""

from datetime import timedelta

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.customers import notifications
from webapp.models import Order, Submission
from webapp.models.db import transaction
from webapp.orders import limits, payments
from webapp.orders.capacity import LAST_CALL
from webapp.state import restoration

IN_HAND = timedelta(seconds=30)
"""So much earlier than promised: the job looks every 5 s, and a standby may first have to take over."""


def enforce_deadlines() -> int:
    """Active or refunded: what will not be delivered by its deadline fails before it, with its refund. Not
    while it may have been delivered without our knowing.
    """
    now = clock.now()
    decided = Order.paid_at >= restoration.past().kept_before
    too_late = ((Order.stage == "paid") & (Order.deadline_at <= now + LAST_CALL)) | (
        Order.stage.in_(["unknown", "accepted"]) & (Order.deadline_at <= now + IN_HAND)
    )
    return sum(fail(order, "deadline", actor="job") for order in Order.select().where(too_late, decided))


def fail(order: Order, failure: str, *, actor: str, note: str = "") -> bool:
    """End a paid order; its refund is in the same transaction."""
    with transaction():
        was_accepted = order.stage == "accepted"
        if not order.move("failed", actor=actor, note=note or failure, failure=failure):
            return False
        if was_accepted:
            _comes_late(order)
        limits.failed(order)
        payments.return_all(order, failure)
        notifications.enqueue(order, "failed")
    crash_point("order.failed")
    return True


def _comes_late(order: Order) -> None:
    """It was bought and has not come yet: when it comes, the next buyer gets it (surplus.py)."""
    bought = (Submission.id == order.submission_id) & (Submission.outcome == "bought")
    Submission.update(outcome="late").where(bought).execute()
