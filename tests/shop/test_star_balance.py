"""Refunds are paid from the bot's Stars: one that these do not cover is known before it is tried."""

from threading import Barrier, Thread
from typing import Any

import pytest

from jobs import issue_refunds, star_balance
from jobs.context import Context
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import after, leader, make_customer, make_order, make_payment, make_refund
from tests.shop.moments import Moments
from tests.shop.standins import Bot, Provider, always
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.clients.telegram.errors import BadCall, BalanceTooLow, Lost
from webapp.models import Order, Payment, Refund, db
from webapp.operations import conditions
from webapp.orders import payments
from webapp.state import incidents
from webapp.state import star_balance as known

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture
def jobs(config: Config, bot: Bot) -> Context:
    return Context(config, Provider(), bot, leader(), {})


def told(stars: float, ago_s: float = 0) -> None:
    known.seen(int(stars * NANO), after(-ago_s))


def owed(order: Order | None = None, **values: Any) -> Refund:
    """Of a charge that was made before the balance was told."""
    refund = make_refund(order, **values)
    Payment.update(confirmed_at=after(-3600)).where(Payment.id == refund.payment.id).execute()
    return refund


def states() -> list[str]:
    return [refund.state for refund in Refund.select().order_by(Refund.id)]


def alerted(jobs: Context) -> list[str]:
    conditions.evaluate(jobs.config, jobs.bot)
    return [incident.detail for incident in incidents.open_ones() if incident.kind == "stars_short"]


def test_a_refund_that_is_not_covered_is_not_tried_and_goes_as_soon_as_it_is(
    jobs: Context, bot: Bot, advance: Advance
) -> None:
    bot.stars = 452
    star_balance.run(jobs)
    owed()
    assert alerted(jobs) == ["1 Stars are missing for the refunds that are due"], "before it is tried"
    for _ in range(10):
        issue_refunds.run(jobs)
        star_balance.run(jobs)
        advance(20)
    assert "refundStarPayment" not in bot.tried
    assert (states(), Refund.get().attempts) == (["due"], 0)
    bot.stars = 453
    star_balance.run(jobs)
    issue_refunds.run(jobs)
    assert (states(), Refund.get().short_since) == (["done"], None)
    assert alerted(jobs) == []


def test_while_all_is_well_it_is_asked_for_every_five_minutes_and_every_fifteen_seconds_while_not(
    jobs: Context, bot: Bot, advance: Advance
) -> None:
    for seconds, asked in ((0, 1), (299, 1), (1, 2)):
        advance(seconds)
        star_balance.run(jobs)
        assert bot.tried.count("getMyStarBalance") == asked
    bot.stars = 0
    advance(300)
    star_balance.run(jobs)
    owed()
    issue_refunds.run(jobs)
    for seconds, asked in ((14, 3), (1, 4)):
        advance(seconds)
        star_balance.run(jobs)
        assert bot.tried.count("getMyStarBalance") == asked


def test_those_that_are_covered_go_and_the_others_wait(jobs: Context, bot: Bot) -> None:
    told(1000)
    for _ in range(3):
        owed()
    issue_refunds.run(jobs)
    assert states() == ["done", "done", "due"]
    assert [refund.short_since is None for refund in Refund.select().order_by(Refund.id)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("stars", "state"), [(407.7, "done"), (407.6, "due")])
def test_an_affiliates_part_comes_back_from_there(jobs: Context, bot: Bot, stars: float, state: str) -> None:
    told(stars)
    credit = {"credited_nano": 407_700_000_000, "commission_nano": 45_300_000_000}
    refund = owed()
    Payment.update(credit).where(Payment.id == refund.payment.id).execute()
    issue_refunds.run(jobs)
    assert states() == [state]


@pytest.mark.parametrize(("stars", "state"), [(453, "done"), (385.1, "due")])
def test_what_telegram_kept_does_not_come_back(jobs: Context, bot: Bot, stars: float, state: str) -> None:
    told(stars)
    credit = {"credited_nano": 385_050_000_000, "commission_nano": 0}
    refund = owed()
    Payment.update(credit).where(Payment.id == refund.payment.id).execute()
    issue_refunds.run(jobs)
    assert states() == [state]


@pytest.mark.parametrize("ago_s", [601, -60], ids=["long ago", "before the clock was moved"])
def test_of_a_balance_that_was_told_long_ago_nothing_is_known(jobs: Context, bot: Bot, ago_s: float) -> None:
    told(0, ago_s)
    owed()
    assert payments.shortage() is None
    issue_refunds.run(jobs)
    assert states() == ["done"]


def test_what_arrived_since_it_was_told_is_taken_off(jobs: Context, bot: Bot, advance: Advance) -> None:
    told(500)
    owed()
    issue_refunds.run(jobs)
    advance(1)
    owed()
    issue_refunds.run(jobs)
    assert states() == ["done", "due"]
    told(500)
    Refund.update(next_try_at=clock.now()).execute()
    issue_refunds.run(jobs)
    assert states() == ["done", "done"], "a balance that was told after the first has arrived is less it"


def test_what_was_paid_since_it_was_told_is_there_to_be_refunded(jobs: Context, bot: Bot) -> None:
    """The first sale of a new bot fails a moment after its balance was none."""
    told(0, ago_s=60)
    Payment.update(confirmed_at=after(-30)).where(Payment.id == make_refund().payment.id).execute()
    make_payment(None, state="created", charge_id=None, confirmed_at=None)
    assert payments.shortage() == 0
    issue_refunds.run(jobs)
    assert states() == ["done"]


@pytest.mark.parametrize("row", [{"state": "sent"}, {"silent": True}], ids=["no word", "no answer"])
def test_one_that_may_have_arrived_is_asked_for_whatever_is_left_and_reserves_its_stars(
    jobs: Context, bot: Bot, row: dict[str, Any]
) -> None:
    told(500)
    owed(**row, sent_at=after(-60), next_try_at=after(60))
    owed()
    issue_refunds.run(jobs)
    assert states()[1] == "due", "the first may have taken them"
    told(0)
    Refund.update(next_try_at=clock.now()).execute()
    issue_refunds.run(jobs)
    assert states() == ["done", "due"]


def test_telegrams_own_refusal_is_waited_out_and_is_no_failure(
    jobs: Context, bot: Bot, advance: Advance
) -> None:
    told(1000)
    owed()
    bot.mood = always(BalanceTooLow("BALANCE_TOO_LOW"))
    issue_refunds.run(jobs)
    assert (states(), Refund.get().attempts, Refund.get().short_since) == (["due"], 0, clock.now())
    bot.mood = lambda method: None
    bot.stars = 10
    star_balance.run(jobs)
    assert bot.tried.count("getMyStarBalance") == 1, "what we knew was wrong"
    issue_refunds.run(jobs)
    assert states() == ["due"]


def test_a_telegram_that_does_not_answer_leaves_the_balance_as_it_was(jobs: Context, bot: Bot) -> None:
    told(500)
    bot.mood = always(Lost("no answer"))
    star_balance.run(jobs)
    balance = known.known()
    assert balance is not None
    assert balance.nano == 500 * NANO


@pytest.mark.parametrize("says", [None, 1000], ids=["nothing", "enough"])
def test_a_refusal_is_told_whatever_the_balance_says(
    jobs: Context, bot: Bot, advance: Advance, says: int | None
) -> None:
    """An old Bot API server has no getMyStarBalance, and what it tells may not all be free."""
    bot.stars = says or 0
    known_methods = {"getMyStarBalance"} if says else set()

    def mood(method: str) -> None:
        if method == "refundStarPayment":
            raise BalanceTooLow("BALANCE_TOO_LOW")
        if method == "getMyStarBalance" and method not in known_methods:
            raise BadCall("404: Not Found: method not found")

    bot.mood = mood
    refund = owed()
    for _ in range(6):
        star_balance.run(jobs)
        issue_refunds.run(jobs)
        advance(20)
    assert alerted(jobs) == ["Telegram does not cover 1 refunds that are due"]
    assert Refund.get().short_since == refund.created_at, "it has waited since its first try"
    bot.mood = lambda method: None
    advance(60)
    issue_refunds.run(jobs)
    assert states() == ["done"]
    assert alerted(jobs) == []


def test_what_a_balance_tells_stops_no_refund_for_ever(jobs: Context, bot: Bot, advance: Advance) -> None:
    """It may tell only what can be withdrawn: in the end Telegram itself is asked."""
    told(0)
    owed()

    def passes(minutes: int) -> int:
        before = bot.tried.count("refundStarPayment")
        for _ in range(minutes):
            told(0)
            issue_refunds.run(jobs)
            advance(60)
        return bot.tried.count("refundStarPayment") - before

    def refused(method: str) -> None:
        if method == "refundStarPayment":
            raise BalanceTooLow("BALANCE_TOO_LOW")

    bot.mood = refused
    assert [passes(10), passes(10), passes(10)] == [0, 1, 1]
    bot.mood = lambda method: None
    passes(10)
    assert states() == ["done"]


# --- what is said of it


def test_the_customers_page_says_by_when(jobs: Context, owner: Person, bot: Bot) -> None:
    told(0)
    order = make_order("failed")
    make_payment(None, amount=453 * 24, telegram_user_id=7)
    issue_refunds.run(jobs)
    page = text(owner.get(f"/orders/{order.reference}"))
    assert "after a short delay on our side" in page
    expected = Refund.get().expected_at
    assert 3000 < (expected - clock.now()).total_seconds() < 3900, "453 Stars come in an hour"
    assert expected.isoformat() in page
    assert "person is looking" not in page


def test_no_time_is_told_where_nothing_is_sold(jobs: Context, owner: Person, bot: Bot) -> None:
    told(0)
    order = make_order("failed")
    Payment.update(confirmed_at=after(-3 * 86_400)).execute()
    issue_refunds.run(jobs)
    assert (Refund.get().expected_at, Refund.get().short_since) == (None, clock.now())
    assert "Expected by" not in text(owner.get(f"/orders/{order.reference}"))


def test_who_waits_behind_others_is_told_a_later_time(jobs: Context, bot: Bot) -> None:
    told(0)
    make_payment(None, amount=10_000)
    for _ in range(3):
        owed()
    issue_refunds.run(jobs)
    times = [refund.expected_at for refund in Refund.select().order_by(Refund.id)]
    assert times[0] < times[1] < times[2]


# --- at once


def test_who_counts_what_is_left_counts_alone(jobs: Context, bot: Bot, moments: Moments) -> None:
    """Another lane comes when the first has found its refund covered and has not claimed it yet."""
    told(500)
    owed(next_try_at=after(-2))
    second = owed(next_try_at=after(-1))

    def other() -> None:
        db.keep_connection()
        try:
            payments.issue_refunds(bot, jobs.leadership)
        finally:
            db.database.close()

    lane = Thread(target=other)

    def comes() -> None:
        lane.start()
        lane.join(1)  # it waits for the first, however long that takes

    earlier = Refund.update(next_try_at=after(-3)).where(Refund.id == second.id)
    moments.after('ORDER BY "t1"."next_try_at"', earlier.execute)
    moments.meanwhile('UPDATE "refund" SET "state"', comes)
    payments.issue_refunds(bot, jobs.leadership)
    lane.join(60)
    assert (len(bot.refunds), sorted(states())) == (1, ["done", "due"])


def test_refunds_at_once_never_take_more_than_there_is(jobs: Context, bot: Bot, config: Config) -> None:
    """Four lanes send refunds beside each other."""
    for round_ in range(5):
        Refund.update(state="done", done_at=after(-3600)).execute()
        told(3 * 453 + 100)
        for number in range(8):
            owed(make_order("awaiting_payment", make_customer(100 * round_ + number + 1)))
        before, start = len(bot.refunds), Barrier(4)

        def lane(start: Barrier = start) -> None:
            db.keep_connection()
            start.wait(60)
            try:
                payments.issue_refunds(bot, jobs.leadership)
            finally:
                db.database.close()

        threads = [Thread(target=lane) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(bot.refunds) - before == 3
        assert Refund.select().where(Refund.short_since.is_null(False), Refund.state == "due").count() == 5
