"""The states of an order: which moves there are, and who wins a race."""

import pytest
from peewee import IntegrityError

from tests.shop.factories import events, make_customer, make_order, make_submission, near
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import OPEN_STAGES, STATUS, TRANSITIONS, Order, OrderEvent

PAIRS = [(here, there) for here in STATUS for there in STATUS]

pytestmark = pytest.mark.usefixtures("database")


def test_the_moves_are_those_of_the_design() -> None:
    moves = {f"{here} > {there}" for here, there in PAIRS if there in TRANSITIONS[here]}
    assert moves == {
        "awaiting_payment > paid",
        "awaiting_payment > expired",
        "expired > paid",
        "expired > failed",
        "paid > submitting",
        "paid > failed",
        "submitting > ready",
        "submitting > accepted",
        "submitting > failed",
        "submitting > paid",
        "submitting > unknown",
        "unknown > ready",
        "unknown > accepted",
        "unknown > paid",
        "unknown > failed",
        "accepted > ready",
        "accepted > failed",
        "accepted > unknown",
        "ready > active",
        "ready > returned",
        "active > returned",
    }


def test_every_allowed_move_is_made_once_with_its_journal_row() -> None:
    for number, (here, there) in enumerate(pair for pair in PAIRS if pair[1] in TRANSITIONS[pair[0]]):
        order = make_order(here, plan_id=f"plan-{number}")
        assert order.move(there, actor="test", note="because", failure="why")
        assert (order.stage, order.fresh().stage, order.fresh().failure) == (there, there, "why")
        (event,) = events(order)
        told = (event.from_stage, event.to_stage, event.actor, event.note)
        assert told == (here, there, "test", "because")
        assert near(event.at, clock.now())


def test_every_other_move_is_an_error_and_changes_nothing() -> None:
    orders = {stage: make_order(stage, plan_id=f"plan-{number}") for number, stage in enumerate(STATUS)}
    for here, there in (pair for pair in PAIRS if pair[1] not in TRANSITIONS[pair[0]]):
        order = orders[here]
        with pytest.raises(ValueError, match=f"from {here} to {there}"):
            order.move(there, actor="test")
        assert order.fresh().stage == here
        assert events(order) == []


def test_who_loses_the_race_is_told_so_and_writes_nothing() -> None:
    first = make_order("paid")
    second = first.fresh()
    assert first.move("submitting", actor="first")
    assert not second.move("failed", actor="second", failure="deadline")
    assert (second.stage, second.failure) == ("paid", ""), "the loser still shows what it has read"
    assert (first.fresh().stage, first.fresh().failure) == ("submitting", "")
    assert [event.actor for event in events(first)] == ["first"]


def test_an_older_intent_cannot_move_an_order_that_a_newer_one_has_taken() -> None:
    order = make_order("submitting")
    older = order.fresh()
    newer = make_submission(order)
    Order.update(submission_id=newer.id).where(Order.id == order.id).execute()
    assert not older.move("unknown", actor="older")
    assert (order.fresh().stage, events(order)) == ("submitting", [])


def test_a_failing_journal_takes_its_move_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_values: object) -> None:
        raise RuntimeError("no journal")

    order = make_order("paid")
    monkeypatch.setattr(OrderEvent, "create", refuse)
    with pytest.raises(RuntimeError):
        order.move("failed", actor="test")
    assert order.fresh().stage == "paid"


def test_a_long_note_is_cut_to_what_the_journal_holds() -> None:
    order = make_order("paid")
    order.move("failed", actor="test", note="n" * 9000)
    assert len(events(order)[0].note) == 500


def test_each_stage_has_a_status_and_the_database_knows_no_other() -> None:
    assert set(TRANSITIONS) == set(STATUS)
    assert set(STATUS.values()) == {"pending", "processing", "active", "failed"}
    assert set(OPEN_STAGES) < set(STATUS)
    with pytest.raises(IntegrityError):
        make_order("delivered")


def test_status_follows_the_stage() -> None:
    for number, (stage, status) in enumerate(STATUS.items()):
        assert make_order(stage, plan_id=f"plan-{number}").status == status


def test_a_customer_has_one_open_order_for_a_plan_and_any_number_of_closed_ones() -> None:
    for stage in ("expired", "expired", "paid", "awaiting_payment"):
        make_order(stage)
    with pytest.raises(IntegrityError):
        make_order()
    make_order(customer=make_customer(7))
    make_order(plan_id="another")


def test_each_esim_can_have_its_own_open_top_up() -> None:
    for esim_id in (None, 1, 2):
        make_order(esim_id=esim_id)
    with pytest.raises(IntegrityError):
        make_order(esim_id=2)


def test_references_are_random_and_safe_in_urls_and_invoices(database: Config) -> None:
    references = {make_order("expired").reference for _ in range(50)}
    assert len(references) == 50
    assert all(len(name) >= 16 and name.replace("-", "").replace("_", "").isalnum() for name in references)
