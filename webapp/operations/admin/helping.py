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
from webapp.operations.admin.audit import Overtaken
from webapp.operations.admin.job_requests import ask
from webapp.orders.reconciling import LOOKS
from webapp.state import outages

WAITS_LONG = timedelta(minutes=5)

LOOK, AGAIN, REFUND, STOCK, GIVE_BACK = "look", "again", "refund", "stock", "give_back"


class Way(NamedTuple):
    """`deed`: look again, order again, refund, refund and hand to stock what comes, or give back.

    Its cost: `stars` that go back, and `wholesale` (thousandths) that eSIM Go may take or has taken besides.
    """

    deed: str
    stars: int = 0
    wholesale: int = 0

    @property
    def cost(self) -> str:
        """For the log."""
        return f"{self.stars} Stars back, wholesale {money.plain(self.wholesale)}"


def ways(order: Order, config: Config) -> list[Way]:
    """What can be done for it now, what helps most first; nothing where nothing has to be done."""
    refund = Way(REFUND, stars=order.stars)
    look = Way(LOOK)
    if order.stage == "paid":
        return [look, refund]
    if order.stage == "unknown":
        bought_twice = Way(AGAIN, wholesale=order.wholesale)
        may_come = Way(STOCK, stars=order.stars, wholesale=order.wholesale)
        return [bought_twice, look, may_come] if _was_looked_for(order) else [look, may_come]
    if order.stage == "accepted":
        to_stock = Way(STOCK, stars=order.stars, wholesale=order.wholesale)
        return [to_stock, look] if clock.now() - order.paid_at > WAITS_LONG else [look, to_stock]
    if _open_refunds(order).exists():
        return [look]
    if order.stage in ("ready", "active") and orders.obstacle(order, config) is None:
        return [Way(GIVE_BACK, stars=order.stars)]
    return []


def seen(order: Order) -> str:
    """What the merchant has before them: a deed is done only while that is so."""
    return f"{order.stage}.{order.submission_id or 0}"


def act(order: Order, deed: str, saw: str, who: int, config: Config) -> None:
    """Do it, in the name of `who`. Errors: Overtaken when the order is not as it was seen, or the deed does
    not fit it (any more).
    """
    if seen(order) != saw or deed not in [way.deed for way in ways(order, config)]:
        raise Overtaken
    actor = f"admin {who}"
    if deed == LOOK:
        _look(order)
    elif deed == AGAIN:
        _order_again(order, actor)
    elif deed == GIVE_BACK:
        orders.ask(order, config)
    elif not orders.fail(order, "owner", actor=actor):
        raise Overtaken


def _look(order: Order) -> None:
    """At once, instead of when its turn comes."""
    now = clock.now()
    waiting = Refund.state.in_(("due", "stuck")) & Refund.id.in_(_open_refunds(order))
    Refund.update(next_try_at=now).where(waiting).execute()
    if order.stage == "paid":
        Order.update(next_try_at=None).where(Order.id == order.id, Order.stage == "paid").execute()
        outages.ask_for_balance()
    elif order.stage == "unknown":
        ask("reconcile_unknown")
    elif order.stage == "accepted":
        ask("collect_accepted")


def _order_again(order: Order, actor: str) -> None:
    """The merchant has seen in eSIM Go's portal that it is not there. If it is there all the same, it is
    found within a day, and is stock.
    """
    submission = Submission.get_by_id(order.submission_id)
    orders.give_back(order, submission, "absent", "the owner has not found it either", actor=actor)
    if order.fresh().stage != "paid":
        raise Overtaken


def _was_looked_for(order: Order) -> bool:
    looked = (Submission.id == order.submission_id) & (Submission.looks >= LOOKS)
    return bool(Submission.select().where(looked).exists())


def _open_refunds(order: Order) -> "ModelSelect[Refund]":
    charges = Payment.select(Payment.id).where(Payment.order == order)
    return Refund.select(Refund.id).where(Refund.payment.in_(charges), Refund.done_at.is_null())
