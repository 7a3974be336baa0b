"""Usage warnings become messages: in a look at an eSIM, and when time alone has made something news.

The rules are in usage_warnings.py. What was told is in the outbox: each kind once for a plan.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from peewee import Expression, fn

from webapp.base import clock
from webapp.customers import notifications
from webapp.esims.forecast import Forecast, Outlook, forecasts
from webapp.esims.usage_warnings import (
    FORGOTTEN_AFTER,
    LAST_DAY,
    REMIND_UNTIL,
    SHORTEST_TO_REMIND,
    UsageWarning,
    is_forgotten,
    warnings_of,
)
from webapp.models import Assignment, Esim, Notification, Order
from webapp.models.profiles import IN_USE

NEWS_FOR = LAST_DAY
AT_ONCE = 100
KINDS = {
    UsageWarning.RUNS_OUT: "running_out",
    UsageWarning.MOSTLY_USED: "used_80",
    UsageWarning.ENDS_SOON: "ends_tomorrow",
}


# --- in a look: call it in the transaction that writes down what was seen


def tell(plans: Sequence[Assignment]) -> int:
    """Of the first use of each plan, and of its data or its days coming to an end; returns how many."""
    foreseen, told = forecasts(plans), _told(plans)
    has_data = {p.__data__["esim"] for p in plans if p.state == "active" and not _is_used_up(foreseen[p.id])}
    return sum(_tell(p, foreseen[p.id], told[p.order.id], p.__data__["esim"] in has_data) for p in plans)


def _tell(plan: Assignment, forecast: Forecast, told: set[str], has_data: bool) -> int:
    """What holds and was not told yet. Of the warnings only the first: one message in one look is enough.
    While another plan of the eSIM has data, that it has started says enough.
    """
    used_up = _is_used_up(forecast) and not has_data
    events = {"first_use": is_first_use(plan.order, [plan]), "used_up": used_up}
    news = [kind for kind, holds in events.items() if holds and kind not in told]
    kinds = (KINDS[warning] for warning in warnings_of(forecast, clock.now()))
    warnings = [kind for kind in kinds if kind not in told]
    for kind in (*news, *warnings[:1]):
        notifications.enqueue(plan.order, kind, **_facts(kind, forecast))
    return len(news) + len(warnings[:1])


def _is_used_up(forecast: Forecast) -> bool:
    return forecast.outlook is Outlook.USED_UP


def is_first_use(order: Order, plans: Iterable[Assignment]) -> bool:
    """Has the plan of a new eSIM begun to count, lately? It says as well that the eSIM is on a phone."""
    begun = (plan for plan in plans if plan.order == order and (plan.starts_at or plan.state in IN_USE))
    since = clock.now() - NEWS_FOR
    return order.esim_id is None and any(p.starts_at is None or p.starts_at > since for p in begun)


def _facts(kind: str, forecast: Forecast) -> dict[str, str]:
    """What a forecast rests on, for it will be another one by the time the message is written."""
    if kind != "running_out" or forecast.pace is None or forecast.runs_out_at is None:
        return {}
    return {
        "until": forecast.runs_out_at.isoformat(),
        "used_bytes": str(forecast.pace.used_bytes),
        "span_s": str(int(forecast.pace.span.total_seconds())),
    }


def _told(plans: Sequence[Assignment]) -> defaultdict[int, set[str]]:
    """By the order's id: the kinds that stand in the outbox."""
    told: defaultdict[int, set[str]] = defaultdict(set)
    orders = [plan.order.id for plan in plans] or [0]
    for row in Notification.select(Notification.order, Notification.kind).where(
        Notification.order.in_(orders)
    ):
        told[row.__data__["order"]].add(row.kind)
    return told


# --- by the clock


def remind() -> int:
    """Write what time alone has made news; returns how many."""
    told = tell(_ending())
    for esim in _forgotten():
        notifications.enqueue(esim.order, "not_installed")
        told += 1
    return told


def _ending() -> list[Assignment]:
    """In use, and in their last day: whether the provider answers or not."""
    now = clock.now()
    last_day = (Assignment.ends_at > now) & (Assignment.ends_at <= now + LAST_DAY)
    long_enough = Order.days >= SHORTEST_TO_REMIND.days
    plans = Assignment.select(Assignment, Order).join(Order)
    due = plans.where(last_day, long_enough, Assignment.state == "active", _is_news("ends_tomorrow"))
    return list(due.limit(AT_ONCE))


def _forgotten() -> list[Esim]:
    """Delivered days ago, and on no phone yet."""
    now = clock.now()
    lying = Esim.installed_at.is_null() & Esim.created_at.between(now - REMIND_UNTIL, now - FORGOTTEN_AFTER)
    esims = Esim.select(Esim, Order).join(Order).where(lying, Order.stage == "ready", Esim.state == "active")
    due = esims.where(_is_news("not_installed")).order_by(Esim.created_at.desc()).limit(AT_ONCE)
    return [esim for esim in due if is_forgotten(esim, now)]


def _is_news(kind: str) -> Expression:
    """Nothing of this kind has been written of the order yet."""
    told = (Notification.order == Order.id) & (Notification.kind == kind)
    news: Expression = ~fn.EXISTS(Notification.select(Notification.id).where(told))
    return news
