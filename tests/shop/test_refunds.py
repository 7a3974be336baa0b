"""Stars on their way back: each charge once, patiently, until Telegram has taken it or a person must look."""

from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    OWNER,
    after,
    lead,
    leader,
    make_customer,
    make_order,
    make_payment,
    make_refund,
    near,
)
from tests.shop.standins import Bot, always
from webapp.base import clock, crash_points
from webapp.clients.telegram.errors import AlreadyRefunded, BadCall, Lost, NotReached, SlowDown, TelegramError
from webapp.models import (
    OPEN_STAGES,
    Notification,
    Order,
    Payment,
    PaymentEvent,
    Refund,
    RefundEvent,
    ReturnRequest,
)
from webapp.orders import limits, payments
from webapp.state import incidents, leases

pytestmark = pytest.mark.usefixtures("still")


def due() -> Refund:
    return Refund.get(Refund.payment == payment_of(make_order("failed")))


def payment_of(order: Order) -> Payment:
    return Payment.get(Payment.order == order)


def again(refund: Refund) -> Refund:
    return Refund.get_by_id(refund.id)


def kinds() -> list[str]:
    return [row.kind for row in Notification.select()]


def test_a_refund_is_sent_and_its_owner_told(bot: Bot) -> None:
    refund = due()
    assert payments.issue_refunds(bot, leader()) == 1
    assert bot.refunds == [(OWNER, refund.payment.charge_id)]
    assert again(refund).state == "done"
    assert near(again(refund).done_at, clock.now())
    assert kinds() == ["refunded"]


def test_a_refund_is_sent_once(bot: Bot) -> None:
    due()
    assert [payments.issue_refunds(bot, leader()) for _ in range(3)] == [1, 0, 0]
    assert len(bot.refunds) == 1


def test_one_that_hangs_holds_up_no_other_and_each_is_sent_once(bot: Bot) -> None:
    hanging, others = due(), [due(), due()]

    def hang(_method: str) -> None:
        bot.mood = lambda _: None
        assert payments.issue_refunds(bot, leader()) == 2
        assert [again(refund).state for refund in (hanging, *others)] == ["sent", "done", "done"]

    bot.mood = hang
    assert payments.issue_refunds(bot, leader()) == 1
    charges = [refund.payment.charge_id for refund in (*others, hanging)]
    assert [charge_id for _, charge_id in bot.refunds] == charges


def test_what_telegram_has_refunded_before_is_done(bot: Bot) -> None:
    refund = due()
    bot.mood = always(AlreadyRefunded("CHARGE_ALREADY_REFUNDED"))
    assert payments.issue_refunds(bot, leader()) == 1
    assert (again(refund).state, kinds()) == ("done", ["refunded"])


def test_a_lost_answer_is_asked_again_and_ends_once(bot: Bot, advance: Advance) -> None:
    refund = due()
    bot.mood = always(Lost("no answer"))
    assert payments.issue_refunds(bot, leader()) == 0
    assert (again(refund).state, kinds()) == ("due", [])
    advance(6)
    bot.mood = always(AlreadyRefunded("CHARGE_ALREADY_REFUNDED"))
    assert payments.issue_refunds(bot, leader()) == 1
    assert (again(refund).state, kinds()) == ("done", ["refunded"])


def test_slow_down_is_obeyed_to_the_second(bot: Bot, advance: Advance) -> None:
    refund = due()
    bot.mood = always(SlowDown(7))
    payments.issue_refunds(bot, leader())
    assert again(refund).next_try_at == after(7)
    advance(5)
    payments.issue_refunds(bot, leader())
    assert len(bot.tried) == 1
    advance(3)
    bot.mood = lambda method: None
    assert payments.issue_refunds(bot, leader()) == 1


@pytest.mark.parametrize("error", [NotReached("no"), Lost("no"), BadCall("CHARGE_NOT_FOUND")])
def test_errors_are_waited_out_longer_and_longer_until_a_person_should_look(
    bot: Bot, advance: Advance, error: TelegramError
) -> None:
    refund = due()
    bot.mood = always(error)
    pauses = []
    for _ in range(payments.STUCK_AFTER):
        assert not payments.is_stuck(again(refund))
        payments.issue_refunds(bot, leader())
        pauses.append((again(refund).next_try_at - clock.now()).total_seconds())
        advance(pauses[-1] + 1)
    assert pauses == [5, 15, 45, 135, 405, 1215, 1800, 1800]
    assert 3540 <= sum(pauses[:-1]) <= 3660, "the eighth try is an hour after the first"
    assert (again(refund).state, payments.is_stuck(again(refund)), kinds()) == ("stuck", True, [])
    assert [(row.kind, row.subject) for row in incidents.open_ones()] == [("refund_stuck", str(refund.id))]


def test_a_stuck_refund_goes_on_being_tried_until_it_has_arrived(bot: Bot, advance: Advance) -> None:
    refund = due()
    Refund.update(attempts=50).execute()
    bot.mood = always(Lost("no"))
    payments.issue_refunds(bot, leader())
    assert (again(refund).state, payments.is_stuck(again(refund))) == ("stuck", True)
    advance(1801)
    bot.mood = lambda method: None
    assert payments.issue_refunds(bot, leader()) == 1
    assert (again(refund).state, payments.is_stuck(again(refund))) == ("done", False)
    assert incidents.open_ones() == []


def test_a_refund_that_arrives_while_a_try_of_it_fails_is_not_stuck(bot: Bot) -> None:
    refund = due()
    Refund.update(attempts=payments.STUCK_AFTER - 1).execute()

    def told_meanwhile(_method: str) -> object:
        payments.refund_seen(str(refund.payment.charge_id), actor="telegram")
        return always(Lost("no"))(_method)

    bot.mood = told_meanwhile
    payments.issue_refunds(bot, leader())
    assert again(refund).state == "done"
    assert incidents.open_ones() == [], "nobody would ever close it"


def test_slow_down_ends_the_round_and_is_no_failure(bot: Bot) -> None:
    first = make_refund(None)
    make_refund(None)
    bot.mood = always(SlowDown(7))
    assert payments.issue_refunds(bot, leader()) == 0
    assert (len(bot.tried), again(first).attempts) == (1, 0)


def test_one_that_cannot_be_sent_does_not_hold_up_the_others(bot: Bot) -> None:
    first, second = make_refund(None), make_refund(None)

    def odd_first(_method: str) -> None:
        if len(bot.tried) == 1:
            raise Lost("no answer")

    bot.mood = odd_first
    assert payments.issue_refunds(bot, leader()) == 1
    assert [again(refund).state for refund in (first, second)] == ["due", "done"]


def test_what_one_is_sending_no_other_takes(bot: Bot) -> None:
    found: list[int] = []

    def somebody_else(_method: str) -> None:
        found.append(payments.issue_refunds(bot, leader()))

    due()
    bot.mood = somebody_else
    assert payments.issue_refunds(bot, leader()) == 1
    assert (found, len(bot.tried), kinds()) == ([0], 1, ["refunded"])


def test_a_claim_that_lapses_is_taken_over_and_both_outcomes_make_one_refund(
    bot: Bot, advance: Advance
) -> None:
    found: list[int] = []

    def pause(_method: str) -> None:
        bot.mood = always(AlreadyRefunded("CHARGE_ALREADY_REFUNDED"))
        advance(31)
        found.append(payments.issue_refunds(bot, leader()))

    refund = due()
    bot.mood = pause
    assert payments.issue_refunds(bot, leader()) == 0
    assert (found, again(refund).state, kinds()) == ([1], "done", ["refunded"])


def test_an_older_failure_does_not_take_back_a_newer_claim(bot: Bot, advance: Advance) -> None:
    def pause(_method: str) -> None:
        bot.mood = lambda method: None
        advance(31)
        first = again(refund)
        assert first.move("sent", actor="job", sent_at=clock.now())
        raise Lost("no answer")

    refund = due()
    bot.mood = pause
    assert payments.issue_refunds(bot, leader()) == 0
    assert (again(refund).state, again(refund).attempts) == ("sent", 0)


def test_who_does_not_lead_sends_nothing(bot: Bot) -> None:
    due()
    former = leader()
    leases.release(former)
    lead()
    assert payments.issue_refunds(bot, former) == 0
    assert bot.tried == []


def test_a_claim_that_has_waited_is_not_sent(bot: Bot, advance: Advance) -> None:
    def stop_here(name: str) -> None:
        if name == "refund.claimed":
            advance(3)

    refund = due()
    with crash_points.watched(stop_here):
        assert payments.issue_refunds(bot, leader()) == 0
    assert (bot.tried, again(refund).state, again(refund).attempts) == ([], "due", 0)


def test_the_journals_say_who_when_and_why(bot: Bot, advance: Advance) -> None:
    refund = due()
    bot.mood = always(Lost("no answer"))
    payments.issue_refunds(bot, leader())
    advance(6)
    bot.mood = lambda method: None
    payments.issue_refunds(bot, leader())
    journal = list(RefundEvent.select().where(RefundEvent.refund == refund).order_by(RefundEvent.id))
    moves = [(row.from_state, row.to_state, row.note) for row in journal]
    assert moves == [
        ("due", "sent", ""),
        ("sent", "due", "no answer"),
        ("due", "sent", ""),
        ("sent", "done", ""),
    ]
    assert [row.to_state for row in PaymentEvent.select().order_by(PaymentEvent.id)] == [
        "refund_due",
        "refunded",
    ]
    assert all(near(row.at, clock.now(), 10) and row.actor for row in journal)


def test_when_telegram_answers_again_nothing_waits_a_minute_longer(bot: Bot, advance: Advance) -> None:
    for _ in range(3):
        make_refund()
    bot.mood = always(NotReached("down"))
    for _ in range(40):
        payments.issue_refunds(bot, leader())
        advance(30)
    assert max(refund.next_try_at for refund in Refund.select()) > after(300)
    bot.mood = lambda method: None
    waited = 0
    while len(bot.refunds) < 3:
        payments.issue_refunds(bot, leader())
        advance(5)
        waited += 5
    print(f"after an outage of 20 min refunds were sent {waited} s after the first answer")
    assert waited <= 60


def test_a_silent_telegram_is_not_asked_about_every_refund(bot: Bot) -> None:
    for _ in range(10):
        make_refund()
    bot.mood = always(Lost("no answer"))
    payments.issue_refunds(bot, leader())
    assert bot.tried.count("refundStarPayment") == 3


def test_after_an_outage_the_first_round_sends_everything(bot: Bot) -> None:
    for _ in range(10):
        make_refund(silent=True)
    assert payments.issue_refunds(bot, leader()) == 10, "what had no answer before has one now"


def test_a_second_charge_goes_back_without_a_word_about_the_first(bot: Bot) -> None:
    order = make_order("ready")
    make_refund(order)
    assert payments.issue_refunds(bot, leader()) == 1
    assert kinds() == []
    assert order.fresh().stage == "ready"


def test_a_charge_without_an_order_goes_back(bot: Bot) -> None:
    refund = make_refund(None)
    assert payments.issue_refunds(bot, leader()) == 1
    assert again(refund).state == "done"


def test_the_newest_way_back_is_the_one_to_show() -> None:
    order = make_order("failed")
    assert payments.refund_of(make_order("ready", plan_id="x")) is None
    newest = make_refund(order)
    assert payments.refund_of(order) == newest


# --- the claim


def test_a_claim_says_whose_it_is_and_when_it_lapses(bot: Bot) -> None:
    refund, leadership = due(), leader()

    def look(_method: str) -> None:
        claimed = again(refund)
        assert (claimed.state, claimed.epoch) == ("sent", leadership.epoch)
        assert (claimed.sent_at, claimed.next_try_at) == (clock.now(), after(30))

    bot.mood = look
    assert payments.issue_refunds(bot, leadership) == 1


@pytest.mark.parametrize(("waited_s", "sent"), [(2, 1), (2.1, 0)])
def test_a_claim_is_stale_after_two_seconds(bot: Bot, advance: Advance, waited_s: float, sent: int) -> None:
    def stop_here(name: str) -> None:
        if name == "refund.claimed":
            advance(waited_s)

    refund = due()
    with crash_points.watched(stop_here):
        assert payments.issue_refunds(bot, leader()) == sent
    if not sent:
        assert notes(refund) == ["", "the claim had gone stale"]
        assert again(refund).next_try_at == clock.now()


@pytest.mark.parametrize(("ago_s", "taken"), [(29.9, 0), (30, 1)])
def test_a_claim_lapses_after_half_a_minute(bot: Bot, ago_s: float, taken: int) -> None:
    make_refund(None, state="sent", sent_at=after(-ago_s), next_try_at=after(30 - ago_s))
    assert payments.issue_refunds(bot, leader()) == taken


# --- the round


def notes(refund: Refund) -> list[str]:
    journal = RefundEvent.select().where(RefundEvent.refund == refund).order_by(RefundEvent.id)
    return [event.note for event in journal]


def test_who_has_waited_longest_is_first_and_a_hundred_are_a_round(bot: Bot) -> None:
    refunds = [make_refund(None, next_try_at=after(-number)) for number in range(101)]
    assert [payments.issue_refunds(bot, leader()) for _ in range(2)] == [100, 1]
    charges = [refund.payment.charge_id for refund in reversed(refunds)]
    assert [charge_id for _, charge_id in bot.refunds] == charges


def test_only_three_silences_in_a_row_end_the_round(bot: Bot) -> None:
    for _ in range(9):
        make_refund(None)

    def now_and_then(_method: str) -> None:
        if len(bot.tried) % 3:
            raise Lost("no answer")

    bot.mood = now_and_then
    assert payments.issue_refunds(bot, leader()) == 3
    assert len(bot.tried) == 9


def test_an_answer_that_is_no_is_no_silence(bot: Bot) -> None:
    for _ in range(5):
        make_refund(None)
    bot.mood = always(BadCall("CHARGE_NOT_FOUND"))
    payments.issue_refunds(bot, leader())
    assert len(bot.tried) == 5


def test_an_error_of_our_own_is_a_failed_try_of_one_alone(bot: Bot) -> None:
    first, second = make_refund(None), make_refund(None)

    def ours(_method: str) -> None:
        if len(bot.tried) == 1:
            raise ZeroDivisionError

    bot.mood = ours
    assert payments.issue_refunds(bot, leader()) == 1
    assert (again(first).state, again(first).attempts, again(first).silent) == ("due", 1, False)
    assert notes(first) == ["", "ZeroDivisionError"]
    assert again(second).state == "done"


def test_slow_down_is_about_all_that_would_come_sooner(bot: Bot) -> None:
    first, second = make_refund(None), make_refund(None)
    stuck = make_refund(None, state="stuck", next_try_at=after(5))
    later = make_refund(None, next_try_at=after(100))
    sent = make_refund(None, state="sent", sent_at=clock.now(), next_try_at=after(5))
    bot.mood = always(SlowDown(7))
    payments.issue_refunds(bot, leader())
    waits = [again(refund).next_try_at for refund in (first, second, stuck, later, sent)]
    assert waits == [after(7), after(7), after(7), after(100), after(5)]
    assert notes(first) == ["", "try again in 7 s"]


@pytest.mark.parametrize(("error", "silent"), [(Lost("no"), True), (BadCall("no"), False)])
def test_it_is_remembered_whether_the_last_try_had_an_answer(
    bot: Bot, error: TelegramError, silent: bool
) -> None:
    refund = due()
    bot.mood = always(error)
    payments.issue_refunds(bot, leader())
    assert again(refund).silent is silent


def test_the_owner_is_told_how_often_it_was_tried_and_what_came_of_it(bot: Bot) -> None:
    refund = due()
    Refund.update(attempts=payments.STUCK_AFTER - 1).execute()
    bot.mood = always(BadCall("CHARGE_NOT_FOUND"))
    payments.issue_refunds(bot, leader())
    (incident,) = incidents.open_ones()
    assert (incident.subject, incident.detail.startswith("8 tries; the last one: ")) == (str(refund.id), True)
    assert "CHARGE_NOT_FOUND" in incident.detail


# --- after an outage


def waiting(sent_ago: float = 25.1, **values: Any) -> Refund:
    """One that got no answer and is to be tried in a long time."""
    row = {"silent": True, "sent_at": after(-sent_ago), "next_try_at": after(900)}
    return make_refund(None, **row | values)


@pytest.mark.parametrize(
    ("values", "hurries"),
    [
        ({}, True),
        ({"state": "stuck"}, True),
        ({"state": "sent"}, False),
        ({"silent": False}, False),
        ({"sent_at": None}, False),
        ({"sent_ago": 25}, False),
    ],
)
def test_what_had_no_answer_is_due_at_once_when_telegram_answers(
    bot: Bot, values: dict[str, Any], hurries: bool
) -> None:
    refund = waiting(**values)
    assert payments.issue_refunds(bot, leader()) == hurries
    assert bot.tried.count("getMe") == hurries
    assert (again(refund).next_try_at == after(900)) is not hurries


@pytest.mark.parametrize(("seconds", "probes"), [(14.9, 1), (15, 2)])
def test_whether_telegram_answers_is_asked_every_quarter_of_a_minute(
    bot: Bot, advance: Advance, seconds: float, probes: int
) -> None:
    waiting()
    bot.mood = always(NotReached("down"))
    payments.issue_refunds(bot, leader())
    advance(seconds)
    payments.issue_refunds(bot, leader())
    assert bot.tried == ["getMe"] * probes


# --- due, and done


def test_every_confirmed_charge_of_an_order_and_no_other_goes_back() -> None:
    order, other = make_order("paid"), make_order("paid", plan_id="other")
    first, second = payment_of(order), make_payment(order)
    make_payment(order, state="created", charge_id=None)
    payments.return_all(order, "deadline")
    assert {(refund.payment, refund.reason) for refund in Refund.select()} == {
        (first, "deadline"),
        (second, "deadline"),
    }
    assert payment_of(other).state == "confirmed"


def test_a_refund_is_made_once_for_a_charge_and_says_so() -> None:
    payment = payment_of(make_order("paid"))
    stale = Payment.get_by_id(payment.id)
    assert payments.refund(payment, "deadline")
    assert not payments.refund(payment, "again")
    assert not payments.refund(stale, "again")
    assert [(refund.reason, refund.payment) for refund in Refund.select()] == [("deadline", payment)]


def test_who_tells_of_a_refund_stands_in_the_journal_and_a_second_word_is_nothing_new() -> None:
    refund = due()
    charge_id = str(refund.payment.charge_id)
    assert payments.refund_seen(charge_id, actor="telegram")
    assert not payments.refund_seen(charge_id, actor="statement")
    assert not payments.refund_seen("no-such-charge", actor="telegram")
    (event,) = RefundEvent.select()
    assert (event.actor, event.note) == ("telegram", "told by the payment provider")
    assert [(row.actor, row.to_state) for row in PaymentEvent.select().order_by(PaymentEvent.id)] == [
        ("shop", "refund_due"),
        ("telegram", "refunded"),
    ]


@pytest.mark.parametrize("stage", [*OPEN_STAGES, "ready", "active", "failed", "returned"])
def test_what_becomes_of_an_order_whose_charge_was_taken_back(stage: str) -> None:
    """An open one ends by its deadline, a delivered one is asked back and its buyer held."""
    order, other = make_order(stage), make_order("paid", make_customer(77), plan_id="other")
    Refund.delete().execute()
    Payment.update(state="confirmed").execute()
    deadline = order.deadline_at
    assert payments.refund_seen(str(payment_of(order).charge_id), actor="telegram")
    open_, delivered = stage in OPEN_STAGES, stage in {"ready", "active"}
    assert order.fresh().deadline_at == (clock.now() if open_ else deadline)
    assert other.fresh().deadline_at == other.deadline_at
    assert [request.order for request in ReturnRequest.select()] == ([order] if open_ or delivered else [])
    held = [(hold.customer, hold.reason) for hold in limits.held()]
    assert held == ([(order.customer, "chargeback")] if delivered else [])
    told = [(row.subject, row.detail) for row in incidents.open_ones() if row.kind == "chargeback"]
    lost = (order.reference, "453 Stars of a delivered order were taken back")
    assert told == ([lost] if delivered else [])


@pytest.mark.parametrize(
    ("state", "attempts", "stuck"), [("due", 7, False), ("due", 8, True), ("done", 9, False)]
)
def test_a_refund_is_stuck_from_the_eighth_try_until_it_has_arrived(
    state: str, attempts: int, stuck: bool
) -> None:
    assert payments.is_stuck(make_refund(None, state=state, attempts=attempts)) is stuck
