"""Telegram's list of charges and refunds against ours, both ways."""

from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    OWNER,
    after,
    charge,
    checkout,
    lead,
    leader,
    make_order,
    make_payment,
    make_plan,
    make_refund,
    near,
    quoted,
)
from tests.shop.standins import Bot, always
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.clients.telegram.errors import (
    AlreadyRefunded,
    BadCall,
    BalanceTooLow,
    Lost,
    NotReached,
    SlowDown,
    TelegramError,
)
from webapp.models import Order, Payment, Refund, ReturnRequest, StarMovement
from webapp.orders import limits, payments, unplaced
from webapp.orders.payments import Charge, ProviderError, Question, stars
from webapp.orders.payments.providers import AlreadyBack, Later, NoAnswer, NotCovered
from webapp.state import incidents, outages

pytestmark = pytest.mark.usefixtures("database")

GONE = "an-order-of-ours"
"""A reference of our form that no order has."""


def line(order: Order | None, charge_id: str, *, ago_s: float = 30, back: bool = False) -> dict[str, Any]:
    partner = {"type": "user", "user": {"id": OWNER}, "invoice_payload": order.reference if order else GONE}
    row = {"id": charge_id, "amount": 453, "date": int(clock.timestamp() - ago_s)}
    return row | {"receiver" if back else "source": partner}


def read(bot: Bot, config: Config, advance: Advance) -> int:
    """The next reading, whenever the last one was."""
    advance(601)
    return payments.reconcile(bot, config)


def rung() -> set[tuple[str, str]]:
    return {(incident.kind, incident.subject) for incident in incidents.open_ones()}


def test_a_payment_that_nobody_told_us_of_is_served(bot: Bot, config: Config) -> None:
    order = make_order(created_at=after(-60))
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
    order = make_order("expired", created_at=after(-3700))
    bot.transactions = [line(order, "late", ago_s=3600)]
    payments.reconcile(bot, config)
    orders.enforce_deadlines()
    assert (order.fresh().stage, Refund.get().payment.charge_id) == ("failed", "late")


def test_one_for_an_order_that_is_gone_is_left_to_a_person(bot: Bot, config: Config) -> None:
    bot.transactions = [line(None, "stray")]
    assert payments.reconcile(bot, config) == 1
    assert [(charge.charge_id, charge.payload) for charge in unplaced.charges()] == [("stray", GONE)]
    assert Refund.select().count() == 0


def test_an_old_one_is_left_to_a_person_whatever_it_is_for(
    bot: Bot, config: Config, advance: Advance
) -> None:
    order = make_order()
    bot.transactions = [line(order, "old", ago_s=25 * 3600), line(None, "stray", ago_s=25 * 3600)]
    assert payments.reconcile(bot, config) == 2
    assert read(bot, config, advance) == 0
    assert [charge.charge_id for charge in unplaced.charges()] == ["old", "stray"]
    assert (order.fresh().stage, Refund.select().count()) == ("awaiting_payment", 0)


def test_what_another_product_of_the_bot_sells_is_foreign_and_left_alone(
    bot: Bot, config: Config, advance: Advance
) -> None:
    partner = {"type": "user", "user": {"id": OWNER}, "invoice_payload": "sticker pack 7"}
    sold = {"id": "theirs", "amount": 50, "date": int(clock.timestamp()), "source": partner}
    back = {"id": "theirs", "amount": 50, "date": int(clock.timestamp()), "receiver": partner}
    withdrawn = {"id": "w", "amount": 1000, "date": 1, "receiver": {"type": "fragment"}}
    bot.transactions = [sold, back, withdrawn, sold | {"id": "more", "nanostar_amount": 500_000_000}]
    for _ in range(2):
        assert read(bot, config, advance) == 0
    assert (Payment.select().count(), Refund.select().count(), rung()) == (0, 0, set())
    lines = StarMovement.select(StarMovement.line_id, StarMovement.kind, StarMovement.nano)
    assert list(lines.order_by(StarMovement.id).tuples()) == [
        ("theirs", "foreign", 50 * NANO),
        ("theirs", "foreign", -50 * NANO),
        ("w", "fragment", -1000 * NANO),
        ("more", "foreign", 50 * NANO + NANO // 2),
    ]


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
    assert limits.held() == []


def test_a_refund_made_elsewhere_of_what_was_delivered_holds_the_customer_and_asks_for_the_plan(
    bot: Bot, config: Config
) -> None:
    order = make_order("active")
    bot.transactions = [line(order, str(Payment.get().charge_id), back=True)]
    payments.reconcile(bot, config)
    assert (limits.held()[0].reason, ReturnRequest.get().why) == ("chargeback", "chargeback")
    assert ("chargeback", order.reference) in rung()


def test_a_second_charge_refunded_elsewhere_is_no_chargeback(bot: Bot, config: Config) -> None:
    order = make_order("active")
    second = make_payment(order)
    assert payments.refund_seen(str(second.charge_id), actor="telegram")
    assert (limits.held(), ReturnRequest.select().count()) == ([], 0)


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


def test_a_refund_that_telegram_does_not_list_is_told_to_the_owner(
    bot: Bot, config: Config, advance: Advance
) -> None:
    listed, missing = make_payment(None), make_payment(None)
    for payment in (listed, missing):
        payments.refund(payment, "for nothing")
    Refund.update(state="done", done_at=clock.now()).execute()
    there = [line(None, str(payment.charge_id)) for payment in (listed, missing)]
    bot.transactions = [*there, line(None, str(listed.charge_id), back=True)]
    read(bot, config, advance)
    assert rung() == set()
    for _ in range(3):
        read(bot, config, advance)
    assert rung() == {("refund_not_listed", str(missing.charge_id))}


def test_a_refund_made_elsewhere_need_not_say_what_for_and_a_gift_is_none(bot: Bot, config: Config) -> None:
    order = make_order("failed")
    silent = {"type": "user", "user": {"id": OWNER}}
    back = {"id": str(Payment.get().charge_id), "amount": 453, "date": 1, "receiver": silent}
    bot.transactions = [line(order, str(back["id"])), back, back | {"id": "gift", "amount": 15}]
    assert payments.reconcile(bot, config) == 1
    assert (Refund.get().state, Refund.get().listed_at is None) == ("done", False)
    movements = StarMovement.select(StarMovement.line_id, StarMovement.kind, StarMovement.nano)
    assert list(movements.tuples()) == [("gift", "user", -15 * NANO)]


def test_what_is_not_understood_hides_nothing(bot: Bot, config: Config) -> None:
    gift = {"id": "gift", "amount": 5, "date": 1, "source": {"type": "user", "user": {"id": OWNER}}}
    bot.transactions = [{"broken": True}, gift, line(make_order(), "unheard")]
    assert payments.reconcile(bot, config) == 1
    assert [payment.charge_id for payment in Payment.select()] == ["unheard"]


# --- when it is read


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("seconds", "reads"), [(599.9, 1), (600, 2)])
def test_it_is_read_every_ten_minutes(
    bot: Bot, config: Config, advance: Advance, seconds: float, reads: int
) -> None:
    payments.reconcile(bot, config)
    advance(seconds)
    payments.reconcile(bot, config)
    assert bot.tried.count("getStarTransactions") == reads


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("read_s", "allowed_s", "state", "reads"),
    [
        (60, 60, "created", 2),
        (59.9, 60, "created", 1),
        (60, 59.9, "created", 1),
        (60, 600, "created", 2),
        (60, 600.1, "created", 1),
        (60, 60, "confirmed", 1),
    ],
)
def test_a_charge_that_was_allowed_and_not_told_is_looked_for_after_a_minute_and_for_ten(
    bot: Bot, config: Config, advance: Advance, read_s: float, allowed_s: float, state: str, reads: int
) -> None:
    """How many seconds ago the statement was read, and the charge allowed."""
    payments.reconcile(bot, config)
    advance(read_s)
    make_payment(None, state=state, created_at=after(-allowed_s))
    payments.reconcile(bot, config)
    assert bot.tried.count("getStarTransactions") == reads


# --- what is read


def test_a_statement_of_many_pages_is_read_in_parts_and_nothing_is_missed_before_its_end(
    bot: Bot, config: Config, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.orders.payments.statement.MOST_PAGES", 2)
    missing = make_payment(None, confirmed_at=after(-3600))
    bot.transactions = [line(None, f"charge {number}", ago_s=90_000) for number in range(250)]
    assert read(bot, config, advance) == 200
    assert (rung(), unplaced.sums()) == (set(), (200, 200 * 453))
    read(bot, config, advance)
    assert rung() == {("payment_not_listed", str(missing.charge_id))}
    assert unplaced.sums() == (250, 250 * 453)


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(("ago_s", "state"), [(86_400, "confirmed"), (86_401, "unplaced")])
def test_a_charge_is_acted_upon_for_a_day(bot: Bot, config: Config, ago_s: int, state: str) -> None:
    make_plan()
    bot.transactions = [line(make_order(created_at=after(-ago_s)), "unheard", ago_s=ago_s)]
    assert payments.reconcile(bot, config) == 1
    assert (Payment.get().state, Payment.get().confirmed_at) == (state, after(-ago_s))


@pytest.mark.usefixtures("noon")
def test_a_charge_that_is_dated_later_than_now_was_made_now(bot: Bot, config: Config) -> None:
    order = make_order()
    bot.transactions = [line(order, "early", ago_s=-3600)]
    payments.reconcile(bot, config)
    assert order.fresh().paid_at == clock.now()


@pytest.mark.usefixtures("still")
def test_what_the_statement_tells_is_noted_once(bot: Bot, config: Config, advance: Advance) -> None:
    payment, other = make_payment(None), make_payment(None)
    refund = make_refund(None, state="done", done_at=clock.now())
    waits = make_refund(None)
    charge_id, gone = str(payment.charge_id), str(refund.payment.charge_id)
    bot.transactions = [line(None, charge_id), line(None, gone), line(None, gone, back=True)]
    first = after(601)
    for _ in range(2):
        read(bot, config, advance)
    assert Payment.get_by_id(payment.id).listed_at == Refund.get_by_id(refund.id).listed_at == first
    assert Payment.get_by_id(refund.payment.id).listed_at == first
    assert (Payment.get_by_id(other.id).listed_at, Refund.get_by_id(waits.id).listed_at) == (None, None)


# --- what it does not tell


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("ago_s", "missed"), [(1800, False), (1800.1, True)])
def test_what_was_booked_half_an_hour_ago_has_to_be_listed(
    bot: Bot, config: Config, ago_s: float, missed: bool
) -> None:
    payment = make_payment(None, confirmed_at=after(-ago_s))
    refund = make_refund(None, state="done", done_at=after(-ago_s))
    make_refund(None, next_try_at=after(60))
    payments.reconcile(bot, config)
    unlisted = {
        ("payment_not_listed", str(payment.charge_id), "453 XTR"),
        ("refund_not_listed", str(refund.payment.charge_id), "done, and not in the statement"),
    }
    told = {(incident.kind, incident.subject, incident.detail) for incident in incidents.open_ones()}
    assert told == (unlisted if missed else set())


def test_of_what_is_not_listed_twenty_are_told_at_a_time(bot: Bot, config: Config) -> None:
    for _ in range(21):
        make_payment(None, confirmed_at=after(-3600))
        make_refund(None, state="done", done_at=after(-3600))
    Payment.update(confirmed_at=after(-3600)).execute()
    Payment.update(listed_at=clock.now()).where(Payment.state == "refund_due").execute()
    payments.reconcile(bot, config)
    kinds = [kind for kind, _ in rung()]
    assert (kinds.count("payment_not_listed"), kinds.count("refund_not_listed")) == (20, 20)


def test_a_charge_that_was_only_allowed_is_not_missed(bot: Bot, config: Config) -> None:
    make_payment(None, state="created", confirmed_at=after(-3600))
    payments.reconcile(bot, config)
    assert rung() == set()


# --- what Telegram's words are in ours


def test_a_question_and_a_charge_are_of_stars() -> None:
    order = make_order()
    asked = Question("stars", order.reference, OWNER, "XTR", 453)
    assert stars.question(checkout(order)) == asked
    moment = after(-60)
    paid = Charge("stars", order.reference, OWNER, "XTR", 453, "charge-of-telegram", moment)
    assert stars.charge(OWNER, charge(order), moment) == paid


@pytest.mark.parametrize(
    ("told", "raised"),
    [
        (SlowDown(9), Later),
        (AlreadyRefunded("CHARGE_ALREADY_REFUNDED"), AlreadyBack),
        (BadCall("CHARGE_NOT_FOUND"), ProviderError),
        (BalanceTooLow("BALANCE_TOO_LOW"), NotCovered),
        (Lost("no answer"), NoAnswer),
        (NotReached("no"), NoAnswer),
    ],
)
def test_each_error_of_telegram_has_one_name_of_ours(
    bot: Bot, told: TelegramError, raised: type[ProviderError]
) -> None:
    bot.mood = always(told)
    provider = stars.Stars(bot)
    for ask in (
        lambda: provider.refund(OWNER, "charge"),
        lambda: provider.statement(0),
        provider.balance,
        lambda: provider.invoice("title", "about", "reference", 453),
    ):
        with pytest.raises(ProviderError) as error:
            ask()
        assert type(error.value) is raised
        assert getattr(error.value, "retry_after_s", 9) == 9
        assert str(error.value) == ("try again in 9 s" if raised is Later else str(told))


@pytest.mark.parametrize(("mood", "answers"), [(None, True), (Lost("no"), False), (SlowDown(9), False)])
def test_whether_telegram_answers(bot: Bot, mood: TelegramError | None, answers: bool) -> None:
    if mood is not None:
        bot.mood = always(mood)
    assert stars.Stars(bot).is_answering() is answers


def test_what_moves_without_an_invoice_is_not_ours(bot: Bot) -> None:
    somebody: dict[str, Any] = {"type": "user", "user": {"id": OWNER}}
    row = {"id": "x", "amount": 5, "date": 1}
    bot.transactions = [
        row,
        row | {"source": {"type": "fragment"}},
        row | {"source": somebody},
        row | {"receiver": {"type": "fragment"}},
        row | {"source": somebody | {"invoice_payload": GONE}},
        row | {"receiver": somebody},
    ]
    page = stars.Stars(bot).statement(0)
    assert page.length == 6
    assert [(entry.charge_id, entry.charge is None) for entry in page.entries] == [("x", False), ("x", True)]
    kinds = [(one.kind, one.nano // NANO) for one in page.movements]
    assert kinds == [("other", -5), ("fragment", 5), ("user", 5), ("fragment", -5)]
    assert stars.Stars(bot).statement(4).length == 2
