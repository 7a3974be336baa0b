"""Our clock against the outside's: who is believed, what closes, and what is put right."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from jobs import check_clock, enforce_deadlines, purge, schedule, send_alerts
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import after, lead, leader, make_order, make_plan, near
from tests.shop.standins import Bot, Provider
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.telegram.errors import NotReached
from webapp.models import Order
from webapp.operations import alerts
from webapp.orders import gate
from webapp.state import incidents, outages, shop_time
from webapp.state.outside_time import OutsideTime

LOOK_S = 4
Passes = Callable[[float], None]


class Sky:
    """What the outside says of the time, and the job that listens."""

    def __init__(self, context: Context, provider: Provider, bot: Bot, passes: Passes) -> None:
        self._context, self._provider, self._bot, self._passes = context, provider, bot, passes
        self._right = clock.zero()

    def says(self, esimgo_s: float | None, telegram_s: float | None) -> None:
        """By so much eSIM Go and Telegram are ahead of the right time; None: no answer."""
        self._provider.zero = self._zero(esimgo_s)
        self._bot.zero = self._zero(telegram_s)

    def _zero(self, ahead_s: float | None) -> datetime | None:
        return None if ahead_s is None else self._right + timedelta(seconds=ahead_s)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self._passes(LOOK_S)
            check_clock.run(self._context)

    @property
    def off_s(self) -> int:
        """By so much we are ahead of the right time."""
        return round((clock.zero() - self._right).total_seconds())

    @property
    def time(self) -> OutsideTime:
        return self._context.time

    @property
    def is_sure(self) -> bool:
        return self._context.time.is_sure


def boots_wrong(seconds: float) -> None:
    """The shop begins on a machine whose clock is ahead by so much."""
    clock.count_from(clock.zero() + timedelta(seconds=seconds))
    shop_time.follow()


@pytest.fixture
def passes(database: Config, monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Time passes when the test says so."""
    began_s, began, passed = clock.counted(), clock.now(), [0.0]
    machine = SimpleNamespace(now=lambda _zone: began + timedelta(seconds=passed[0]))
    monkeypatch.setattr(clock, "counted", lambda: began_s + passed[0])
    monkeypatch.setattr(clock, "datetime", machine)

    def passes(seconds: float) -> None:
        passed[0] += seconds

    return passes


@pytest.fixture
def sky(database: Config, provider: Provider, bot: Bot, passes: Passes) -> Sky:
    provider.account = Unavailable("only its date is of interest")
    return Sky(Context(database, provider, bot, lead(), {}), provider, bot, passes)


def told() -> dict[str, str]:
    return {one.kind: one.detail for one in incidents.open_ones()}


@pytest.mark.parametrize("off_s", [-900, -90, 90, 900, 86_400])
def test_when_both_say_that_we_are_wrong_sales_close_the_time_is_put_right_and_they_open_again(
    sky: Sky, off_s: int
) -> None:
    boots_wrong(off_s)
    sky.says(0, 0)
    sky.look()
    assert sky.off_s == 0
    assert "clock_wrong" in told()
    assert str(abs(off_s)) in told()["clock_wrong"]
    assert outages.now().sales_paused
    assert not sky.is_sure
    sky.look()
    assert outages.now().sales_paused, "one good look may be luck"
    sky.look()
    assert not outages.now().sales_paused
    assert sky.is_sure


def test_while_sales_are_closed_nobody_is_charged(sky: Sky, database: Config) -> None:
    make_plan()
    order = make_order(created_at=after(-10))
    boots_wrong(90)
    sky.says(0, 0)
    sky.look()
    refusal = gate.may_pay(order, database)
    assert refusal is not None
    assert refusal.code == "sales_paused"


def test_half_a_minute_is_nothing(sky: Sky) -> None:
    boots_wrong(29)
    sky.says(0, 0)
    sky.look(3)
    assert (sky.off_s, told(), sky.is_sure) == (29, {}, True)


@pytest.mark.parametrize(("esimgo_s", "telegram_s"), [(0, None), (None, 0)])
def test_one_of_them_is_believed_when_it_says_so_three_times_and_the_other_is_silent(
    sky: Sky, esimgo_s: float | None, telegram_s: float | None
) -> None:
    boots_wrong(900)
    sky.says(esimgo_s, telegram_s)
    sky.look(2)
    assert (sky.off_s, told(), sky.is_sure) == (900, {}, False)
    sky.look()
    assert (sky.off_s, list(told())) == (0, ["clock_wrong"])


def test_when_they_disagree_that_is_told_and_nothing_else_happens(sky: Sky) -> None:
    sky.says(0, 0)
    shop_time.follow()
    sky.look(2)
    for esimgo_s, telegram_s in ((0, -900), (900, 0), (900, -900), (900, 1800)):
        sky.says(esimgo_s, telegram_s)
        sky.look(10)
        assert (sky.off_s, list(told())) == (0, ["clocks_disagree"])
        assert not outages.now().sales_paused
    sky.says(0, 0)
    sky.look(2)
    assert told() == {}


@pytest.mark.parametrize(("esimgo_s", "telegram_s"), [(0, -900), (90, 0)])
def test_the_one_of_two_who_disagree_that_says_as_we_do_is_believed(
    sky: Sky, esimgo_s: float, telegram_s: float
) -> None:
    """Else no deadline would end for as long as the other is wrong, and no sale open again."""
    boots_wrong(900)
    sky.says(0, 0)
    sky.look()
    assert outages.now().sales_paused
    sky.says(esimgo_s, telegram_s)
    sky.look(2)
    assert (sky.off_s, sky.is_sure, outages.now().sales_paused) == (0, True, False)
    assert "clocks_disagree" in told()


def test_where_three_clocks_tell_three_times_nothing_is_known(sky: Sky) -> None:
    boots_wrong(300)
    sky.says(0, 900)
    sky.look(5)
    assert (sky.off_s, list(told()), sky.is_sure) == (300, ["clocks_disagree"], False)


def test_when_nobody_answers_nothing_is_known_and_nothing_ends(sky: Sky, bot: Bot) -> None:
    def refuse(_method: str) -> None:
        raise NotReached("refused")

    bot.mood = refuse
    boots_wrong(900)
    sky.says(None, None)
    sky.look(10)
    assert (sky.off_s, told(), sky.is_sure) == (900, {}, False)


def test_an_answer_counts_once(sky: Sky, provider: Provider) -> None:
    boots_wrong(900)
    sky.says(0, None)
    sky.look()
    provider.zero = None  # it says nothing more
    sky.look(5)
    assert sky.off_s == 900


def test_the_next_leader_of_a_boot_that_was_confirmed_is_sure_at_once(
    sky: Sky, database: Config, provider: Provider, bot: Bot
) -> None:
    shop_time.follow()
    assert not sky.is_sure
    sky.says(0, 0)
    sky.look()
    assert Context(database, provider, bot, leader(), {}).time.is_sure


@pytest.mark.parametrize("off_s", [-900, 900])
def test_what_was_paid_keeps_what_was_left_of_its_deadline(sky: Sky, off_s: int) -> None:
    make_plan()
    boots_wrong(off_s)
    order = make_order("paid", paid_at=clock.now(), deadline_at=after(600))
    sky.says(0, 0)
    sky.look()
    now = order.fresh()
    assert near(now.deadline_at, after(600 - LOOK_S))
    assert near(now.paid_at, after(-LOOK_S))


def test_what_was_written_before_this_boot_stays(sky: Sky) -> None:
    make_plan()
    order = make_order("paid", paid_at=after(-300), deadline_at=after(600))
    before = order.fresh()
    boots_wrong(900)
    sky.says(0, 0)
    sky.look()
    now = order.fresh()
    assert (now.paid_at, now.deadline_at) == (before.paid_at, before.deadline_at)


def test_the_machines_own_clock_is_told_of_though_it_moves_nothing(sky: Sky, database: Config) -> None:
    assert database.clock_file is not None
    step = database.clock_file.with_name("clock.step")
    sky.says(0, 0)
    shop_time.follow()
    sky.look(2)
    assert told() == {}
    step.write_text("-1200")
    sky.look()
    assert "machine's clock is 1200 s behind" in told()["clock_wrong"]
    assert not outages.now().sales_paused
    step.unlink()
    sky.look(2)
    assert told() == {}


def test_the_owner_is_told_within_a_minute_that_the_clock_is_wrong(
    sky: Sky, database: Config, bot: Bot, passes: Passes
) -> None:
    config = changed(database, alert_chat_id=777)
    boots_wrong(-900)
    sky.says(0, 0)
    sky.look()
    alerts.send_pending(bot, config)
    assert ["900 s behind" in text for _chat, text, _buttons in bot.messages] == [True]


def test_what_ends_by_time_waits_until_the_time_is_known_to_be_right(
    sky: Sky, database: Config, provider: Provider, bot: Bot
) -> None:
    make_plan()
    context = Context(database, provider, bot, leader(), {}, time=sky.time)
    ticks = schedule.Ticks(context)
    (enforcing,) = (entry for entry in schedule.SCHEDULE if entry.job is enforce_deadlines)
    order = make_order("paid", paid_at=after(-100), deadline_at=after(800))
    boots_wrong(900)
    ticks.tick(enforcing)
    assert order.fresh().stage == "paid", "by the wrong clock it is late"
    sky.says(0, 0)
    sky.look(3)
    ticks.tick(enforcing)
    assert order.fresh().stage == "paid", "by the right one it is not"
    Order.update(deadline_at=after(1)).execute()
    ticks.tick(enforcing)
    assert order.fresh().stage == "failed"


def test_what_waits_for_the_time_stays_due(
    sky: Sky, database: Config, provider: Provider, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that is booted every day would never delete anything."""
    ran: list[Context] = []
    monkeypatch.setattr(purge, "run", ran.append)
    ticks = schedule.Ticks(Context(database, provider, bot, leader(), {}, time=sky.time))
    (purging,) = (entry for entry in schedule.SCHEDULE if entry.job is purge)
    shop_time.follow()
    ticks.tick(purging)
    assert ran == []
    sky.says(0, 0)
    sky.look()
    ticks.tick(purging)
    assert len(ran) == 1


def test_no_job_that_goes_by_time_or_deletes_is_forgotten() -> None:
    waiting = {entry.job.__name__.removeprefix("jobs.") for entry in schedule.SCHEDULE if entry.goes_by_time}
    assert waiting == {"enforce_deadlines", "expire_unpaid", "purge", "remind_customers", "telegram_payments"}


def test_conditions_are_not_judged_by_a_time_that_nobody_has_asked_about(
    sky: Sky, database: Config, provider: Provider, bot: Bot
) -> None:
    make_plan()
    context = Context(database, provider, bot, leader(), {}, time=sky.time)
    make_order("paid", paid_at=after(-100), deadline_at=after(800))
    boots_wrong(900)
    send_alerts.run(context)
    assert told() == {}
    sky.says(0, 0)
    sky.look()
    send_alerts.run(context)
    assert list(told()) == ["clock_wrong"]


@pytest.mark.parametrize(("age_s", "kinds"), [(-50, []), (-90, ["clock_wrong"]), (90_000, [])])
def test_who_is_refused_because_they_come_from_the_future_tells_of_our_clock(
    owner: Person, age_s: float, kinds: list[str]
) -> None:
    answer = owner.browser.get("/esims", headers={"Authorization": f"tma {owner.init_data(age_s)}"})
    assert answer.status_code == (200 if age_s == -50 else 401)
    assert list(told()) == kinds


def test_who_came_from_the_future_is_let_in_as_soon_as_the_time_is_corrected(owner: Person) -> None:
    right, token = clock.zero(), owner.init_data()
    boots_wrong(0)
    clock.count_from(right - timedelta(minutes=15))
    assert near(clock.now(), after(0))
    answer = owner.browser.get("/esims", headers={"Authorization": f"tma {token}"})
    assert answer.status_code == 200
    assert clock.zero() == right
