"""Orders before their money: placed once however often the button is tapped, and looked up by their owner."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from peewee import Expression, IntegrityError, ModelSelect, fn

from webapp.base.i18n import N_
from webapp.base.i18n import gettext as _
from webapp.models import (
    Area,
    Bundle,
    Customer,
    Esim,
    IdempotencyKey,
    Notification,
    Order,
    OrderEvent,
    Payment,
    Plan,
    Submission,
)
from webapp.models.db import locking, transaction
from webapp.state import funnel, shares

OPEN_AT_ONCE = 5
"""Orders that one customer may have open for payment. A traveller compares two or three plans."""
UNPAID_KEPT_FOR = timedelta(days=30)
"""Far longer than anything could still be charged for it; the customer sees it among their purchases."""
PURGED_AT_ONCE = 500


TOO_MANY = N_(
    "You have started a lot of purchases in the last hour. You have not been charged; "
    "please come back in an hour."
)
DELETED = N_("Your data has just been deleted. You have not been charged; please choose the plan again.")


class NotPlaced(Exception):
    """An order cannot be begun. `code` is for programs (the JSON API's error code)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self._message = message

    @property
    def sentence(self) -> str:
        """For people, in the language at hand."""
        return _(self._message)


def place(customer: Customer, plan: Plan, esim: Esim | None = None) -> Order:
    """The customer's open order for this plan: the one there is, or a new one. A double tap is one order,
    also while its payment is on its way: that one is paid for, whatever has ended or risen since.

    With `esim` it tops that one up; whether the plan fits is for the caller to know (gate.may_place).

    Of more than OPEN_AT_ONCE open orders those end whose sheet was opened longest ago. Raises NotPlaced.
    """
    if (allowed := _just_allowed(customer, plan, esim)) is not None:
        return allowed
    standing = _awaiting(customer, plan, esim)
    if standing is not None and _may_be_paid_for(standing, plan):
        return standing
    if standing is not None:
        standing.move("expired", actor="customer", note="too old, or the price or the bundle has changed")
    try:
        return _new(customer, plan, esim)
    except IntegrityError:
        # Somebody was first. When theirs is paid for by now, this one is a new wish.
        return _awaiting(customer, plan, esim) or _new(customer, plan, esim)


def _may_be_paid_for(standing: Order, plan: Plan) -> bool:
    """Also the wholesale price is the same: a fixed retail price hides that eSIM Go wants more by now."""
    wanted = (plan.stars, plan.bundle.name, plan.bundle.wholesale)
    promised = (standing.stars, standing.esimgo_product_id, standing.wholesale)
    return standing.is_open_for_payment and promised == wanted


def _new(customer: Customer, plan: Plan, esim: Esim | None) -> Order:
    """The row of the customer's share is held until the commit, so that their requests take turns here; and
    their own, because whoever has deleted their data meanwhile is nobody to sell to: an order of theirs would
    count for no limit.
    """
    with transaction():
        if not shares.take(customer.telegram_user_id, "orders"):
            raise NotPlaced("limit_reached", TOO_MANY)
        same = (Customer.id == customer.id) & (Customer.telegram_user_id == customer.telegram_user_id)
        if not locking(Customer.select(Customer.id).where(same), "FOR SHARE").exists():
            raise NotPlaced("data_deleted", DELETED)
        _make_room(customer)
        return Order.create(customer=customer, esim_id=esim and esim.id, **_quote(customer, plan))


def _make_room(customer: Customer) -> None:
    """What may be charged in this moment is not counted and does not end."""
    mine = Order.select().where(Order.customer == customer, Order.stage == "awaiting_payment")
    newest_first = mine.order_by(fn.COALESCE(Order.invoiced_at, Order.created_at).desc(), Order.id.desc())
    waiting = [order for order in newest_first if not order.may_have_been_charged]
    for order in waiting[OPEN_AT_ONCE - 1 :]:
        order.move("expired", actor="customer", note="newer orders have been opened since")


def _awaiting(customer: Customer, plan: Plan, esim: Esim | None) -> Order | None:
    return Order.get_or_none(_same(customer, plan, esim), Order.stage == "awaiting_payment")


def _just_allowed(customer: Customer, plan: Plan, esim: Esim | None) -> Order | None:
    return Order.get_or_none(_same(customer, plan, esim), Order.admitted())


def _same(customer: Customer, plan: Plan, esim: Esim | None) -> Expression:
    same_esim = Order.esim_id.is_null() if esim is None else Order.esim_id == esim.id
    same: Expression = (Order.customer == customer) & (Order.plan_id == plan.plan_id) & same_esim
    return same


def _quote(customer: Customer, plan: Plan) -> dict[str, object]:
    """What was promised at this moment stays on the order, whatever the catalogue does later."""
    return {
        "telegram_user_id": customer.telegram_user_id,
        "plan_id": plan.plan_id,
        "plan_type": plan.plan_type,
        "country_code": plan.area.code,
        "country_name": plan.area.name,
        "data_mb": plan.data_mb,
        "days": plan.days,
        "tier": plan.tier,
        "esimgo_product_id": plan.bundle.name,
        "wholesale": plan.bundle.wholesale,
        "retail": plan.retail,
        "currency": plan.currency,
        "stars": plan.stars,
    }


def expire() -> int:
    """Write down which unpaid orders have ended; a late payment is still served (payments.confirm)."""
    old = Order.select().where(Order.overdue())
    return sum(order.move("expired", actor="job", note="not paid in time") for order in old)


def purge(now: datetime) -> int:
    """Delete orders that nobody has ever paid or tried to pay for, with their journal; returns how many rows.

    The reports go on counting them, by day.
    """
    deleted = 0
    while gone := _purge_some(now - UNPAID_KEPT_FOR):
        deleted += gone
    return deleted


def _purge_some(before: datetime) -> int:
    """A payment that comes in this moment finds its order, or waits and finds none, and goes back."""
    with transaction():
        found: list[Order] = list(locking(_never_paid(before).limit(PURGED_AT_ONCE), "FOR UPDATE"))
        ids = [order.id for order in found]
        theirs: tuple[Any, ...] = (OrderEvent.order, Order.id)
        for column in theirs:
            column.model.delete().where(column.in_(ids)).execute()
        for day, times in Counter(order.created_at.date() for order in found).items():
            funnel.add(day.isoformat(), funnel.CHECKOUT, times)
    return len(found)


def _never_paid(before: datetime) -> "ModelSelect[Order]":
    """Also no payment was ever allowed. What a message or a key of the JSON API tells of is kept."""
    old = Order.select().where(
        Order.stage == "expired", Order.created_at < before, Order.admitted_at.is_null()
    )
    telling: tuple[Any, ...] = (Payment, Submission, Notification, IdempotencyKey)
    for table in telling:
        old = old.where(~fn.EXISTS(table.select(table.id).where(table.order == Order.id)))
    return old.order_by(Order.created_at)


def of_customer(customer: Customer, limit: int = 50) -> list[Order]:
    """The customer's purchases, the newest first."""
    mine = Order.select().where(Order.telegram_user_id == customer.telegram_user_id)
    return list(mine.order_by(Order.created_at.desc()).limit(limit))


def recent(customer: Customer, limit: int = 3) -> list[Plan]:
    """The plans that the customer has bought last and that can be bought again, the newest first."""
    last = fn.MAX(Order.paid_at)
    bought = Order.select(Order.plan_id, last.alias("last_at")).where(
        Order.telegram_user_id == customer.telegram_user_id, Order.paid_at.is_null(False)
    )
    bought = bought.group_by(Order.plan_id).alias("bought")
    plans = Plan.select(Plan, Bundle, Area).join(Bundle).switch(Plan).join(Area).switch(Plan)
    again = plans.join(bought, on=Plan.plan_id == bought.c.plan_id).where(Plan.available)
    return list(again.order_by(bought.c.last_at.desc()).limit(limit))


def find(customer: Customer, reference: str) -> Order | None:
    """The customer's own order; None for anybody else's."""
    return Order.get_or_none(
        Order.reference == reference, Order.telegram_user_id == customer.telegram_user_id
    )
