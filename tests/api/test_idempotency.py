"""The same key with the same body is one order, however many ask at once, until it has ended unpaid."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from tests.api.asking import ask, refusal, told
from tests.shop.conftest import Person
from tests.shop.factories import BUNDLE, OWNER, PLAN, after, charge, make_bundle, make_customer, make_plan
from tests.shop.moments import Moments
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import IdempotencyKey, Order, Plan, Refund, db
from webapp.models.orders import AWAITING_FOR
from webapp.orders import idempotency, payments
from webapp.orders.payments import stars
from webapp.state import provider as provider_state

KEY = "6f1c2f0e-3a55-4b0e-9f0a-0d8b3e1c7a42"
ANOTHER = "tr-10gb-30d"

pytestmark = pytest.mark.usefixtures("shelves")


def at_once(calls: int, ask_once: Callable[[int], Any]) -> list[Any]:
    """The results of so many calls that begin at the same moment, each in a thread of its own."""
    barrier = Barrier(calls)

    def call(number: int) -> Any:
        db.keep_connection()
        try:
            barrier.wait(60)
            return ask_once(number)
        finally:
            db.database.close()

    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(call, range(calls)))


def test_the_same_key_and_body_are_one_order(owner: Person) -> None:
    answers = [told(ask(owner, KEY)) for _ in range(5)]
    assert answers == [answers[0]] * 5
    assert (Order.select().count(), IdempotencyKey.select().count()) == (1, 1)


def test_the_same_key_with_another_plan_is_a_conflict(owner: Person) -> None:
    make_plan(ANOTHER)
    first = told(ask(owner, KEY))
    for body in ({"plan_id": ANOTHER}, {"plan_id": "none"}, {"bundle_id": BUNDLE}):
        assert refusal(ask(owner, KEY, body)) == (409, "idempotency_conflict")
    assert told(ask(owner, KEY)) == first
    assert Order.select().count() == 1


def test_what_the_body_says_besides_the_plan_does_not_count(owner: Person) -> None:
    bodies: list[dict[str, object]] = [
        {"plan_id": PLAN},
        {"x": [1], "plan_id": PLAN},
        {"plan_id": PLAN, "bundle_id": "y"},
    ]
    assert len({told(ask(owner, KEY, body))["id"] for body in bodies}) == 1


def test_a_key_is_the_customers_own(owner: Person, stranger: Person) -> None:
    assert told(ask(owner, KEY))["id"] != told(ask(stranger, KEY))["id"]
    assert IdempotencyKey.select().count() == 2


def test_two_keys_share_the_order_that_still_awaits_payment(owner: Person) -> None:
    assert told(ask(owner, "one"))["id"] == told(ask(owner, "two"))["id"]


def test_without_a_key_a_repeated_call_is_the_awaiting_order(owner: Person) -> None:
    assert told(ask(owner))["id"] == told(ask(owner))["id"]
    assert IdempotencyKey.select().count() == 0


@pytest.mark.parametrize(
    ("stages", "status"),
    [
        (["paid"], "pending"),
        (["paid", "submitting", "unknown"], "processing"),
        (["paid", "failed"], "failed"),
        (["expired", "paid"], "pending"),
    ],
)
def test_a_key_tells_of_its_order_whatever_has_become_of_it(
    owner: Person, stages: list[str], status: str
) -> None:
    first = told(ask(owner, KEY))
    for stage in stages:
        assert Order.get().move(stage, actor="test")
    again = told(ask(owner, KEY))
    assert again == first | {"status": status, "invoice_url": None}
    assert Order.select().count() == 1
    assert told(ask(owner, "another"))["id"] != first["id"]


def test_a_key_is_answered_when_its_plan_has_gone_and_sales_are_paused(owner: Person) -> None:
    first = told(ask(owner, KEY))
    Plan.update(available=False).execute()
    provider_state.out_of_funds(1)
    assert told(ask(owner, KEY)) == first


def test_a_bundle_that_serves_another_plan_now_is_still_the_same_request(owner: Person) -> None:
    first = told(ask(owner, KEY, {"bundle_id": BUNDLE}))
    another = make_plan(ANOTHER, bundle=make_bundle("esim_10GB_30D_TR_V2"))
    Plan.update(bundle=another.bundle).where(Plan.plan_id == PLAN).execute()
    Plan.update(bundle=make_bundle()).where(Plan.plan_id == ANOTHER).execute()
    assert told(ask(owner, KEY, {"bundle_id": BUNDLE})) == first


def test_a_request_that_was_refused_leaves_its_key_free(owner: Person) -> None:
    assert refusal(ask(owner, KEY, {"plan_id": "none"})) == (422, "not_for_sale")
    assert told(ask(owner, KEY))["plan_id"] == PLAN


def test_fifty_requests_at_once_with_one_key_are_one_order(app: Flask, owner: Person) -> None:
    headers = owner.headers
    headers["Idempotency-Key"] = KEY

    def post(_number: int) -> tuple[int, Any]:
        answer = app.test_client().post("/api/esimgo/order", json={"plan_id": PLAN}, headers=headers)
        return answer.status_code, (answer.json or {}).get("id")

    answers = at_once(50, post)
    assert answers == [(201, Order.get().reference)] * 50
    assert (Order.select().count(), IdempotencyKey.select().count()) == (1, 1)


def test_when_bodies_race_for_one_key_one_wins_and_the_others_are_told(app: Flask) -> None:
    customer = make_customer()
    plans = [make_plan(), make_plan(ANOTHER)]

    def place(number: int) -> str:
        plan = plans[number % 2]
        try:
            return idempotency.place(customer, plan, KEY, plan.plan_id).plan_id
        except idempotency.Conflict:
            return "conflict"

    answers = at_once(20, place)
    won = Order.get().plan_id
    assert sorted(answers) == sorted([won] * 10 + ["conflict"] * 10)
    assert Order.select().count() == 1, "the order of the one who lost is not left behind"


def test_the_key_and_its_order_are_committed_together(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_values: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(IdempotencyKey, "create", fail)
        assert ask(owner, KEY).status_code == 500
    assert Order.select().count() == 0
    told(ask(owner, KEY))


def test_a_tap_that_comes_second_to_an_order_paid_meanwhile_is_a_new_order(moments: Moments) -> None:
    customer, plan = make_customer(), make_plan()
    looked = 'SELECT .* FROM "orders"'

    def tap() -> None:
        orders.place(customer, plan)
        moments.before(looked, pay)

    def pay() -> None:
        Order.get().move("paid", actor="test")

    moments.after(looked, tap)
    second = orders.place(customer, plan)
    assert [order.stage for order in Order.select().order_by(Order.id)] == ["paid", "awaiting_payment"]
    assert second == Order.get(Order.stage == "awaiting_payment")


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("since_end", [-1, 0, 1])
def test_a_key_is_kept_for_two_days_whether_or_not_a_job_has_come_by(owner: Person, since_end: float) -> None:
    first = told(ask(owner, KEY))
    Order.get().move("paid", actor="test")
    IdempotencyKey.update(created_at=after(-since_end) - idempotency.KEPT_FOR).execute()
    assert (told(ask(owner, KEY))["id"] == first["id"]) is (since_end <= 0)
    assert (Order.select().count(), IdempotencyKey.select().count()) == (1 + (since_end > 0), 1)
    IdempotencyKey.update(created_at=after(-since_end) - idempotency.KEPT_FOR).execute()
    assert idempotency.purge(clock.now()) == (since_end > 0)


# --- an order that ended unpaid


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("since_end", [-1, 0, 1])
def test_a_key_is_free_from_the_second_in_which_its_order_ends_unpaid(
    owner: Person, since_end: float
) -> None:
    first = told(ask(owner, KEY))
    Order.update(created_at=after(-since_end) - AWAITING_FOR).execute()
    again = told(ask(owner, KEY))
    assert (again["id"] == first["id"]) is (since_end <= 0)
    assert (again["status"], bool(again["invoice_url"])) == ("pending", True)
    assert told(ask(owner, KEY)) == again, "it stands for the new one"
    assert IdempotencyKey.select().count() == 1


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("ago_s", "same"), [(599, True), (600, False)])
def test_a_key_stays_with_an_order_whose_charge_may_still_come(
    owner: Person, ago_s: float, same: bool
) -> None:
    first = told(ask(owner, KEY))
    Order.update(created_at=after(-30) - AWAITING_FOR, admitted_at=after(-ago_s)).execute()
    assert (told(ask(owner, KEY))["id"] == first["id"]) is same


def test_a_key_that_is_free_may_be_used_for_something_else(owner: Person) -> None:
    make_plan(ANOTHER)
    told(ask(owner, KEY))
    Order.get().move("expired", actor="test")
    assert told(ask(owner, KEY, {"plan_id": ANOTHER}))["plan_id"] == ANOTHER
    assert refusal(ask(owner, KEY)) == (409, "idempotency_conflict")


def test_a_refused_request_leaves_a_free_key_free(owner: Person) -> None:
    told(ask(owner, KEY))
    Order.get().move("expired", actor="test")
    Plan.update(available=False).execute()
    assert refusal(ask(owner, KEY)) == (422, "not_for_sale")
    Plan.update(available=True).execute()
    assert told(ask(owner, KEY))["status"] == "pending"


def test_a_charge_on_the_order_that_ended_pays_for_that_one_alone(owner: Person, config: Config) -> None:
    old = told(ask(owner, KEY))
    Order.update(created_at=after(-1) - AWAITING_FOR).execute()
    new = told(ask(owner, KEY))
    payments.confirm(stars.charge(OWNER, charge(Order.get(Order.reference == old["id"]))), config)
    stages = {order.reference: order.stage for order in Order.select()}
    assert stages == {old["id"]: "paid", new["id"]: "awaiting_payment"}
    assert (told(ask(owner, KEY))["id"], Refund.select().count()) == (new["id"], 0)


def test_twenty_requests_at_once_with_a_key_that_is_free_are_one_order(app: Flask, owner: Person) -> None:
    old = told(ask(owner, KEY))
    Order.update(created_at=after(-1) - AWAITING_FOR).execute()
    headers = owner.headers | {"Idempotency-Key": KEY}

    def post(_number: int) -> tuple[int, Any]:
        answer = app.test_client().post("/api/esimgo/order", json={"plan_id": PLAN}, headers=headers)
        return answer.status_code, (answer.json or {}).get("id")

    answers = at_once(20, post)
    new = Order.get(Order.reference != old["id"])
    assert answers == [(201, new.reference)] * 20
    assert (Order.select().count(), IdempotencyKey.select().count()) == (2, 1)
