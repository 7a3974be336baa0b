"""What a traveller wants to know before it is too late: seen in a look at the eSIM, or brought by time."""

from collections.abc import Iterable
from datetime import timedelta

from peewee import Expression, fn

from webapp import clock, notifications
from webapp.models import Assignment, Esim, Notification, Order
from webapp.models.profiles import DEAD, IN_USE, USELESS

NEWS_FOR = timedelta(days=1)
BEFORE_THE_END = timedelta(days=1)
INSTALLED_BY_NOW = timedelta(days=3)
NOT_AFTER = timedelta(days=14)
MOST_USED_PERCENT = 80
AT_ONCE = 100


# --- in a look: call it in the transaction that writes down what was seen


def tell(assignments: Iterable[Assignment]) -> None:
    """Of the first use of each plan, and of its data coming to an end."""
    for assignment in assignments:
        if is_first_use(assignment.order, [assignment]):
            notifications.enqueue(assignment.order, "first_use")
        if kind := _shortage(assignment):
            notifications.enqueue(assignment.order, kind)


def is_first_use(order: Order, assignments: Iterable[Assignment]) -> bool:
    """Has the plan of a new eSIM begun to count, lately? It says as well that the eSIM is on a phone."""
    begun = (a for a in assignments if a.order == order and (a.starts_at or a.state in IN_USE))
    since = clock.now() - NEWS_FOR
    return order.esim_id is None and any(a.starts_at is None or a.starts_at > since for a in begun)


def _shortage(assignment: Assignment) -> str | None:
    left, whole = assignment.remaining_bytes, assignment.initial_bytes
    if assignment.unlimited or left is None or not whole or assignment.state not in IN_USE:
        return None
    if left == 0:
        return "used_up"
    return "used_80" if left * 100 <= whole * (100 - MOST_USED_PERCENT) else None


# --- by the clock


def remind() -> int:
    """Write what time alone has made news; returns how many. Each is told once of an order."""
    due = [(order, "ends_tomorrow") for order in _ending()] + [
        (order, "not_installed") for order in _left_lying()
    ]
    for order, kind in due:
        notifications.enqueue(order, kind)
    return len(due)


def _ending() -> list[Order]:
    """In use, and over within a day; a plan of one day never has a day before its last."""
    now = clock.now()
    soon = (Assignment.ends_at > now) & (Assignment.ends_at <= now + BEFORE_THE_END)
    orders = Order.select().join(Assignment).where(soon, Assignment.state == "active", Order.days > 1)
    return list(orders.where(_is_news("ends_tomorrow")).limit(AT_ONCE))


def _left_lying() -> list[Order]:
    """Delivered days ago, and on no phone yet."""
    now = clock.now()
    lying = (
        Esim.installed_at.is_null()
        & Esim.created_at.between(now - NOT_AFTER, now - INSTALLED_BY_NOW)
        & Esim.profile_status.not_in(USELESS)
        & (Esim.state != DEAD)
    )
    orders = Order.select().join(Esim).where(lying, Order.stage == "ready")
    return list(orders.where(_is_news("not_installed")).limit(AT_ONCE))


def _is_news(kind: str) -> Expression:
    """Nothing of this kind has been written of the order yet."""
    told = (Notification.order == Order.id) & (Notification.kind == kind)
    news: Expression = ~fn.EXISTS(Notification.select(Notification.id).where(told))
    return news
