"""What helps an order that does not get on, and what it costs.

Most of them help themselves: they are bought, found, or refunded by their deadline. What is here is for the
merchant who does not want to wait, or who knows more than eSIM Go's answers tell.
"""

from datetime import timedelta
from typing import NamedTuple

from peewee import ModelSelect

from webapp import orders
from webapp.base import clock, money
from webapp.base.config import Config
from webapp.models import Order, Payment, Refund, Submission
from webapp.operations.admin.audit import StaleState
from webapp.operations.admin.job_requests import enqueue
from webapp.orders.reconciling import LOOKS
from webapp.state import provider

WAITS_LONG = timedelta(minutes=5)

LOOK, AGAIN, REFUND, STOCK, RETURN = "look", "again", "refund", "stock", "return"


class Remedy(NamedTuple):
    """`action`: look again, order again, refund, refund and keep what comes for the next buyer, or return.

    Its cost: `stars` that go back, and `wholesale` (thousandths) that eSIM Go may take or has taken besides.
    """

    action: str
    stars: int = 0
    wholesale: int = 0

    @property
    def cost(self) -> str:
        """For the log."""
        return f"{self.stars} Stars back, wholesale {money.plain(self.wholesale)}"


def remedies(order: Order, config: Config) -> list[Remedy]:
    """What can be done for it now, what helps most first; nothing where nothing has to be done."""
    refund = Remedy(REFUND, stars=order.stars)
    look = Remedy(LOOK)
    if order.stage == "paid":
        return [look, refund]
    if order.stage == "unknown":
        bought_twice = Remedy(AGAIN, wholesale=order.wholesale)
        may_come = Remedy(STOCK, stars=order.stars, wholesale=order.wholesale)
        return [bought_twice, look, may_come] if _was_looked_for(order) else [look, may_come]
    if order.stage == "accepted":
        to_stock = Remedy(STOCK, stars=order.stars, wholesale=order.wholesale)
        return [to_stock, look] if clock.now() - order.paid_at > WAITS_LONG else [look, to_stock]
    if _open_refunds(order).exists():
        return [look]
    if order.stage in ("ready", "active") and orders.obstacle(order, config) is None:
        return [Remedy(RETURN, stars=order.stars)]
    return []


def version(order: Order) -> str:
    """What a page shows: its action is done only while the order still has this version."""
    return f"{order.stage}.{order.submission_id or 0}"


def act(order: Order, action: str, seen: str, who: int, config: Config) -> None:
    """Do it, in the name of `who`. Errors: StaleState when the order's version is not the one that was seen,
    or the action does not fit it (any more).
    """
    if version(order) != seen or action not in [remedy.action for remedy in remedies(order, config)]:
        raise StaleState
    actor = f"admin {who}"
    if action == LOOK:
        _look(order)
    elif action == AGAIN:
        _order_again(order, actor)
    elif action == RETURN:
        orders.request_return(order, config)
    elif not orders.fail(order, "owner", actor=actor):
        raise StaleState


def _look(order: Order) -> None:
    """At once, instead of when its turn comes."""
    now = clock.now()
    waiting = Refund.state.in_(("due", "stuck")) & Refund.id.in_(_open_refunds(order))
    Refund.update(next_try_at=now).where(waiting).execute()
    if order.stage == "paid":
        Order.update(next_try_at=None).where(Order.id == order.id, Order.stage == "paid").execute()
        provider.ask_for_balance()
    elif order.stage == "unknown":
        enqueue("reconcile_unknown")
    elif order.stage == "accepted":
        enqueue("collect_accepted")


def _order_again(order: Order, actor: str) -> None:
    """The merchant has seen in eSIM Go's portal that it is not there. If it is there all the same, it is
    found within a day, and is stock.
    """
    submission = Submission.get_by_id(order.submission_id)
    orders.requeue(order, submission, "absent", "the owner has not found it either", actor=actor)
    if order.fresh().stage != "paid":
        raise StaleState


def _was_looked_for(order: Order) -> bool:
    looked = (Submission.id == order.submission_id) & (Submission.looks >= LOOKS)
    return bool(Submission.select().where(looked).exists())


def _open_refunds(order: Order) -> "ModelSelect[Refund]":
    charges = Payment.select(Payment.id).where(Payment.order == order)
    return Refund.select(Refund.id).where(Refund.payment.in_(charges), Refund.done_at.is_null())
