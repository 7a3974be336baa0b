"""The merchant's figures equal what anybody would count by hand."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest

from tests.databases.crowds import crowd
from tests.shop.conftest import Advance
from tests.shop.factories import after, make_order, make_payment, make_refund, make_submission
from webapp.base import clock
from webapp.books import sales
from webapp.books.sales import Period, Sales
from webapp.models import AuditedOrder, Order, Submission
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("noon")

ENDS = ("ready", "active", "failed", "returned", "paid", "expired")


def some_order(number: int) -> dict[str, Any]:
    """Of every kind; the same ones each time."""
    dice = random.Random(number)
    stage = dice.choice(ENDS)
    paid = stage != "expired"
    at = clock.now() - timedelta(seconds=dice.randrange(40 * 86400))
    return {
        "stage": stage,
        "country_code": dice.choice(("tr", "th", "eu")),
        "plan_id": dice.choice(("a-1gb-7d", "b-3gb-30d")),
        "stars": dice.randrange(100, 900),
        "retail": dice.randrange(1000, 20000),
        "wholesale": dice.randrange(500, 9000),
        "created_at": at - timedelta(seconds=30),
        "paid_at": at if paid else None,
        "delivered_at": at + timedelta(seconds=dice.randrange(1, 300)) if stage in sales.DELIVERED else None,
        "activated_at": at + timedelta(hours=1) if stage == "active" else None,
    }


def by_hand(orders: Iterable[Order]) -> Sales:
    sold = list(orders)
    delivered = [order for order in sold if order.stage in ("ready", "active")]
    return Sales(
        sold=len(sold),
        delivered=len(delivered),
        lost=sum(order.stage in ("failed", "returned") for order in sold),
        stars=sum(order.stars for order in delivered),
        revenue=sum(order.retail for order in delivered),
        cost=sum(spent_on(order) for order in delivered),
    )


def spent_on(order: Order) -> int:
    """What was charged, also where the list had another price."""
    intent = Submission.get_or_none(Submission.id == order.submission_id)
    return int(order.wholesale if intent is None else intent.cost)


def paid_in(period: Period) -> list[Order]:
    return [o for o in Order.select() if o.paid_at is not None and period.since <= o.paid_at < period.until]


def grouped_by_hand(period: Period, key: Callable[[Order], str]) -> dict[str, Sales]:
    groups: defaultdict[str, list[Order]] = defaultdict(list)
    for order in paid_in(period):
        groups[key(order)].append(order)
    return {name: by_hand(orders) for name, orders in groups.items()}


def told(rows: Iterable[sales.Row]) -> dict[str, Sales]:
    return {row.key: row.sales for row in rows}


def day_of(moment: datetime) -> str:
    return moment.date().isoformat()


def test_every_figure_equals_a_recount() -> None:
    make_order("ready", paid_at=after(-86400 * 60))
    crowd(400, change=some_order)
    Submission.update(cost=500 + Submission.id * 7).execute()
    for days in (1, 7, 30):
        period = Period.last(days)
        for span in (period, period.before(days)):
            assert sales.sales(span) == by_hand(paid_in(span))
        assert told(sales.by_country(period)) == grouped_by_hand(period, lambda o: str(o.country_code))
        assert told(sales.by_plan(period)) == grouped_by_hand(period, lambda o: str(o.plan_id))
        by_day = told(sales.by_day(period))
        assert list(by_day) == sorted(by_day)
        assert len(by_day) == days
        sold = {day: found for day, found in by_day.items() if found.sold}
        assert sold == grouped_by_hand(period, lambda o: day_of(o.paid_at))

        seconds = [(o.delivered_at - o.paid_at).total_seconds() for o in paid_in(period) if o.delivered_at]
        waited = sales.waits(period)
        assert waited.median is not None
        assert waited.p95 is not None
        assert abs(waited.median - median(seconds)) <= max(seconds) / len(seconds) * 4
        assert sum(second <= waited.p95 for second in seconds) >= 0.95 * len(seconds)
    assert sales.sales(Period.last(30)).sold > 200


def test_success_is_told_of_what_has_ended(advance: Advance) -> None:
    assert sales.sales(Period.last(1)) == Sales()
    assert Sales().success_percent is None
    assert sales.waits(Period.last(1)) == sales.Waits(None, None)
    for stage in ("ready", "active", "active", "failed", "unknown"):
        make_order(stage)
    advance(1)
    today = sales.sales(Period.last(1))
    assert (today.sold, today.in_flight, today.success_percent) == (5, 1, 75.0)
    assert today.margin == 3 * (5880 - 4200)


def test_refunds_are_counted_when_they_arrive(advance: Advance) -> None:
    make_refund(make_order("failed"), state="done", done_at=after(0))
    make_refund(None, state="done", done_at=after(-86400 * 3))
    advance(1)
    week, today = sales.refunds(Period.last(7)), sales.refunds(Period.last(1))
    assert (today.done, today.stars, week.done) == (1, 453, 2)
    assert today.open == 1  # the one that came with the failed order


def test_a_scripted_day_is_told_exactly(advance: Advance) -> None:
    counts = Funnel()
    for step, times in {"shop": 50, "area": 30, "plan": 12}.items():
        for _ in range(times):
            counts.count(step)
    counts.write_down()
    for number, stage in enumerate(("awaiting_payment", "expired", "failed", "ready", "active", "active")):
        make_order(stage, plan_id=f"plan-{number}")
    advance(1)
    assert sales.conversion(Period.last(1)) == {
        "shop": 50,
        "area": 30,
        "plan": 12,
        "checkout": 6,
        "paid": 4,
        "delivered": 3,
        "activated": 2,
    }
    yesterday = Period.last(1).before(1)
    assert set(sales.conversion(yesterday).values()) == {0}


def test_a_second_charge_is_no_second_sale(advance: Advance) -> None:
    make_payment(make_order("active"))
    advance(1)
    assert sales.sales(Period.last(1)).sold == 1


def test_what_was_spent_and_brought_no_sale_is_no_margin() -> None:
    make_order("ready", plan_id="sold", paid_at=after(-60))
    for number, outcome in enumerate(("stock", "late")):
        order = make_order("failed", plan_id="late", country_code="th", paid_at=after(-60))
        more = {"cost": 5000 + number, "sent_at": after(-9)}
        make_submission(order, outcome=outcome, esimgo_order_id=outcome, **more)
    row = {"ordered_at": after(-86_400), "total": 700, "currency": "USD"}
    for number, (verdict, settled) in enumerate(
        [("twice", ""), ("elsewhere", "spent"), ("elsewhere", ""), ("bound", ""), ("lost", "spent")]
    ):
        AuditedOrder.create(reference=f"row-{number}", verdict=verdict, settled=settled, **row)
    week = Period.last(7)
    whole = sales.sales(week)
    assert (whole.revenue, whole.cost, whole.besides) == (5880, 4200, 10_001 + 1400)
    assert whole.margin == 5880 - 4200 - 11_401
    *_, yesterday, today = sales.by_day(week)
    assert (yesterday.sales.besides, today.sales.besides) == (1400, 10_001)
    assert {row.key: row.sales.besides for row in sales.by_plan(week)} == {"sold": 0, "late": 10_001}
    assert {row.key: row.sales.besides for row in sales.by_country(week)} == {"tr": 0, "th": 10_001}
    assert sales.sales(week.before(7)).besides == 0


def test_what_was_in_stock_is_the_cost_of_whoever_got_it() -> None:
    order = make_order("ready", paid_at=after(-60))
    Submission.update(cost=5000).where(Submission.id == order.submission_id).execute()
    whole = sales.sales(Period.last(1))
    assert (whole.cost, whole.besides) == (5000, 0)
