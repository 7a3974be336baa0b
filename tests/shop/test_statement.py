"""Telegram's list of charges and refunds against ours, both ways."""

from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    OWNER,
    charge,
    checkout,
    lead,
    leader,
    make_order,
    make_payment,
    make_plan,
    near,
    quoted,
)
from tests.shop.standins import Bot, always
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.errors import Lost
from webapp.models import Customer, Order, Payment, Refund, ReturnRequest
from webapp.orders import payments
from webapp.orders.payments import ProviderError, stars
from webapp.state import incidents, outages

pytestmark = pytest.mark.usefixtures("database")


def line(order: Order | None, charge_id: str, *, ago_s: float = 30, back: bool = False) -> dict[str, Any]:
    partner = {"type": "user", "user": {"id": OWNER}, "invoice_payload": order.reference if order else "gone"}
    row = {"id": charge_id, "amount": 453, "date": int(clock.timestamp() - ago_s)}
    return row | {"receiver" if back else "source": partner}


def read(bot: Bot, config: Config, advance: Advance) -> int:
    """The next reading, whenever the last one was."""
    advance(601)
    return payments.reconcile(bot, config)


def rung() -> set[tuple[str, str]]:
    return {(incident.kind, incident.subject) for incident in incidents.open_ones()}


def test_a_payment_that_nobody_told_us_of_is_served(bot: Bot, config: Config) -> None:
    order = make_order()
    bot.transactions = [line(order, "unheard")]
    assert payments.reconcile(bot, config) == 1
    paid = order.fresh()
    assert (paid.stage, Payment.get().charge_id) == ("paid", "unheard")
    assert near(paid.deadline_at, clock.now(), 900), "counted from the charge"
    assert (paid.deadline_at - clock.now()).total_seconds() < 875
    payments.confirm(stars.charge(OWNER, charge(order, "unheard")), config)
    assert (Payment.select().count(), Refund.select().count()) == (1, 0)


def test_one_that_is_found_too_late_to_be_served_goes_back_at_once(bot: Bot, config: Config) -> None:
    make_plan()
    order = make_order("expired")
    bot.transactions = [line(order, "late", ago_s=3600)]
    payments.reconcile(bot, config)
    orders.enforce_deadlines()
    assert (order.fresh().stage, Refund.get().payment.charge_id) == ("failed", "late")


def test_one_for_nothing_goes_back(bot: Bot, config: Config) -> None:
    bot.transactions = [line(None, "stray")]
    assert payments.reconcile(bot, config) == 1
    assert Refund.get().payment.charge_id == "stray"


def test_an_old_one_is_left_to_a_person(bot: Bot, config: Config) -> None:
    bot.transactions = [line(make_order(), "old", ago_s=25 * 3600)]
    assert payments.reconcile(bot, config) == 0
    assert (Payment.select().count(), rung()) == (0, {("unknown_payment", "old")})


def test_one_that_went_back_already_is_booked_so_and_never_served(bot: Bot, config: Config) -> None:
    order = make_order()
    bot.transactions = [line(order, "back"), line(order, "back", back=True)]
    assert payments.reconcile(bot, config) == 1
    assert (order.fresh().stage, Payment.get().state, Refund.get().state) == (
        "awaiting_payment",
        "refunded",
        "done",
    )


def test_a_lost_word_of_our_own_refund_is_found(bot: Bot, config: Config) -> None:
    order = make_order("failed")
    charge_id = str(Payment.get().charge_id)
    bot.transactions = [line(order, charge_id), line(order, charge_id, back=True)]
    assert payments.reconcile(bot, config) == 1
    assert (Refund.get().state, Payment.get().state) == ("done", "refunded")
    assert payments.issue_refunds(bot, lead()) == 0


@pytest.mark.parametrize("stage", ["paid", "unknown", "accepted"])
def test_a_refund_made_elsewhere_ends_an_open_order_and_nothing_is_bought(
    bot: Bot, config: Config, stage: str
) -> None:
    order = make_order(stage)
    bot.transactions = [line(order, str(Payment.get().charge_id), back=True)]
    payments.reconcile(bot, config)
    orders.enforce_deadlines()
    assert (order.fresh().stage, Refund.select().count()) == ("failed", 1)
    assert Customer.get().held_at is None


def test_a_refund_made_elsewhere_of_what_was_delivered_holds_the_customer_and_asks_for_the_plan(
    bot: Bot, config: Config
) -> None:
    order = make_order("active")
    bot.transactions = [line(order, str(Payment.get().charge_id), back=True)]
    payments.reconcile(bot, config)
    assert (Customer.get().held_for, ReturnRequest.get().why) == ("chargeback", "chargeback")
    assert ("chargeback", order.reference) in rung()


def test_a_second_charge_refunded_elsewhere_is_no_chargeback(bot: Bot, config: Config) -> None:
    order = make_order("active")
    second = make_payment(order)
    assert payments.refund_seen(str(second.charge_id), actor="telegram")
    assert (Customer.get().held_at, ReturnRequest.select().count()) == (None, 0)


def test_it_is_read_every_ten_minutes_and_sooner_when_a_charge_is_missing(
    bot: Bot, config: Config, advance: Advance
) -> None:
    for seconds, reads in ((0, 1), (590, 1), (11, 2), (60, 2)):
        advance(seconds)
        payments.reconcile(bot, config)
        assert bot.tried.count("getStarTransactions") == reads
    leader()
    order = make_order()
    quoted()
    assert payments.pre_checkout(stars.question(checkout(order)), config) is None
    advance(61)
    bot.transactions = [line(order, "unheard")]
    assert payments.reconcile(bot, config) == 1
    assert (order.fresh().stage, Payment.get().state) == ("paid", "confirmed")


def test_payments_that_did_not_answer_are_said_to_work_again_once_a_statement_is_read(
    bot: Bot, config: Config
) -> None:
    payments.reconcile(bot, config)
    outages.payments_reachable(False)
    bot.mood = always(Lost("no answer"))
    with pytest.raises(ProviderError):
        payments.reconcile(bot, config)
    assert outages.now().payments_failing
    bot.mood = lambda method: None
    payments.reconcile(bot, config)
    assert not outages.now().payments_failing, "and not only ten minutes later"


def test_a_long_statement_is_read_on_from_where_it_ended(bot: Bot, config: Config, advance: Advance) -> None:
    known = [str(make_payment(None).charge_id) for _ in range(350)]
    bot.transactions = [line(None, charge_id) for charge_id in known]
    assert read(bot, config, advance) == 0
    assert bot.tried.count("getStarTransactions") == 4
    bot.transactions.append(line(None, "new"))
    assert read(bot, config, advance) == 1
    assert bot.tried.count("getStarTransactions") == 6
    bot.transactions = [line(None, "of another bot")]
    assert read(bot, config, advance) == 1, "a shorter one is another one"


def test_a_telegram_that_does_not_answer_loses_nothing(bot: Bot, config: Config, advance: Advance) -> None:
    bot.transactions = [line(make_order(), "unheard")]
    bot.mood = always(Lost("no answer"))
    with pytest.raises(ProviderError):
        payments.reconcile(bot, config)
    bot.mood = lambda method: None
    assert read(bot, config, advance) == 1


def test_what_telegram_does_not_list_is_told_to_the_owner(bot: Bot, config: Config, advance: Advance) -> None:
    listed, missing = make_payment(None), make_payment(None)
    Payment.update(confirmed_at=clock.now()).execute()
    bot.transactions = [line(None, str(listed.charge_id))]
    read(bot, config, advance)
    assert rung() == set()
    for _ in range(3):
        read(bot, config, advance)
    assert rung() == {("payment_not_listed", str(missing.charge_id))}


def test_what_is_not_understood_hides_nothing(bot: Bot, config: Config) -> None:
    gift = {"id": "gift", "amount": 5, "date": 1, "source": {"type": "user", "user": {"id": OWNER}}}
    bot.transactions = [{"broken": True}, gift, line(make_order(), "unheard")]
    assert payments.reconcile(bot, config) == 1
    assert [payment.charge_id for payment in Payment.select()] == ["unheard"]
