"""`flask --app wsgi audit`: the leader compares both books, and the command shows both sides."""

import threading
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from jobs import answer_requests, schedule
from jobs.context import Context
from tests.shop.factories import after, intent_of, lead, make_order, make_submission, placed, window
from tests.shop.standins import Bot, Provider, always
from tests.shop.test_provider_audit import listed, worth
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import spending
from webapp.books.spending import Spending
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.telegram.errors import NotReached
from webapp.models import AuditedOrder, JobRequest, Payment, ProviderLook, Submission, db

Say = Callable[..., Result]


@pytest.fixture
def say(app: Flask) -> Say:
    return lambda *command: app.test_cli_runner().invoke(args=list(command))


@pytest.fixture
def jobs(database: Config, provider: Provider, bot: Bot) -> Context:
    provider.window, provider.account = window(), worth(1000)
    return Context(database, provider, bot, lead(), schedule.NAMES)


@pytest.fixture
def audit(say: Say, jobs: Context) -> Callable[[], Result]:
    """The command, while the leader answers."""

    def work() -> None:
        give_up = clock.monotonic() + 60
        while not JobRequest.select().where(JobRequest.done_at.is_null()).exists():
            assert clock.monotonic() < give_up
            clock.sleep(0.02)
        answer_requests.run(jobs)
        db.database.close()

    def run() -> Result:
        leader = threading.Thread(target=work)
        leader.start()
        said = say("audit")
        leader.join()
        return said

    return run


def test_both_sides_are_compared_and_shown(audit: Callable[[], Result], provider: Provider, bot: Bot) -> None:
    order = make_order("ready")
    Payment.update(listed_at=after(0)).execute()
    provider.window = window(listed(order))
    said = audit()
    assert said.exit_code == 0, said.output
    told = said.output.splitlines()
    assert told[0] == "XTR: paid 453 = delivered 453 + returned 0 + refunded 0 + in flight 0 + unmatched 0"
    assert told[1] == (
        "USD: bought 4.20 = delivered 4.20 + returned 0.00 + surplus 0.00 + in flight 0.00 + settled 0.00 "
        "+ unexplained 0.00"
    )
    assert told[2].startswith("Balance at eSIM Go: 1000.00 USD, seen at ")
    assert told[3:] == ["It adds up."]
    assert [one.why for one in ProviderLook.select()] == ["asked"]
    assert "getStarTransactions" in bot.tried, "Telegram's side is asked for as well"


def test_it_never_adds_up_beside_orders_that_are_nobodys(
    audit: Callable[[], Result], provider: Provider, say: Say
) -> None:
    order = make_order("ready")
    provider.window = window(listed(order), placed("theirs", created_at=after(1800)))
    said = audit()
    assert said.exit_code == 1
    assert "bought 8.40 = delivered 4.20" in said.output
    assert "unexplained 4.20" in said.output
    assert "theirs: the shop has not made it: 1 × esim_3GB_30D_TR_V2 for 4.20 USD" in said.output
    for told in (said, say("ledger")):
        assert (told.exit_code, "adds up" in told.output) == (1, False)
    AuditedOrder.update(settled="spent").execute()
    assert (say("ledger").exit_code, "settled 4.20" in say("ledger").output) == (0, True)


def test_nor_beside_money_that_is_gone(audit: Callable[[], Result], provider: Provider) -> None:
    assert audit().exit_code == 0
    provider.account = worth(990)
    said = audit()
    assert said.exit_code == 1
    assert "The balance has fallen by 10.00 more than the orders have cost." in said.output


def test_where_nobody_leads_nobody_has_compared(say: Say, database: Config) -> None:
    said = say("audit")
    assert (said.exit_code, "no jobs process leads" in said.stderr) == (2, True)
    assert JobRequest.select().count() == 0


def test_what_could_not_be_asked_for_is_no_comparison(
    audit: Callable[[], Result], provider: Provider, bot: Bot
) -> None:
    provider.window = Unavailable("away")
    said = audit()
    assert (said.exit_code, "were not compared (failed)" in said.stderr) == (2, True)
    provider.window = window()
    bot.mood = always(NotReached("away"))
    assert audit().exit_code == 2


def test_a_list_that_was_not_read_to_its_end_does_not_add_up(
    audit: Callable[[], Result], provider: Provider
) -> None:
    provider.window = window(complete=False)
    said = audit()
    assert (said.exit_code, "could not be read to its end" in said.stderr) == (2, True)
    assert "It adds up." not in said.output


def test_all_that_was_bought_has_its_place(database: Config) -> None:
    for stage in ("ready", "active", "returned", "accepted", "failed"):
        make_order(stage, plan_id=stage)
    make_submission(make_order("failed", plan_id="late"), outcome="late", esimgo_order_id="late")
    make_submission(
        make_order("failed", plan_id="stock"), outcome="stock", esimgo_order_id="stock", cost=5000
    )
    row = {"ordered_at": after(0), "total": 1000, "currency": "USD"}
    for number, (verdict, settled) in enumerate(
        [("elsewhere", ""), ("twice", ""), ("elsewhere", "spent"), ("before", ""), ("income", "")]
    ):
        AuditedOrder.create(reference=f"row-{number}", verdict=verdict, settled=settled, **row)
    (side,) = spending.spending()
    assert side == Spending("USD", 4 * 4200 + 9200 + 3000, 8400, 4200, 9200, 4200, 1000, 2000)
    assert side.bought == sum(side[2:])


def test_what_is_delivered_counts_with_what_was_charged(database: Config) -> None:
    order = make_order("ready")
    Submission.update(cost=5100).where(Submission.id == intent_of(order).id).execute()
    assert [(side.bought, side.delivered) for side in spending.spending()] == [(5100, 5100)]
