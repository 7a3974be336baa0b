"""Stars on their way back: each charge once, patiently, until Telegram has taken it or a person must look."""

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import OWNER, after, make_order, make_refund, near
from tests.shop.standins import Bot, always
from webapp import clock, payments
from webapp.models import Notification, Order, Payment, Refund
from webapp.telegram.errors import AlreadyRefunded, BadCall, Lost, NotReached, SlowDown, TelegramError

pytestmark = pytest.mark.usefixtures("database")


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
    assert payments.issue_refunds(bot) == 1
    assert bot.refunds == [(OWNER, refund.payment.charge_id)]
    assert again(refund).state == "done"
    assert near(again(refund).done_at, clock.now())
    assert kinds() == ["refunded"]


def test_a_refund_is_sent_once(bot: Bot) -> None:
    due()
    assert [payments.issue_refunds(bot) for _ in range(3)] == [1, 0, 0]
    assert len(bot.refunds) == 1


def test_what_telegram_has_refunded_before_is_done(bot: Bot) -> None:
    refund = due()
    bot.mood = always(AlreadyRefunded("CHARGE_ALREADY_REFUNDED"))
    assert payments.issue_refunds(bot) == 1
    assert (again(refund).state, kinds()) == ("done", ["refunded"])


def test_a_lost_answer_is_asked_again_and_ends_once(bot: Bot, advance: Advance) -> None:
    refund = due()
    bot.mood = always(Lost("no answer"))
    assert payments.issue_refunds(bot) == 0
    assert (again(refund).state, kinds()) == ("due", [])
    advance(6)
    bot.mood = always(AlreadyRefunded("CHARGE_ALREADY_REFUNDED"))
    assert payments.issue_refunds(bot) == 1
    assert (again(refund).state, kinds()) == ("done", ["refunded"])


def test_slow_down_is_obeyed_to_the_second(bot: Bot, advance: Advance) -> None:
    refund = due()
    bot.mood = always(SlowDown(7))
    payments.issue_refunds(bot)
    assert near(again(refund).next_try_at, after(7), 1)
    advance(5)
    payments.issue_refunds(bot)
    assert len(bot.tried) == 1
    advance(3)
    bot.mood = lambda method: None
    assert payments.issue_refunds(bot) == 1


@pytest.mark.parametrize("error", [NotReached("no"), Lost("no"), BadCall("CHARGE_NOT_FOUND")])
def test_errors_are_waited_out_longer_and_longer_until_a_person_should_look(
    bot: Bot, advance: Advance, error: TelegramError
) -> None:
    refund = due()
    bot.mood = always(error)
    pauses = []
    for _ in range(payments.STUCK_AFTER):
        assert not payments.is_stuck(again(refund))
        payments.issue_refunds(bot)
        pauses.append(round((again(refund).next_try_at - clock.now()).total_seconds()))
        advance(pauses[-1] + 1)
    assert pauses == [5, 10, 20, 40, 60, 60, 60, 60]
    assert (payments.is_stuck(again(refund)), kinds()) == (True, [])


def test_a_stuck_refund_goes_on_being_tried_until_it_has_arrived(bot: Bot, advance: Advance) -> None:
    refund = due()
    Refund.update(attempts=50).execute()
    bot.mood = always(Lost("no"))
    payments.issue_refunds(bot)
    assert (again(refund).state, payments.is_stuck(again(refund))) == ("due", True)
    advance(61)
    bot.mood = lambda method: None
    assert payments.issue_refunds(bot) == 1
    assert (again(refund).state, payments.is_stuck(again(refund))) == ("done", False)


def test_slow_down_ends_the_round_and_is_no_failure(bot: Bot) -> None:
    first = make_refund(None)
    make_refund(None)
    bot.mood = always(SlowDown(7))
    assert payments.issue_refunds(bot) == 0
    assert (len(bot.tried), again(first).attempts) == (1, 0)


def test_one_that_cannot_be_sent_does_not_hold_up_the_others(bot: Bot) -> None:
    first, second = make_refund(None), make_refund(None)

    def odd_first(_method: str) -> None:
        if len(bot.tried) == 1:
            raise Lost("no answer")

    bot.mood = odd_first
    assert payments.issue_refunds(bot) == 1
    assert [again(refund).state for refund in (first, second)] == ["due", "done"]


def test_two_who_refund_at_once_tell_the_customer_once(bot: Bot) -> None:
    def somebody_else(_method: str) -> None:
        bot.mood = lambda method: None
        assert payments.issue_refunds(bot) == 1

    due()
    bot.mood = somebody_else
    assert payments.issue_refunds(bot) == 0
    assert kinds() == ["refunded"]


def test_a_second_charge_goes_back_without_a_word_about_the_first(bot: Bot) -> None:
    order = make_order("ready")
    make_refund(order)
    assert payments.issue_refunds(bot) == 1
    assert kinds() == []
    assert order.fresh().stage == "ready"


def test_a_charge_without_an_order_goes_back(bot: Bot) -> None:
    refund = make_refund(None)
    assert payments.issue_refunds(bot) == 1
    assert again(refund).state == "done"


def test_the_newest_way_back_is_the_one_to_show() -> None:
    order = make_order("failed")
    assert payments.refund_of(make_order("ready", plan_id="x")) is None
    newest = make_refund(order)
    assert payments.refund_of(order) == newest
