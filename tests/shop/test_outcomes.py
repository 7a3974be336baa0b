"""What was bought is bound to its intent, and what was not delivered in time ends with its refund."""

import pytest

from tests.shop.factories import (
    after,
    intent_of,
    lead,
    make_order,
    make_payment,
    make_submission,
    placed,
)
from tests.shop.standins import Provider
from webapp import orders
from webapp.base.config import Config
from webapp.models import Esim, Notification, Order, Payment, Refund, Submission
from webapp.orders import payments

pytestmark = pytest.mark.usefixtures("database")


def test_an_answer_without_install_data_is_collected_later(provider: Provider, config: Config) -> None:
    order = make_order("paid")
    provider.answers = [placed("ref-1", esims=0)]
    orders.submit_next(provider, lead(), config)
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("accepted", "ref-1")
    assert Esim.select().count() == 0
    assert Notification.select().count() == 0


def test_what_was_bought_after_its_order_had_ended_is_stock() -> None:
    order = make_order("unknown")
    orders.fail(order, "deadline", actor="job")
    assert orders.record(intent_of(order), placed("ref-late"), actor="reconcile")
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == ("stock", "ref-late")
    assert (order.fresh().stage, Esim.select().count()) == ("failed", 0)


def test_what_an_earlier_intent_bought_is_stock_while_the_next_one_runs() -> None:
    order = make_order("submitting")
    earlier = intent_of(order)
    Order.update(submission_id=make_submission(order).id).execute()
    assert orders.record(earlier, placed("ref-late"), actor="provider")
    assert Submission.get_by_id(earlier.id).outcome == "stock"
    assert order.fresh().stage == "submitting"


def test_one_purchase_is_never_bound_to_two_intents() -> None:
    taken = make_order("ready", plan_id="first")
    order = make_order("submitting")
    reference = str(intent_of(taken).esimgo_order_id)
    assert not orders.record(intent_of(order), placed(reference), actor="provider")
    assert (order.fresh().stage, intent_of(order).outcome) == ("unknown", None)
    assert intent_of(taken).outcome == "bought"


# --- the end


@pytest.mark.parametrize(
    ("stage", "left_s", "fails"),
    [
        ("paid", 119, True),
        ("paid", 125, False),
        ("unknown", 25, True),
        ("unknown", 60, False),
        ("accepted", 25, True),
        ("accepted", 60, False),
        ("submitting", -1, False),
        ("ready", -1, False),
        ("active", -1, False),
    ],
)
def test_what_is_not_delivered_in_time_fails_with_its_refund(stage: str, left_s: float, fails: bool) -> None:
    order = make_order(stage, deadline_at=after(left_s))
    assert orders.enforce_deadlines() == int(fails)
    assert order.fresh().stage == ("failed" if fails else stage)
    assert order.fresh().failure == ("deadline" if fails else "")
    assert [refund.payment.order for refund in Refund.select()] == ([order] if fails else [])
    assert [row.kind for row in Notification.select()] == (["failed"] if fails else [])
    assert orders.enforce_deadlines() == 0


@pytest.mark.parametrize(
    "broken", ["webapp.orders.payments.return_all", "webapp.customers.notifications.enqueue"]
)
def test_an_order_never_fails_without_its_refund(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    def refuse(*_values: object) -> None:
        raise RuntimeError("the machine stops here")

    order = make_order("unknown", deadline_at=after(-1))
    monkeypatch.setattr(broken, refuse)
    with pytest.raises(RuntimeError):
        orders.enforce_deadlines()
    assert (order.fresh().stage, Refund.select().count()) == ("unknown", 0)


def test_every_charge_of_a_failed_order_goes_back_once() -> None:
    order = make_order("paid")
    make_payment(order)
    payments.return_all(order, "deadline")
    assert orders.fail(order, "deadline", actor="job")
    assert {refund.payment for refund in Refund.select()} == set(Payment.select())
    assert Refund.select().count() == 2


def test_who_is_too_late_to_end_an_order_refunds_nothing() -> None:
    order = make_order("paid")
    order.fresh().move("submitting", actor="job")
    assert not orders.fail(order, "deadline", actor="job")
    assert (order.fresh().stage, Refund.select().count()) == ("submitting", 0)
