"""How much one customer may buy, said in words before any money moves; a burst waits for the owner."""

import re
from typing import Any

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    PLAN,
    after,
    checkout,
    lead,
    leader,
    make_customer,
    make_order,
    make_plan,
    quoted,
)
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.models import Customer, Order
from webapp.orders import limits, payments
from webapp.orders.payments import stars
from webapp.state import incidents

pytestmark = pytest.mark.usefixtures("database")


def strict(config: Config, **changes: int) -> Config:
    numbers = {"orders": 100, "stars": 100_000, "first": 100_000, "burst": 100} | changes
    limits = "orders={orders}/day stars={stars}/day first={first} burst={burst}/hour".format(**numbers)
    return changed(config, purchase_limits=limits)


def bought(count: int, stage: str = "ready", ago_s: float = 7200) -> None:
    for number in range(count):
        at = after(-ago_s)
        make_order(stage, plan_id=f"{stage}-{ago_s}-{number}", created_at=at, paid_at=at)


def refusal(config: Config, price: int = 453) -> str | None:
    make_customer()
    return limits.refusal(Customer.get(Customer.telegram_user_id == OWNER), price, config)


def test_so_many_orders_a_day_and_no_more(config: Config) -> None:
    may = strict(config, orders=3)
    bought(2)
    bought(5, "failed", 3600)
    bought(5, "active", 90_000)
    assert refusal(may) is None
    bought(1, "paid")
    assert refusal(may) == "many"


def test_so_many_stars_a_day_and_no_more(config: Config) -> None:
    bought(2)
    assert refusal(strict(config, stars=3 * 453)) is None
    assert refusal(strict(config, stars=3 * 453 - 1)) == "much"


def test_who_is_new_buys_less_until_something_was_kept_for_a_day(config: Config) -> None:
    may = strict(config, first=1000)
    assert refusal(may, 1000) is None
    assert refusal(may, 1001) == "first"
    bought(1)
    assert refusal(may, 900) == "first"
    bought(1, "failed", 90_000)
    assert refusal(may, 900) == "first"
    make_order("active", make_customer(77), paid_at=after(-90_000))
    assert refusal(may, 900) == "first", "what somebody else has kept says nothing"


@pytest.mark.parametrize("stage", ["ready", "active"])
def test_who_has_kept_something_for_a_day_is_known(config: Config, stage: str) -> None:
    bought(1, stage, 90_000)
    assert refusal(strict(config, first=1000), 9000) is None


def test_a_burst_is_held_until_the_owner_releases_it(config: Config) -> None:
    may = strict(config, burst=3)
    bought(3, "ready", 4000)
    assert refusal(may) is None
    bought(3, "failed", 600)
    assert refusal(may) == "held"
    (hold,) = limits.held()
    assert (hold.customer, hold.reason) == (Customer.get(), "burst")
    assert [(incident.kind, incident.subject) for incident in incidents.open_ones()] == [
        ("customer_held", hold.name)
    ]
    assert refusal(strict(config)) == "held", "whatever is counted later"
    assert limits.release(hold)
    assert (refusal(may), incidents.open_ones(), limits.release(hold)) == (None, [], False)
    bought(3, "paid", -1)
    assert refusal(may) == "held"


def test_one_customer_is_held_for_the_first_reason_and_nobody_else_is() -> None:
    held, free = make_customer(), make_customer(77)
    limits.hold(held, "burst")
    limits.hold(held, "chargeback")
    (hold,) = limits.held()
    assert (hold.customer, hold.reason) == (held, "burst")
    assert [incident.detail for incident in incidents.open_ones()] == ["burst"]
    limits.hold(free, "chargeback")
    limits.release(hold)
    assert [hold.customer for hold in limits.held()] == [free]


def test_who_has_waited_longest_for_the_owner_is_listed_first(advance: Advance) -> None:
    second, first = make_customer(77), make_customer()
    for customer in (first, second):
        limits.hold(customer, "burst")
        advance(60)
    assert [hold.customer for hold in limits.held()] == [first, second]


def test_what_may_be_paid_in_this_moment_counts(config: Config) -> None:
    may = strict(config, orders=1)
    order = make_order(admitted_at=after(-10))
    assert refusal(may) == "many"
    assert limits.refusal(Customer.get(), 453, may, besides=order) is None


DAY = 86_400


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("limit", "order", "refused"),
    [
        ("orders", {"stage": "ready", "paid_at": DAY}, None),
        ("orders", {"stage": "ready", "paid_at": DAY - 0.1}, "many"),
        ("orders", {"stage": "awaiting_payment"}, None),
        ("orders", {"stage": "awaiting_payment", "admitted_at": 60}, None),
        ("orders", {"stage": "awaiting_payment", "admitted_at": 59.9}, "many"),
        ("orders", {"stage": "expired", "admitted_at": 59.9}, "many"),
        ("burst", {"stage": "ready", "paid_at": 3600}, None),
        ("burst", {"stage": "ready", "paid_at": 3599.9}, "held"),
        ("first", {"stage": "ready", "paid_at": DAY}, "first"),
        ("first", {"stage": "ready", "paid_at": DAY + 0.1}, None),
    ],
)
def test_each_limit_ends_to_the_second(
    config: Config, limit: str, order: dict[str, Any], refused: str | None
) -> None:
    """How many seconds ago it was paid, or its payment allowed; it was placed half an hour before."""
    moments: dict[str, Any] = {name: after(-ago) for name, ago in order.items() if name != "stage"}
    long_ago = after(-order.get("paid_at", 0) - 1800)
    make_order(order["stage"], created_at=long_ago, **moments)
    assert refusal(strict(config, **{limit: 1})) == refused


def test_somebody_elses_purchases_do_not_count(config: Config) -> None:
    make_order("ready", make_customer(77))
    assert refusal(strict(config, orders=1)) is None


@pytest.mark.parametrize(("limit", "count"), [("orders", 1), ("stars", 453), ("first", 453), ("burst", 1)])
def test_it_is_said_before_the_charge(config: Config, limit: str, count: int) -> None:
    lead()
    quoted()
    bought(1, "ready", 60)
    order, may = make_order(), strict(config, **{limit: count})
    asked = stars.question(checkout(order))
    with speaking("en"):
        english = payments.pre_checkout(asked, may)
    with speaking("ru"):
        russian = payments.pre_checkout(asked, may)
    assert "You have not been charged" in str(english)
    assert re.search("[А-Яа-я]{3}", str(russian)) and not re.search("[A-Za-z]{3}", str(russian))
    assert order.fresh().admitted_at is None


def test_it_is_said_when_an_order_is_placed(app: Flask, owner: Person) -> None:
    leader()
    make_plan()
    limits.hold(make_customer(), "burst")
    page = owner.post("/orders", plan_id=PLAN)
    data = owner.browser.post("/api/esimgo/order", json={"plan_id": PLAN}, headers=owner.headers)
    assert (page.status_code, "before the next one" in text(page)) == (422, True)
    assert data.json is not None
    assert (data.status_code, data.json["error"]["code"]) == (422, "limit_reached")
    assert Order.select().count() == 0


def test_the_owner_lists_and_releases_by_a_command(app: Flask) -> None:
    limits.hold(make_customer(first_name="Ann"), "chargeback")
    run = app.test_cli_runner().invoke
    assert "1001 Ann: chargeback, since " in run(args=["customers", "held"]).output
    assert run(args=["customers", "release", str(OWNER)]).output == "1001 may buy again.\n"
    assert (limits.held(), run(args=["customers", "held"]).output) == ([], "Nobody is held.\n")
    assert run(args=["customers", "release", str(OWNER)]).exit_code == 1
    assert run(args=["customers", "release", "5"]).exit_code == 1
