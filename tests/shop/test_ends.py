"""What time ends has ended for every reader at once, with no job having come by.

Each end is looked at a second before it, at the very second, and a second after it.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from flask import Flask

from jobs.metrics import Books
from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    PLAN,
    after,
    bundles,
    charge,
    checkout,
    details,
    events,
    make_customer,
    make_esim,
    make_order,
    make_payment,
    make_top_up,
    quoted,
)
from tests.shop.standins import Provider
from webapp import esims, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.customers import account
from webapp.models import Assignment, Esim, Order, Payment, Plan, Refund, db
from webapp.models.db import transaction
from webapp.models.orders import ADMITTED_FOR, AWAITING_FOR
from webapp.models.profiles import WAITING
from webapp.orders import capacity, limits, payments, quotes
from webapp.orders.payments import stars
from webapp.orders.places import Places
from webapp.orders.returning import REFUND_PERIOD

pytestmark = pytest.mark.usefixtures("still", "shelves")

AROUND = pytest.mark.parametrize("since_end", [-1, 0, 1])


def unpaid(since_end: float, **values: Any) -> Order:
    """An order whose half hour ended so many seconds ago; nobody has written that down."""
    return make_order(created_at=after(-AWAITING_FOR.total_seconds() - since_end), **values)


def written(order: Order) -> str:
    return str(Order.select(Order.stage).where(Order.id == order.id).scalar())


def moves(order: Order) -> list[tuple[str, str]]:
    return [(event.from_stage, event.to_stage) for event in events(order)]


# --- half an hour to pay


@AROUND
def test_an_unpaid_order_ends_on_every_page_at_once(
    owner: Person, shopkeeper: Person, since_end: float
) -> None:
    quoted()
    order = unpaid(since_end)
    stage, word = ("expired", "not paid") if since_end > 0 else ("awaiting_payment", "waiting for payment")
    page = f"/orders/{order.reference}"
    for address in (page, f"{page}/status"):
        html = text(owner.get(address))
        assert f'data-stage="{stage}"' in html
        assert ("not paid in time" in html) is (since_end > 0)
        assert ('id="orders-pay"' in html) is (since_end <= 0)
    assert ("data-invoice-url" in text(owner.post(f"{page}/invoice"))) is (since_end <= 0)
    assert word in text(owner.get("/esims"))
    assert word in text(shopkeeper.get("/admin/orders"))
    merchants = text(shopkeeper.get(f"/admin{page}"))
    assert word in merchants and f"<code>{stage}</code>" in merchants
    assert written(order) == "awaiting_payment"


@AROUND
def test_an_unpaid_order_ends_for_programs_and_figures_at_the_same_second(
    owner: Person, since_end: float
) -> None:
    order = unpaid(since_end)
    stage, status = ("expired", "failed") if since_end > 0 else ("awaiting_payment", "pending")
    answer = owner.get(f"/api/esimgo/status/{order.reference}").json
    assert answer is not None
    assert (answer["stage"], answer["status"]) == (stage, status)
    counted = next(metric for metric in Books().collect() if metric.name == "simka_orders")
    assert {sample.labels["state"]: sample.value for sample in counted.samples} == {stage: 1}
    assert written(order) == "awaiting_payment"


@AROUND
def test_a_row_and_a_query_agree_on_what_has_ended(since_end: float) -> None:
    unpaid(since_end)
    unpaid(since_end, stage="paid", plan_id="paid")
    unpaid(since_end, stage="expired", plan_id="expired")
    by_query = {order.id for order in Order.select().where(Order.overdue())}
    by_row = {order.id for order in Order.select() if order.stage != order.as_written("stage")}
    assert by_query == by_row
    assert len(by_row) == (since_end > 0)
    assert orders.expire() == len(by_row)
    assert [order.stage for order in Order.select()] == [
        order.as_written("stage") for order in Order.select()
    ]


@AROUND
def test_nobody_is_charged_for_an_order_that_has_ended(config: Config, since_end: float) -> None:
    quoted()
    reason = payments.pre_checkout(stars.question(checkout(unpaid(since_end))), config)
    if since_end > 0:
        assert reason is not None and "not open for payment" in reason
    assert Payment.select().exists() is (since_end <= 0)


@AROUND
def test_the_supplier_is_not_asked_about_what_nobody_can_pay_for(
    config: Config, provider: Provider, since_end: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unpaid(since_end, invoiced_at=after(-60))
    slept = list[float]()
    monkeypatch.setattr(clock, "sleep", slept.append)
    monkeypatch.setattr(clock, "monotonic", lambda: float(len(slept)))
    quotes.wait_for_verdict(order.reference, config, Places(1))
    assert bool(slept) is (since_end <= 0), "a verdict is waited for"
    assert quotes.check_due(provider, config) == (since_end <= 0)


@AROUND
def test_an_order_that_has_ended_can_be_placed_anew(owner: Person, since_end: float) -> None:
    old = unpaid(since_end)
    html = text(owner.post("/orders", plan_id=PLAN))
    assert "data-invoice-url" in html
    assert (old.reference in html) is (since_end <= 0)
    assert moves(old) == ([("awaiting_payment", "expired")] if since_end > 0 else [])


def test_a_poll_tells_the_end_at_that_second(noon: None, owner: Person, advance: Advance) -> None:
    order = unpaid(-10)
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    advance(10)
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 304
    advance(1)
    ended = owner.get(path, **{"HX-PTag": tag})
    assert (ended.status_code, 'data-stage="expired"' in text(ended)) == (200, True)
    assert 'data-stage="expired"' in text(owner.get(path)), "nobody gets what was cached before"


# --- paid at the last moment, and later


@AROUND
def test_a_late_payment_is_served_though_nobody_has_written_the_end(config: Config, since_end: float) -> None:
    order = unpaid(since_end)
    assert payments.confirm(stars.charge(OWNER, charge(order)), config)
    late = [("awaiting_payment", "expired"), ("expired", "paid")]
    assert moves(order) == (late if since_end > 0 else [("awaiting_payment", "paid")])
    assert ("after expiry" in events(order)[-1].note) is (since_end > 0)
    assert (order.fresh().stage, Refund.select().count()) == ("paid", 0)


def test_a_late_payment_for_a_plan_that_is_gone_goes_back_though_nobody_has_written_the_end(
    config: Config,
) -> None:
    order = unpaid(1)
    Plan.update(available=False).execute()
    assert payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert moves(order) == [("awaiting_payment", "expired"), ("expired", "failed")]
    assert (order.fresh().failure, Refund.get().state) == ("gone", "due")


def test_a_payment_waits_for_whoever_is_moving_its_order(config: Config) -> None:
    """The customer is told of a new price in the very moment in which the charge is booked."""
    order = make_order()
    moving, moved = Event(), Event()

    def move() -> None:
        with transaction():
            assert order.fresh().move("expired", actor="customer", note="the price has changed")
            moving.set()
            moved.wait(0.5)  # long enough for the other one to have read, if it did not wait

    def elsewhere(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            db.database.close()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(elsewhere, move)
        assert moving.wait(30)
        second = threads.submit(
            elsewhere, lambda: payments.confirm(stars.charge(OWNER, charge(order)), config)
        )
        first.result()
        second.result()
    assert moves(order) == [("awaiting_payment", "expired"), ("expired", "paid")]
    assert Refund.select().count() == 0


def test_a_late_payment_does_not_take_back_what_somebody_else_has_made_of_the_order() -> None:
    order = unpaid(1)
    assert order.fresh().move("paid", actor="test", paid_at=after(0))
    assert not order.move("paid", actor="test")
    assert order.fresh().stage == "paid"


@pytest.mark.parametrize(("ago_s", "comes"), [(0, True), (59, True), (60, False)])
def test_an_order_whose_payment_may_come_has_not_failed(owner: Person, ago_s: float, comes: bool) -> None:
    """Allowed at the last moment, and its half hour is over: nobody is told to choose and to pay again."""
    order = unpaid(1, admitted_at=after(-ago_s))
    page = text(owner.get(f"/orders/{order.reference}"))
    assert ("Your payment is being confirmed" in page) is comes
    assert ("Choose it again" in page) is not comes
    told = owner.get(f"/api/esimgo/status/{order.reference}").get_json()
    assert (told["stage"], told["status"]) == ("expired", "pending" if comes else "failed")
    again = orders.place(order.customer, Plan.get())
    assert (again == order) is comes


@pytest.mark.parametrize("what", ["the price", "the time"])
def test_a_payment_on_its_way_is_of_the_order_that_it_was_allowed_for(config: Config, what: str) -> None:
    order = make_order(admitted_at=after(-1))
    make_payment(order, state="created", charge_id=None)
    if what == "the price":
        Plan.update(stars=999).execute()
    else:
        Order.update(created_at=after(-1900)).execute()
    assert orders.place(order.customer, Plan.get()) == order
    assert payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (order.fresh().stage, Order.select().count()) == ("paid", 1)


def test_a_plan_that_goes_while_its_payment_is_on_its_way_is_asked_for(config: Config) -> None:
    """Not late: it was allowed in time."""
    order = unpaid(1, admitted_at=after(-5))
    Plan.update(available=False).execute()
    payments.confirm(stars.charge(OWNER, charge(order)), config)
    assert (order.fresh().stage, Refund.select().count()) == ("paid", 0)


def test_nobody_is_forgotten_while_their_payment_is_on_its_way() -> None:
    order = make_order(admitted_at=after(-59))
    assert account.obstacle(order.customer) == "order"
    Order.update(admitted_at=after(-60)).execute()
    assert account.obstacle(order.customer) is None


def test_an_order_that_was_allowed_again_is_missed_from_then_on(config: Config) -> None:
    """The first time it was not charged; the second time nobody told us of the charge."""
    quoted()
    order = make_order()
    Payment.delete().execute()
    assert payments.pre_checkout(stars.question(checkout(order)), config) is None
    Payment.update(created_at=after(-1500)).execute()
    assert payments.pre_checkout(stars.question(checkout(order)), config) is None
    assert [payment.created_at for payment in Payment.select()] == [clock.now()]


@pytest.mark.parametrize("comes_by", [orders.expire, lambda: 0], ids=["a job", "no job"])
@pytest.mark.parametrize("ago_s", [59, 60, 61])
def test_what_was_allowed_at_the_last_moment_counts_until_its_own_end(
    config: Config, comes_by: Callable[[], int], ago_s: float
) -> None:
    """The charge may still come, and is served: a job that comes by between makes no room for another one."""
    order = unpaid(30, admitted_at=after(-ago_s), stars=900, wholesale=999_000)
    comes_by()
    counts = ago_s < ADMITTED_FOR.total_seconds()
    assert order.fresh().is_admitted is counts
    assert Order.select().where(Order.admitted()).exists() is counts
    strict = changed(config, purchase_limits="orders=9/day stars=1000/day first=9999 burst=9/hour")
    assert limits.refusal(make_customer(), 453, strict) == ("much" if counts else None)
    quoted()
    other = make_order(plan_id="other", customer=make_customer(7))
    line = capacity.line_beside(other)
    assert capacity.balance_covers(other, line) is not counts
    room_s = int((capacity.LAST_CALL + ADMITTED_FOR).total_seconds()) + 1
    hurried = changed(config, deadline_s=room_s, esimgo_order_interval_s=1)
    assert (capacity.full_for(line, None, hurried) is not None) is counts


# --- the days of a plan


def in_use(since_end: float) -> Assignment:
    """On a phone and, as eSIM Go told last, in use until so many seconds ago."""
    esim = make_esim(make_order("active"))
    Esim.update(installed_at=after(-9999), profile_status="installed").execute()
    Assignment.update(state="active", starts_at=after(-9999), ends_at=after(-since_end)).execute()
    return Assignment.get(Assignment.esim == esim)


@AROUND
def test_a_plan_ends_on_every_page_at_once(owner: Person, shopkeeper: Person, since_end: float) -> None:
    plan = in_use(since_end)
    over = since_end >= 0
    page = f"/esims/{plan.esim.reference}"
    html = text(owner.get(page))
    assert ("The plan has ended." in html, "ended" in html, "hx-trigger" in html) == (over, over, not over)
    assert ('class="badge good"' in html) is not over
    listed = text(owner.get("/esims"))
    assert ("past eSIM" in listed, '<article class="card esim"' in listed) == (over, not over)
    assert ("No eSIM in use" in text(owner.get("/esims/current"))) is over
    state = "expired" if over else "active"
    assert f"<code>{state}</code>" in text(shopkeeper.get(f"/admin/orders/{plan.order.reference}"))
    answer = owner.get(f"/api/esimgo/status/{plan.order.reference}").json
    assert answer is not None
    assert answer["usage"]["state"] == state
    assert Assignment.select(Assignment.state).scalar() == "active"


@AROUND
def test_the_plan_behind_it_counts_at_that_second(since_end: float) -> None:
    plan = in_use(since_end)
    top_up = make_top_up("ready", plan.esim)
    counts = esims.assignment_of(plan.esim)
    assert counts is not None
    assert (counts.order == top_up) is (since_end >= 0)
    assert [row.order for row in plan.esim.queued(counts)] == ([] if since_end >= 0 else [top_up])


@AROUND
def test_a_plan_that_lapses_unused_cannot_be_given_back_from_that_second_on(
    config: Config, since_end: float
) -> None:
    taken_back = changed(config, esimgo_refunds="on")
    plan = make_esim(make_order("ready"))
    Assignment.update(ends_at=after(-since_end)).execute()
    over = since_end >= 0
    by_row = [row for row in Assignment.select() if row.state in WAITING]
    assert list(Assignment.select().where(Assignment.waiting())) == by_row
    assert len(by_row) == (not over)
    assert orders.obstacle(plan.order, taken_back) == ("used" if over else None)
    assert orders.returnable(plan.customer, taken_back) == ([] if over else [plan.order])
    assert len(plan.queued()) == (not over)


@pytest.mark.parametrize(
    ("end", "shown"),
    [("plan", "This plan has been used"), ("return", "A plan can be given back for 60 days")],
)
def test_a_poll_tells_at_that_second_that_nothing_can_be_given_back(
    noon: None, app: Flask, owner: Person, advance: Advance, end: str, shown: str
) -> None:
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, esimgo_refunds="on"))
    order = make_esim(make_order("ready")).order
    if end == "plan":
        Assignment.update(ends_at=after(10)).execute()
    else:
        Order.update(paid_at=after(10) - REFUND_PERIOD).execute()
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    advance(9)
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 304
    advance(2)
    assert shown in text(owner.get(path, **{"HX-PTag": tag}))


def test_a_plan_that_has_ended_is_followed_until_its_end_is_told(provider: Provider) -> None:
    plan = in_use(60)
    provider.details, provider.bundles = details(plan.esim, "Installed"), bundles("Active")
    esims.refresh(plan.esim, provider)
    assert Assignment.select(Assignment.state).scalar() == "active", "as eSIM Go says"
    assert Esim.get().next_refresh_at is not None


def test_what_esim_go_does_not_tell_stays_as_it_was_told(provider: Provider) -> None:
    plan = in_use(60)
    provider.details, provider.bundles = details(plan.esim, "Installed"), bundles("")
    esims.refresh(plan.esim, provider)
    assert Assignment.select(Assignment.state).scalar() == "active"


def test_the_first_sign_of_life_counts_also_when_the_days_are_over(provider: Provider) -> None:
    esim = make_esim(make_order("ready"))
    Assignment.update(ends_at=after(-60)).execute()
    provider.details, provider.bundles = details(esim, "Released"), bundles("Active")
    esims.refresh(esim, provider)
    assert esim.order.fresh().stage == "active"
