"""How far an order has come, as its page shows it."""

from typing import NamedTuple

from webapp.models import Assignment, Order, Refund
from webapp.models.profiles import ENDED, IN_USE

REACHED = {
    "awaiting_payment": 0,
    "paid": 1,
    "submitting": 1,
    "unknown": 1,
    "accepted": 2,
    "ready": 3,
    "active": 4,
}
"""Steps done: paid, ordered, ready, installed, in use. A top-up has no step for installing."""

SECONDS = {"ready": 5, "active": 15, "failed": 5, "returned": 5, "expired": 15}
"""Between two looks of the page; 2 where nothing else is said."""


class Progress(NamedTuple):
    """`look_again_s` is None once nothing can change any more."""

    stage: str
    reached: int
    look_again_s: int | None


def progress(order: Order, plan: Assignment | None, refund: Refund | None) -> Progress:
    """`plan` is what the order has brought. Pure."""
    stage = order.stage
    used = plan is not None and (plan.starts_at is not None or plan.state in IN_USE | ENDED)
    reached = REACHED.get(stage, 0)
    if used and stage in {"ready", "active"}:
        reached = 4 if order.esim_id else 5
    seconds = 2 if order.is_admitted else SECONDS.get(stage, 2)
    return Progress(stage, reached, None if _is_final(stage, refund, used) else seconds)


def _is_final(stage: str, refund: Refund | None, used: bool) -> bool:
    if stage in {"failed", "returned"}:
        return refund is None or refund.state == "done"
    return stage == "active" and used
