"""Another process commits before every write of ours: on SQLite no loop may read on while it writes.

A statement that is read row by row keeps the database as it was when it began. Once somebody else has
written, SQLite refuses our own write at once and does not wait, whatever the timeout says.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shop.factories import after, lead, leader, make_order, make_refund, placed
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.telegram.errors import TelegramError
from webapp.models import Order, Refund, Submission, db
from webapp.orders import payments

pytestmark = pytest.mark.usefixtures("rival")

NUMBER = 3


@pytest.fixture
def rival(database: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody else, who commits whenever we are about to begin a transaction or to write without one."""
    other = sqlite3.connect(database.database_url.removeprefix("sqlite:///"), isolation_level=None, timeout=1)
    other.execute("CREATE TABLE rival (noise)")
    ours = db.database.obj
    real_begin, real_execute = ours.begin, ours.execute_sql

    def begin(*values: Any, **more: Any) -> Any:
        other.execute("INSERT INTO rival VALUES (1)")
        return real_begin(*values, **more)

    def execute(sql: str, *values: Any, **more: Any) -> Any:
        if not ours.in_transaction() and sql.startswith(("INSERT", "UPDATE", "DELETE")):
            other.execute("INSERT INTO rival VALUES (1)")
        return real_execute(sql, *values, **more)

    monkeypatch.setattr(ours, "begin", begin)
    monkeypatch.setattr(ours, "execute_sql", execute)
    yield
    other.close()


def some(stage: str, **values: Any) -> list[Order]:
    return [make_order(stage, plan_id=f"plan-{number}", **values) for number in range(NUMBER)]


def stages(found: list[Order]) -> set[str]:
    return {order.fresh().as_written("stage") for order in found}


def test_all_unpaid_orders_expire() -> None:
    old = some("awaiting_payment", created_at=after(-3600))
    assert orders.expire() == NUMBER
    assert stages(old) == {"expired"}


def test_all_late_orders_are_refunded() -> None:
    late = some("accepted", deadline_at=after(-1))
    assert orders.enforce_deadlines() == NUMBER
    assert stages(late) == {"failed"}
    assert Refund.select().count() == NUMBER


def test_all_abandoned_purchases_are_looked_up() -> None:
    left = some("submitting")
    Submission.update(epoch=0).execute()
    assert orders.take_over(lead()) == NUMBER
    assert stages(left) == {"unknown"}


def test_all_accepted_orders_are_delivered(provider: Provider) -> None:
    waiting = some("accepted")
    provider.get_order_status = lambda order_id: placed(order_id)  # type: ignore[method-assign] # one for each
    assert orders.collect(provider) == NUMBER
    assert stages(waiting) == {"ready"}


def test_an_order_without_an_answer_still_goes_to_the_end_of_the_line(provider: Provider) -> None:
    some("accepted")
    provider.status = Unavailable("no answer")
    with pytest.raises(Unavailable):
        orders.collect(provider)
    assert Order.select().where(Order.next_try_at.is_null(False)).count() == 1


def test_all_refunds_are_sent(bot: Bot) -> None:
    for _ in range(NUMBER):
        make_refund()
    assert payments.issue_refunds(bot, leader()) == NUMBER
    assert {refund.state for refund in Refund.select()} == {"done"}


def test_all_refunds_that_fail_are_noted(bot: Bot) -> None:
    for _ in range(NUMBER):
        make_refund()

    def refuse(_method: str) -> object:
        raise TelegramError("no")

    bot.mood = refuse
    assert payments.issue_refunds(bot, leader()) == 0
    assert {refund.attempts for refund in Refund.select()} == {1}
