"""Paid = delivered + returned + refunded + in flight, and an alarm when it does not."""

import pytest
from flask import Flask

from tests.shop.conftest import Advance
from tests.shop.factories import OWNER, charge, leader, make_order, make_payment, make_refund
from tests.shop.standins import Bot
from webapp import orders
from webapp.base.config import Config
from webapp.books import ledger
from webapp.books.ledger import Account
from webapp.models import STATUS, LedgerSeal, Order, Payment, Refund
from webapp.orders import payments
from webapp.orders.payments import stars
from webapp.state import incidents

pytestmark = pytest.mark.usefixtures("database")


def test_every_stage_has_its_place_and_it_adds_up(bot: Bot) -> None:
    for stage in STATUS:
        make_order(stage, plan_id=stage)
    assert ledger.accounts() == [Account("XTR", 8 * 453, 2 * 453, 0, 0, 6 * 453)]
    payments.issue_refunds(bot, leader())
    assert ledger.accounts() == [Account("XTR", 8 * 453, 2 * 453, 453, 453, 4 * 453)]
    assert ledger.check()
    assert incidents.open_ones() == []


def test_nothing_at_all_adds_up() -> None:
    assert (ledger.accounts(), ledger.check()) == ([], True)


def test_charges_for_nothing_are_in_flight_until_they_are_back(bot: Bot, config: Config) -> None:
    order = make_order()
    for number in range(3):
        payments.confirm(stars.charge(OWNER, charge(order, f"c{number}")), config)
    make_refund(None)
    (account,) = ledger.accounts()
    assert (account.paid, account.in_flight, account.difference) == (4 * 453, 4 * 453, 0)
    payments.issue_refunds(bot, leader())
    (account,) = ledger.accounts()
    assert (account.refunded, account.in_flight, account.difference) == (3 * 453, 453, 0)


def lose_refund(order: Order) -> None:
    orders.fail(order, "deadline", actor="job")
    Refund.delete().execute()
    Payment.update(state="confirmed").execute()


def deliver_unpaid(order: Order) -> None:
    Payment.delete().execute()


def keep_a_second_charge(order: Order) -> None:
    make_payment(order)


def refund_what_is_still_delivered(order: Order) -> None:
    payments.refund(Payment.get(Payment.order == order), "by mistake")


@pytest.mark.parametrize(
    "wrong", [lose_refund, deliver_unpaid, keep_a_second_charge, refund_what_is_still_delivered]
)
def test_what_is_lost_or_given_twice_rings_until_it_is_mended(wrong: object) -> None:
    order = make_order("accepted")
    assert ledger.check()
    wrong(order)  # type: ignore[operator] # one of the functions above
    assert not ledger.check()
    (incident,) = incidents.open_ones()
    assert (incident.kind, order.reference in incident.detail or "charge-" in incident.detail) == (
        "ledger",
        True,
    )


def test_two_mistakes_that_even_out_are_found_all_the_same() -> None:
    Payment.delete().where(Payment.order == make_order("ready", plan_id="unpaid")).execute()
    make_payment(make_order("ready", plan_id="twice"))
    assert ledger.accounts()[0].difference == 0
    assert {difference for _, difference in ledger.odd_ones()} == {453, -453}
    assert not ledger.check()
    (incident,) = incidents.open_ones()
    told = ", ".join(f"{subject}: {difference}" for subject, difference in ledger.odd_ones())
    assert incident.detail == f"it does not add up: {told}"


@pytest.mark.parametrize("state", ["due", "sent", "stuck"])
def test_what_is_on_its_way_back_is_in_flight_whatever_became_of_it_so_far(state: str) -> None:
    make_refund(None, state=state)
    assert ledger.accounts() == [Account("XTR", 453, 0, 0, 0, 453)]
    assert ledger.check()


def test_the_alarm_ends_when_it_adds_up_again() -> None:
    order = make_order("ready")
    second = make_payment(order)
    assert not ledger.check()
    payments.refund(second, "nothing to pay for")
    assert ledger.check()
    assert incidents.open_ones() == []


def test_each_currency_has_an_account_of_its_own() -> None:
    make_order("ready")
    make_payment(None, currency="USD", amount=5)
    assert sorted(ledger.accounts()) == [Account("USD", 5, 0, 0, 0, 0), Account("XTR", 453, 453, 0, 0, 0)]
    assert ledger.odd_ones() == [(Payment.get(Payment.currency == "USD").charge_id, 5)]


def test_a_charge_that_was_taken_back_elsewhere_is_not_sold(config: Config) -> None:
    order = make_order("ready")
    payments.refund_seen(str(Payment.get().charge_id), actor="telegram")
    assert ledger.accounts() == [Account("XTR", 453, 0, 0, 453, 0)]
    assert order.fresh().stage == "ready"


def test_what_was_taken_back_of_one_order_says_nothing_of_another() -> None:
    make_refund(None)
    other, order = make_order("ready", plan_id="other"), make_order("ready")
    payments.refund_seen(str(Payment.get(Payment.order == order).charge_id), actor="telegram")
    assert ledger.check()
    Payment.delete().where(Payment.order == other).execute()
    assert ledger.odd_ones() == [(other.reference, -453)]


def test_one_currency_does_not_make_up_for_another() -> None:
    order = make_order("ready")
    Payment.update(currency="USD").execute()
    assert sorted(ledger.odd_ones()) == [(order.reference, -453), (order.reference, 453)]


def test_a_second_charge_that_was_taken_back_elsewhere_leaves_the_first_one_sold() -> None:
    make_payment(make_order("ready"), charge_id="second")
    payments.refund_seen("second", actor="statement")
    assert ledger.accounts() == [Account("XTR", 2 * 453, 453, 0, 453, 0)]
    assert ledger.check()


def test_a_charge_that_was_allowed_and_never_made_is_no_payment() -> None:
    make_payment(make_order("ready"), state="created", charge_id=None, confirmed_at=None)
    assert ledger.accounts() == [Account("XTR", 453, 453, 0, 0, 0)]
    assert ledger.check()


def test_the_command_says_it_and_fails_when_it_does_not_add_up(app: Flask) -> None:
    order = make_order("ready")
    told = app.test_cli_runner().invoke(args=["ledger"])
    assert told.exit_code == 0
    assert "XTR: paid 453 = delivered 453 + returned 0 + refunded 0 + in flight 0" in told.output
    make_payment(order)
    told = app.test_cli_runner().invoke(args=["ledger"])
    assert (told.exit_code, f"{order.reference} does not add up: +453" in told.output) == (1, True)


# --- every night


def nights(advance: Advance) -> bool:
    """Three nights, in which nothing happens; does it add up in the last?"""
    for _ in range(3):
        advance(86_400)
        added_up = ledger.check_new()
    return added_up


def test_what_was_right_is_not_read_again_and_what_has_changed_is(advance: Advance) -> None:
    orders_ = [make_order("ready", plan_id=f"plan-{number}") for number in range(3)]
    assert ledger.check_new()
    assert nights(advance)
    Payment.delete().where(Payment.order == orders_[0]).execute()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "LATE", 0)
        assert ledger.check_new(), "nothing tells of it, and it is an old one"
        assert not ledger.check(), "a full check finds it"
        keep_a_second_charge(orders_[1])
        assert not ledger.check_new()
        assert orders_[1].reference in incidents.open_ones()[0].detail
        payments.refund(Payment.select().order_by(Payment.id.desc()).get(), "nothing to pay for")
        assert ledger.check_new()
        refund_what_is_still_delivered(orders_[2])
        assert not ledger.check_new(), "a journal tells of it"


def test_of_a_charge_without_an_order_the_journal_tells(advance: Advance) -> None:
    make_refund(None)
    assert ledger.check_new()
    assert nights(advance)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "LATE", 0)
        Refund.delete().execute()
        assert ledger.check_new()
        Payment.update(state="confirmed").execute()
        assert Payment.get().move("refund_due", actor="test")
        assert not ledger.check_new()


def test_what_does_not_add_up_is_told_every_night_until_it_does(advance: Advance) -> None:
    order = make_order("ready")
    second = make_payment(order)
    for _ in range(4):
        assert not ledger.check_new()
        advance(86_400)
    assert LedgerSeal.select().count() == 0
    payments.refund(second, "nothing to pay for")
    assert ledger.check_new()
    assert (LedgerSeal.select().count(), incidents.open_ones()) == (1, [])
