"""R13: thousands of messages while three in ten calls go wrong: none is lost, Telegram's limits are kept."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from random import Random
from threading import Lock

import pytest

from tests.proof import proved
from tests.shop.factories import make_order
from tests.shop.standins import Bot
from webapp.base import clock, crash_points
from webapp.base.config import Config
from webapp.clients.telegram.botapi import Json
from webapp.clients.telegram.errors import Blocked, Lost, NotReached, SlowDown
from webapp.customers import identity, outbox
from webapp.customers.outbox import chat_sender
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import Customer, Notification, Order, db

KINDS = ("paid", "failed", "refunded", "activated")
HEADINGS = [
    "<b>Paid, thank you</b>",
    "<b>This eSIM could not be delivered</b>",
    "<b>Refunded</b>",
    "<b>Your eSIM is on your phone</b>",
]
SOME, ALL = 250, 2_500
"""People, each of whom gets a message of every kind."""
CRASH_EVERY = 250
SEED = 20261123


class PowerCut(BaseException):
    """The process is gone, after the call and before the mark."""


class Telegram(Bot):
    """Each call takes a moment of the clock. Three in ten go wrong; when the answer is lost, it was sent.

    What becomes of the n-th call to a chat is the same in whichever order the threads come.
    """

    def __init__(self, ahead: list[float]) -> None:
        super().__init__()
        self.calls: list[tuple[float, int]] = []
        self.came: dict[int, list[str]] = defaultdict(list)
        self.faults: Counter[str] = Counter()
        self.deaf: set[int] = set()
        self._ahead, self._lock = ahead, Lock()
        self._nth: Counter[int] = Counter()

    def send_message(
        self, chat_id: int, text: str, reply_markup: Json | None = None, *, silent: bool = False
    ) -> int:
        with self._lock:
            self._nth[chat_id] += 1
            chance = Random(f"{SEED}/{chat_id}/{self._nth[chat_id]}")
            self._ahead[0] += chance.uniform(0, 0.02)
            self.calls.append((clock.timestamp(), chat_id))
            if chat_id not in self.deaf:
                self._meet_fate(chat_id, text.split("\n")[0], chance)
            if chat_id in self.deaf:
                self._fail("403", Blocked("bot was blocked by the user"))
            return len(self.calls)

    def _meet_fate(self, chat_id: int, heading: str, chance: Random) -> None:
        fate = chance.random()
        if fate < 0.02:
            self.deaf.add(chat_id)
        elif fate < 0.04:
            self._fail("429", SlowDown(chance.choice((1, 2, 5))))
        elif fate < 0.22:
            self._fail("no connection", NotReached("no"))
        else:
            self.came[chat_id].append(heading)
            if fate < 0.30:
                self._fail("answer lost", Lost("no"))

    def _fail(self, name: str, error: Exception) -> None:
        self.faults[name] += 1
        raise error


class Power:
    """Cut after every so many calls; from then on the process does nothing more."""

    def __init__(self) -> None:
        self.cuts = 0
        self._left = CRASH_EVERY

    def crash_point(self, name: str) -> None:
        self._left -= name == "notification.sent"
        if self._left <= 0:
            raise PowerCut

    def back(self) -> None:
        self.cuts += 1
        self._left = CRASH_EVERY


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds by which the clock is ahead; cheaper to read than the file."""
    seconds = [0.0]
    counted = clock.counted
    monkeypatch.setattr(clock, "counted", lambda: counted() + seconds[0])
    return seconds


@pytest.fixture
def power() -> Iterator[Power]:
    power = Power()
    with crash_points.watched(power.crash_point):
        yield power


@pytest.mark.proof
def test_a_thousand_messages_and_more_arrive_at_telegrams_pace(
    database: Config,
    ahead: list[float],
    power: Power,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    people = ALL if in_full else SOME
    messages = people * len(KINDS)
    fill(people)
    bot = Telegram(ahead)
    began_at = clock.timestamp()
    play(bot, database, power, ahead)
    doubled = sum(len(headings) - len(KINDS) for headings in bot.came.values())
    wrong = f"{bot.faults.total()} of which went wrong, {power.cuts} crashes"
    run = f"{messages} messages in {len(bot.calls)} calls, {wrong}"
    figure = f"0 lost, {doubled} came twice, {busiest(bot.calls)} in the busiest second"
    print(f"\nR13: {run}: {figure}; {clock.timestamp() - began_at:.0f} s of the clock; {dict(bot.faults)}")
    record_property(proved.ROW, list(proved.Row("R13 notifications arrive", run, figure, str(SEED))))
    assert states() == {"sent": messages}, "none is lost, none is given up"
    assert all(in_order(headings) == HEADINGS for headings in bot.came.values())
    assert doubled <= bot.faults["answer lost"] + power.cuts * chat_sender.PARALLEL
    assert sum(bot.faults.values()) > 0.28 * len(bot.calls)
    assert busiest(bot.calls) <= 30
    assert max(busiest(calls) for calls in by_chat(bot.calls)) == 1


def play(bot: Telegram, config: Config, power: Power, ahead: list[float]) -> None:
    """One process after the other, until nothing is left to be sent."""
    limiter = RateLimiter()
    while is_open():
        before = len(bot.calls)
        try:
            outbox.deliver(bot, config, limiter)
        except PowerCut:
            power.back()
            ahead[0] += 2
            limiter = RateLimiter()
        ahead[0] += 0.2 if len(bot.calls) > before else 1.0
        if len(bot.deaf) >= 20 or (len(bot.calls) == before and not is_due()):
            let_in(bot)


def fill(people: int) -> None:
    """Many alike, and quickly."""
    order, now = make_order("awaiting_payment", deadline_at=clock.now()), clock.now()
    common = {name: value for name, value in order.__data__.items() if name not in {"id", "reference"}}
    with db.transaction():
        for number in range(1, people + 1):
            chat = {"telegram_user_id": 100_000 + number, "language": "en", "created_at": now}
            customer = Customer.insert(chat).execute()
            mine = Order.insert(
                common | {"customer": customer, "reference": f"r{number}", "plan_id": number}
            ).execute()
            Notification.insert_many(
                {"customer": customer, "order": mine, "kind": kind} for kind in KINDS
            ).execute()


def is_open() -> bool:
    return bool(Notification.select().where(Notification.state.in_(("waiting", "sending"))).exists())


def is_due() -> bool:
    """Is there anybody left who is not waiting to be let in?"""
    held = Customer.select().where(Customer.blocked_at.is_null(False))
    others = Notification.customer.not_in(held) & Notification.state.in_(("waiting", "sending"))
    return bool(Notification.select().where(others).exists())


def let_in(bot: Telegram) -> None:
    """Everybody who had blocked the bot has thought better of it."""
    for customer in Customer.select().where(Customer.blocked_at.is_null(False)):
        bot.deaf.discard(customer.telegram_user_id)
        identity.reachable(customer)


def states() -> Counter[str]:
    return Counter(row.state for row in Notification.select(Notification.state))


def in_order(headings: list[str]) -> list[str]:
    """Each once, as it came first."""
    return list(dict.fromkeys(headings))


def by_chat(calls: list[tuple[float, int]]) -> Collection[list[tuple[float, int]]]:
    chats = defaultdict(list)
    for call in calls:
        chats[call[1]].append(call)
    return chats.values()


def busiest(calls: list[tuple[float, int]]) -> int:
    """The most calls in any second, wherever that second begins."""
    times = sorted(at for at, _ in calls)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
