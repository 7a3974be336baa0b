"""The outbox: one message of each kind for an order, in order, at Telegram's pace, until it has arrived."""

from collections.abc import Callable
from datetime import timedelta
from threading import Lock

import pytest
from peewee import OperationalError

from tests.shop.conftest import Advance
from tests.shop.factories import OWNER, STRANGER, after, make_customer, make_order, near
from tests.shop.moments import Moments
from tests.shop.standins import Bot, always
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.errors import BadCall, Blocked, Lost, NotReached, SlowDown
from webapp.customers import identity, notifications, outbox
from webapp.customers.outbox import chat_sender, rows
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import Customer, Notification

pytestmark = pytest.mark.usefixtures("still")

Deliver = Callable[[], int]


@pytest.fixture
def deliver(bot: Bot, config: Config, monkeypatch: pytest.MonkeyPatch) -> Deliver:
    """One run of the job, in one process: its rate is remembered. No round is ended by a busy machine."""
    monkeypatch.setattr(clock, "monotonic", lambda: 0.0)
    limiter = RateLimiter()
    return lambda: outbox.deliver(bot, config, limiter)


def waiting(count: int = 1, first_chat: int = OWNER) -> list[Notification]:
    """Messages to as many people."""
    return [write(first_chat + number) for number in range(count)]


def write(chat: int = OWNER, kind: str = "paid") -> Notification:
    order = make_order(
        "ready" if kind == "ready" else "paid",
        make_customer(chat),
        plan_id=f"plan-{Notification.select().count()}",
    )
    notifications.enqueue(order, kind)
    return Notification.get(Notification.order == order)


def again(notification: Notification) -> Notification:
    return Notification.get_by_id(notification.id)


def states() -> list[str]:
    return [row.state for row in Notification.select().order_by(Notification.id)]


def well(_method: str) -> None:
    """Telegram is well again."""


# --- what is written


def test_one_message_of_each_kind_for_each_order() -> None:
    orders = [make_order("ready", plan_id=f"plan-{number}") for number in range(2)]
    for _ in range(3):
        for order in orders:
            notifications.enqueue(order, "paid")
            notifications.enqueue(order, "ready")
    assert Notification.select().count() == 4


def test_what_waits_is_sent_once(deliver: Deliver, bot: Bot, advance: Advance) -> None:
    first, _ = waiting(2)
    assert deliver() == 2
    assert {chat for chat, _, _ in bot.messages} == {OWNER, OWNER + 1}
    assert (states(), near(again(first).sent_at, clock.now())) == (["sent", "sent"], True)
    advance(100)
    assert deliver() == 0


def test_a_picture_goes_out_as_a_picture(deliver: Deliver, bot: Bot) -> None:
    write(kind="ready")
    assert deliver() == 1
    ((chat, png, caption, _),) = bot.photos
    assert (chat, png[:4], "Your eSIM is ready" in caption) == (OWNER, b"\x89PNG", True)
    assert bot.messages == []


def test_each_customer_is_written_to_in_their_language(deliver: Deliver, bot: Bot) -> None:
    for chat, language in ((1, "en"), (2, "ru")):
        make_customer(chat, language)
        write(chat)
    deliver()
    texts = {chat: text for chat, text, _ in bot.messages}
    assert texts[1].startswith("<b>Paid, thank you</b>\nTürkiye, 3 GB, 30 days")
    assert texts[2].startswith("<b>Оплачено, спасибо</b>\nТурция, 3 ГБ, 30 дней")


def test_a_text_that_cannot_be_written_holds_nobody_else_up(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = waiting(2)
    compose = notifications.compose

    def refuse(notification: Notification, config: Config) -> notifications.Message:
        if notification.order == broken.order:
            raise KeyError("kind")
        return compose(fine, config)

    monkeypatch.setattr(notifications, "compose", refuse)
    assert deliver() == 1
    assert (states(), again(broken).attempts) == (["waiting", "sent"], 1)


# --- order and pace


def test_within_a_chat_the_earlier_goes_first_and_a_second_apart(
    deliver: Deliver, bot: Bot, advance: Advance
) -> None:
    for kind in ("paid", "failed", "refunded"):
        write(kind=kind)
    for number in range(3):
        assert deliver() == 1
        assert deliver() == 0, "the chat rests for a second"
        assert states() == ["sent"] * (number + 1) + ["waiting"] * (2 - number)
        advance(1)
    headings = [text.split("</b>")[0] for _, text, _ in bot.messages]
    assert headings == ["<b>Paid, thank you", "<b>This eSIM could not be delivered", "<b>Refunded"]


def test_a_later_message_waits_for_one_that_is_tried_again(
    deliver: Deliver, bot: Bot, advance: Advance
) -> None:
    first, later = write(kind="paid"), write(kind="failed")
    other = write(STRANGER)
    bot.mood = lose_the_first(bot)
    assert deliver() == 1
    assert [again(row).state for row in (first, later, other)] == ["waiting", "waiting", "sent"]
    advance(2)
    assert deliver() == 1
    assert [again(row).state for row in (first, later)] == ["sent", "waiting"]


def lose_the_first(bot: Bot) -> Callable[[str], None]:
    lost, lock = [], Lock()

    def mood(method: str) -> None:
        with lock:
            lost.append(method)
            if len(lost) == 1:
                raise Lost("no answer")

    return mood


def test_thirty_in_a_second_and_no_more(deliver: Deliver, advance: Advance) -> None:
    waiting(35)
    assert deliver() == 30
    assert deliver() == 0
    advance(1)
    assert deliver() == 5


def test_slow_down_holds_its_chat_and_nobody_else(deliver: Deliver, bot: Bot, advance: Advance) -> None:
    (slowed,) = waiting(1)
    bot.mood = always(SlowDown(7))
    assert deliver() == 0
    assert again(slowed).next_try_at == after(7)
    assert again(slowed).attempts == 0, "Telegram was there"
    bot.mood = well
    write(STRANGER)
    assert deliver() == 1
    advance(6)
    assert deliver() == 0
    advance(2)
    assert deliver() == 1


def test_slow_down_from_two_chats_holds_everybody(deliver: Deliver, bot: Bot, advance: Advance) -> None:
    waiting(2)
    bot.mood = always(SlowDown(20))
    assert deliver() == 0
    bot.mood = well
    waiting(1, first_chat=STRANGER)
    advance(10)
    assert deliver() == 0
    advance(11)
    assert deliver() == 3


# --- who cannot be written to


def test_messages_wait_for_who_has_blocked_the_bot(deliver: Deliver, bot: Bot, advance: Advance) -> None:
    write(kind="refunded")
    bot.mood = always(Blocked("bot was blocked by the user"))
    assert deliver() == 0
    customer = Customer.get()
    assert (states(), near(customer.blocked_at, clock.now())) == (["waiting"], True)
    write(kind="refunded")
    advance(3600)
    assert deliver() == 0
    assert len(bot.tried) == 1, "nobody is asked twice in an hour"

    bot.mood = well
    identity.reachable(customer)
    assert deliver() == 1
    advance(1)
    assert deliver() == 1
    assert states() == ["sent", "sent"]
    assert (Customer.get().blocked_at, Customer.get().may_write) == (None, True)


def test_an_unblocking_that_nobody_told_of_is_found_out(deliver: Deliver, bot: Bot, advance: Advance) -> None:
    write(kind="ready")
    identity.unreachable(Customer.get())
    assert deliver() == 0
    advance(chat_sender.ASKED_AGAIN_AFTER.total_seconds() + 1)
    assert deliver() == 1


@pytest.mark.parametrize(
    ("kind", "useful"),
    [("paid", timedelta(hours=1)), ("refunded", timedelta(days=3)), ("ready", timedelta(days=30))],
)
def test_what_is_no_news_any_more_is_not_sent(
    deliver: Deliver, bot: Bot, advance: Advance, kind: str, useful: timedelta
) -> None:
    late = write(kind=kind)
    advance(useful.total_seconds() + 1)
    young = write(STRANGER, kind)
    assert deliver() == 1
    assert (again(late).state, again(young).state) == ("outdated", "sent")
    assert len(bot.tried) == 1


def test_what_has_waited_for_a_while_is_still_news(deliver: Deliver, advance: Advance) -> None:
    for chat, kind in enumerate(("paid", "ready", "activated", "failed", "refunded"), start=1):
        write(chat, kind)
    advance(3500)
    assert deliver() == 5


# --- what goes wrong


def test_what_telegram_will_never_take_is_closed(deliver: Deliver, bot: Bot) -> None:
    waiting()
    bot.mood = always(BadCall("message is too long"))
    deliver()
    assert (states(), Customer.get().blocked_at) == (["refused"], None)


@pytest.mark.parametrize("error", [NotReached("no"), Lost("no"), RuntimeError("our own mistake")])
def test_pauses_grow_and_after_a_day_it_is_given_up(
    deliver: Deliver, bot: Bot, advance: Advance, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(rows, "MAX_ATTEMPTS", 12)
    notification = write(kind="ready")
    bot.mood = always(error)
    pauses = []
    while again(notification).state == "waiting":
        deliver()
        pauses.append((again(notification).next_try_at - clock.now()).total_seconds())
        advance(max(pauses[-1], 0) + 1)
    assert pauses[:-1] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert (states(), len(bot.tried)) == (["given up"], 12)


def test_it_is_tried_for_a_day() -> None:
    tried_for_s = sum(rows.pause_s(attempt) for attempt in range(1, rows.MAX_ATTEMPTS))
    assert 24 * 3600 <= tried_for_s <= 25 * 3600


def test_one_that_is_not_reached_does_not_hold_up_the_others(deliver: Deliver, bot: Bot) -> None:
    waiting(3)
    bot.mood = lose_the_first(bot)
    assert deliver() == 2
    assert sorted(states()) == ["sent", "sent", "waiting"]


def test_a_claim_whose_process_died_is_sent_again_when_it_has_lapsed(
    deliver: Deliver, bot: Bot, advance: Advance, moments: Moments
) -> None:
    """Killed between the call and the mark: the one case in which a message may come twice."""

    class Killed(BaseException):
        pass

    waiting(1)
    write(kind="failed")
    moments.fail('UPDATE "notification" .*"sent_at"', Killed())
    with pytest.raises(Killed):
        deliver()
    assert (states(), len(bot.messages)) == (["sending", "waiting"], 1)
    assert deliver() == 0, "it may still be on its way, and the later one waits behind it"
    advance(rows.CLAIM_LAPSES_AFTER.total_seconds() + 1)
    assert deliver() == 1
    advance(1)
    assert deliver() == 1
    assert (states(), len(bot.messages)) == (["sent", "sent"], 3)


def test_what_was_sent_is_marked_even_when_the_round_breaks(deliver: Deliver, moments: Moments) -> None:
    """The call is under way while the line is read again."""
    waiting(1)
    line_is_read = 'SELECT .* FROM "notification" .* ORDER BY'
    moments.after(line_is_read, lambda: moments.fail(line_is_read, OperationalError("disk I/O error")))
    with pytest.raises(OperationalError):
        deliver()
    assert states() == ["sent"]


def test_nothing_is_begun_after_the_end_of_a_round(
    deliver: Deliver, bot: Bot, monkeypatch: pytest.MonkeyPatch, advance: Advance
) -> None:
    """A Telegram that hangs holds the job up for one call more, not for one call each."""
    waiting(20)
    seconds = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    def hang(_method: str) -> None:
        seconds[0] += 15
        raise Lost("no answer")

    bot.mood = hang
    assert deliver() == 0
    assert len(bot.tried) <= chat_sender.PARALLEL
