"""Fair shares: what one customer opens, taps and asks for costs those outside so much and no more, and nobody
else waits behind it.
"""

import threading
from collections import Counter
from datetime import timedelta

import pytest

from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    STRANGER,
    after,
    bundles,
    details,
    lead,
    make_bundle,
    make_customer,
    make_esim,
    make_order,
    make_payment,
    make_plan,
)
from tests.shop.standins import Bot, Provider
from tests.shop.test_placing import in_threads
from webapp import esims, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import sales
from webapp.books.sales import Period
from webapp.clients.esimgo.payloads import EsimDetails, OrderQuote
from webapp.customers import account
from webapp.models import (
    Compatibility,
    Customer,
    Esim,
    IdempotencyKey,
    Order,
    OrderEvent,
    Payment,
    Plan,
    Share,
    db,
)
from webapp.operations import retention
from webapp.orders import placing, quotes, topups
from webapp.orders.placing import OPEN_AT_ONCE, UNPAID_KEPT_FOR
from webapp.state import shares
from webapp.state.shares import ALLOWED, Allowance

pytestmark = pytest.mark.usefixtures("shelves")

MONTH_S = UNPAID_KEPT_FOR.total_seconds()


def plans(count: int) -> list[Plan]:
    """Each of a bundle of its own."""
    return [make_plan(f"p{n}", bundle=make_bundle(f"b{n}")) for n in range(count)]


def open_orders(customer: Customer) -> list[Order]:
    mine = Order.select().where(Order.customer == customer, Order.stage == "awaiting_payment")
    return list(mine.order_by(Order.id))


# --- the share itself


@pytest.mark.usefixtures("still")
def test_a_share_is_used_up_and_comes_back_when_its_window_is_over(advance: Advance) -> None:
    most, within = ALLOWED["validations"]
    assert [shares.take(OWNER, "validations") for _ in range(most + 2)] == [True] * most + [False] * 2
    assert shares.take(STRANGER, "validations"), "everybody has one"
    assert shares.take(OWNER, "looks"), "of each kind"
    advance(within.total_seconds())
    assert shares.is_used_up(OWNER, "validations")
    advance(0.001)
    assert not shares.is_used_up(OWNER, "validations")
    assert [shares.take(OWNER, "validations") for _ in range(most + 1)] == [True] * most + [False]


def test_whoever_deletes_their_data_does_not_get_a_new_share() -> None:
    while shares.take(OWNER, "validations"):
        pass
    assert account.forget(make_customer())
    assert not shares.take(make_customer().telegram_user_id, "validations")


def test_of_many_who_take_at_once_as_many_get_it_as_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ALLOWED, "orders", Allowance(5, timedelta(hours=1)))
    gate, told = threading.Barrier(16), list[bool]()

    def take() -> None:
        db.keep_connection()
        try:
            gate.wait(60)
            told.append(shares.take(OWNER, "orders"))
        finally:
            db.database.close()

    in_threads(take, 16)
    assert Counter(told) == {True: 5, False: 11}


def test_turns_begin_with_those_who_had_fewest() -> None:
    things = [*("a1", "a2", "a3"), *("b1", "b2"), "c1"]

    def owner(thing: str) -> int:
        return ord(thing[0])

    assert shares.by_turns(things, owner, Counter()) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert shares.by_turns(things, owner, Counter({ord("a"): 2})) == ["b1", "c1", "b2", "a1", "a2", "a3"]


# --- open orders


def test_a_customer_has_so_many_orders_open_and_the_one_left_alone_longest_ends() -> None:
    customer, several = make_customer(), plans(OPEN_AT_ONCE + 2)
    first, *_ = [orders.place(customer, plan) for plan in several[:OPEN_AT_ONCE]]
    Order.update(invoiced_at=after(60)).where(Order.id == first.id).execute()
    for plan in several[OPEN_AT_ONCE:]:
        orders.place(customer, plan)
    assert [order.plan_id for order in open_orders(customer)] == ["p0", "p3", "p4", "p5", "p6"]
    ended = OrderEvent.select().where(OrderEvent.to_stage == "expired")
    assert {(event.order.plan_id, event.note) for event in ended} == {
        ("p1", "newer orders have been opened since"),
        ("p2", "newer orders have been opened since"),
    }


def test_what_may_be_charged_in_this_moment_does_not_end_for_a_new_order() -> None:
    customer, several = make_customer(), plans(OPEN_AT_ONCE + 3)
    first = orders.place(customer, several[0])
    Order.update(admitted_at=after(-1)).where(Order.id == first.id).execute()
    for plan in several[1:]:
        orders.place(customer, plan)
    assert first.fresh().is_open_for_payment
    assert len(open_orders(customer)) == OPEN_AT_ONCE + 1


def test_nobody_elses_order_ends_for_a_new_one() -> None:
    several = plans(OPEN_AT_ONCE + 1)
    foreign = orders.place(make_customer(STRANGER), several[0])
    for plan in several:
        orders.place(make_customer(), plan)
    assert foreign.fresh().is_open_for_payment


def test_taps_at_once_leave_no_more_open_than_taps_one_by_one() -> None:
    customer, several = make_customer(), plans(12)
    gate, left = threading.Barrier(12), [*several]

    def tap() -> None:
        db.keep_connection()
        try:
            plan = left.pop()
            gate.wait(60)
            orders.place(customer, plan)
        finally:
            db.database.close()

    in_threads(tap, 12)
    assert (Order.select().count(), len(open_orders(customer))) == (12, OPEN_AT_ONCE)


def test_whoever_opens_very_many_is_told_when_to_come_back(
    owner: Person, stranger: Person, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALLOWED, "orders", Allowance(12, timedelta(hours=1)))
    several = plans(ALLOWED["orders"].most + 1)
    for plan in several[:-1]:
        owner.post("/orders", plan_id=plan.plan_id)
    last = several[-1].plan_id
    keyed = owner.headers | {"Idempotency-Key": "a-new-key"}
    answer = owner.post("/orders", plan_id=last)
    assert (answer.status_code, "please come back in an hour" in text(answer)) == (422, True)
    for headers in (owner.headers, keyed):
        told = owner.browser.post("/api/esimgo/order", json={"plan_id": last}, headers=headers)
        assert (told.status_code, told.json and told.json["error"]["code"]) == (422, "limit_reached")
    assert owner.post("/orders", plan_id=several[-2].plan_id).status_code == 200, "the same one again is none"
    assert stranger.post("/orders", plan_id=last).status_code == 200
    advance(3601)
    lead()
    again = owner.browser.post("/api/esimgo/order", json={"plan_id": last}, headers=keyed)
    assert again.status_code == 201, "the key that was refused stands for nothing"


# --- what eSIM Go is asked before the money


def sheet(customer: int, bundle: str, ago_s: float) -> Order:
    make_bundle(bundle)
    return make_order(
        customer=make_customer(customer), plan_id=bundle, esimgo_product_id=bundle, invoiced_at=after(-ago_s)
    )


def test_the_newest_sheet_is_asked_about_first_and_customers_take_turns(
    provider: Provider, config: Config
) -> None:
    for number in range(3):
        sheet(OWNER, f"mine-{number}", number)
    sheet(STRANGER, "theirs", 60)
    sheet(7, "newest", -1)
    quotes.check_due(provider, config)
    assert provider.asked_about == ["newest", "mine-0", "theirs", "mine-1", "mine-2"]


def test_whoever_opens_a_sheet_in_the_middle_of_a_round_is_next(provider: Provider, config: Config) -> None:
    for number in range(5):
        sheet(OWNER, f"mine-{number}", number)
    asked = list[str]()

    def validate(bundle: str, iccid: str | None = None) -> OrderQuote:
        if not asked:
            sheet(STRANGER, "theirs", 30)
            sheet(OWNER, "mine-newest", -10)
        asked.append(bundle)
        return OrderQuote.model_validate({"valid": True, "total": 4.2, "currency": "USD"})

    provider.validate_order = validate  # type: ignore[method-assign] # who comes while it answers
    quotes.check_due(provider, config)
    assert asked[:3] == ["mine-0", "theirs", "mine-newest"]
    assert len(asked) == 7


@pytest.mark.usefixtures("still")
def test_sheets_that_are_opened_without_end_cost_so_many_questions(
    provider: Provider, config: Config, advance: Advance
) -> None:
    """Two minutes of opening a new one every second; and of a second customer who opens one."""
    most, within = ALLOWED["validations"]
    for second in range(120):
        Order.update(stage="expired").where(Order.customer == make_customer()).execute()
        sheet(OWNER, f"b-{second}", 0)
        if second == 90:
            sheet(STRANGER, "theirs", 0)
        quotes.check_due(provider, config)
        advance(1)
    windows = 120 // within.total_seconds()
    assert len(provider.asked_about) == windows * most + 1
    assert "theirs" in provider.asked_about


def test_a_bundle_that_others_want_too_is_asked_about_on_their_share(
    provider: Provider, config: Config
) -> None:
    for _ in range(ALLOWED["validations"].most):
        shares.take(OWNER, "validations")
    sheet(OWNER, "same", 0)
    quotes.check_due(provider, config)
    assert provider.asked_about == []
    sheet(STRANGER, "same", 30)
    quotes.check_due(provider, config)
    assert provider.asked_about == ["same"]


# --- which plans fit


def questions(esim: Esim, count: int, prefix: str) -> None:
    for number in range(count):
        Compatibility.create(iccid=esim.iccid, bundle=f"{prefix}-{number}")


def test_whoever_asks_what_fits_does_not_wait_behind_all_that_another_asks(provider: Provider) -> None:
    mine, theirs = make_esim(make_order("active")), make_esim(make_order("active", make_customer(STRANGER)))
    questions(mine, 6, "mine")
    questions(theirs, 2, "theirs")
    assert topups.answer(provider) == 8
    assert provider.asked_about[:4] == ["mine-0", "theirs-0", "mine-1", "theirs-1"]


def test_what_one_customer_asks_of_many_esims_costs_so_many_questions(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALLOWED, "compatibility", Allowance(5, timedelta(hours=1)))
    for number in range(3):
        questions(make_esim(make_order("active", plan_id=f"p{number}")), 4, f"mine-{number}")
    assert topups.answer(provider) == 5
    questions(make_esim(make_order("active", make_customer(STRANGER))), 1, "theirs")
    assert topups.answer(provider) == 1
    assert provider.asked_about[-1] == "theirs-0"


# --- looks after Activate


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("most", "seconds", "looks"), [(720, 120, 25), (6, 270, 7 + 2)])
def test_tapping_activate_again_and_again_makes_so_many_looks(
    provider: Provider,
    advance: Advance,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    seconds: int,
    looks: int,
) -> None:
    """A tap every second: a look in five seconds, and without a share one in two minutes."""
    monkeypatch.setitem(ALLOWED, "looks", Allowance(most, timedelta(hours=1)))
    esim = make_esim()
    provider.details, provider.bundles = details(esim), bundles()
    seen = 0
    for _ in range(seconds + 1):
        esims.activate(Esim.get_by_id(esim.id))
        for due in esims.due():
            esims.refresh(due, provider)
            seen += 1
        advance(1)
    assert seen == looks


@pytest.mark.usefixtures("still")
def test_a_tap_during_a_look_is_not_lost(provider: Provider) -> None:
    esim = make_esim()

    def look(_iccid: str) -> EsimDetails:
        esims.activate(Esim.get_by_id(esim.id))
        return details(esim)

    provider.esim = look  # type: ignore[assignment, method-assign] # while eSIM Go is asked
    provider.bundles = bundles()
    esims.refresh(Esim.get_by_id(esim.id), provider)
    assert Esim.get().next_refresh_at == after(5)


def test_those_who_are_installing_take_turns() -> None:
    mine = [make_esim(make_order("ready", plan_id=f"p{number}")) for number in range(8)]
    theirs = make_esim(make_order("ready", make_customer(STRANGER)))
    for place, esim in enumerate([*mine, theirs]):
        pressed = {"activate_pressed_at": clock.now(), "next_refresh_at": after(place - 100)}
        Esim.update(pressed).where(Esim.id == esim.id).execute()
    assert esims.due(3) == [mine[0], theirs, mine[1]]


# --- never paid


def kept() -> set[str]:
    return {order.plan_id for order in Order.select()}


def test_what_nobody_ever_paid_for_is_deleted_after_a_month(advance: Advance) -> None:
    old = make_order(plan_id="old")
    advance(31 * 60)
    orders.expire()
    advance(MONTH_S - 3600)
    retention.purge()
    assert kept() == {"old"}
    make_order("expired", plan_id="young")
    advance(3600)
    period = Period.last(60)
    before = sales.conversion(period)["checkout"]
    retention.purge()
    assert kept() == {"young"}
    assert not OrderEvent.select().where(OrderEvent.order == old.id).exists()
    assert before == sales.conversion(period)["checkout"] == 2, "the report still counts it"


@pytest.mark.parametrize("stage", ["awaiting_payment", "paid", "ready", "active", "failed", "returned"])
def test_only_what_has_ended_unpaid_is_deleted(advance: Advance, stage: str) -> None:
    make_order(stage, plan_id=stage)
    advance(2 * MONTH_S)
    retention.purge()
    assert kept() == {stage}


def test_what_may_have_been_charged_is_not_deleted(advance: Advance) -> None:
    make_payment(make_order("expired", plan_id="created"), state="created", charge_id=None)
    make_payment(make_order("expired", plan_id="charged"))
    make_order("expired", plan_id="allowed", admitted_at=after(-1))
    with_key = make_order("expired", plan_id="key")
    make_order("expired", plan_id="plain")
    advance(2 * MONTH_S)
    IdempotencyKey.create(customer=with_key.customer, key="k", digest="d", order=with_key)
    retention.purge()
    assert kept() == {"created", "charged", "allowed", "key"}
    assert Payment.select().count() == 2


def test_very_many_are_deleted_in_portions(advance: Advance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "PURGED_AT_ONCE", 2)
    for number in range(5):
        make_order("expired", plan_id=f"p{number}")
    advance(2 * MONTH_S)
    assert placing.purge(clock.now()) == 5
    assert kept() == set()


def test_shares_are_forgotten_after_a_day(advance: Advance) -> None:
    shares.take(OWNER, "looks")
    advance(86_000)
    retention.purge()
    assert Share.select().count() == 1
    advance(500)
    retention.purge()
    assert Share.select().count() == 0


def test_the_invoices_of_one_customer_are_so_many_in_an_hour(
    owner: Person, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they tap: a link is made for each order once, and there are so many orders."""
    monkeypatch.setitem(ALLOWED, "orders", Allowance(12, timedelta(hours=1)))
    for plan in plans(ALLOWED["orders"].most + 10) * 2:
        owner.post("/orders", plan_id=plan.plan_id)
    assert len(bot.invoices) == ALLOWED["orders"].most


def test_who_has_used_up_their_invoices_is_told_so(owner: Person, bot: Bot) -> None:
    """It is not Telegram that does not answer."""
    plan, _ = plans(2)
    while shares.take(OWNER, "invoices"):
        pass
    page = owner.post("/orders", plan_id=plan.plan_id)
    assert "a lot of purchases in the last hour" in page.text
    assert "is not answering" not in page.text
    assert bot.invoices == []
