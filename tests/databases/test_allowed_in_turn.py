"""R24: what is counted before it is allowed stays below its limit, however many are asked about at once."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

import pytest

from tests.databases.servers import say
from tests.proof import proved
from tests.settings import changed
from tests.shop.factories import lead, make_customer, make_order, quoted
from webapp.base.config import Config
from webapp.clients.telegram.updates import Update
from webapp.models import Customer, Order, Payment, db
from webapp.orders import telegram_updates
from webapp.state import provider

AT_ONCE = 24
SOME, ALL = 4, 40
"""Rounds for each limit: in full, 200 in all on each database."""
WAIT_S = 120

_updates = itertools.count(1)


class Limit(NamedTuple):
    """`most` of those who pay at once may be allowed to. `payers` are so many different people."""

    name: str
    most: int
    payers: int
    purchase_limits: str = "orders=999/day stars=9999999/day first=9999999 burst=999/hour"
    balance: int = 1_000_000_000
    interval_s: float = 3.0


LIMITS = (
    Limit("balance", 3, AT_ONCE, balance=3 * 4200 + 4199),
    Limit("line", 5, AT_ONCE, interval_s=720 / 1.1 / 4.5),
    Limit("orders of a customer", 5, 1, "orders=5/day stars=9999999/day first=9999999 burst=999/hour"),
    Limit("Stars of a customer", 4, 1, "orders=999/day stars=1900/day first=9999999 burst=999/hour"),
    Limit("burst of a customer", 5, 1, "orders=999/day stars=9999999/day first=9999999 burst=5/hour"),
)


@pytest.fixture
def threads(database: Config) -> Iterator[ThreadPoolExecutor]:
    """Each with a connection of its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool
        start = Barrier(AT_ONCE)
        list(pool.map(lambda _: (start.wait(WAIT_S), db.database.close()), range(AT_ONCE)))


@pytest.mark.proof
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name.replace(" ", "_"))
def test_no_limit_is_passed_by_those_who_pay_at_once(
    database: Config,
    threads: ThreadPoolExecutor,
    limit: Limit,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    config = changed(
        database, purchase_limits=limit.purchase_limits, esimgo_order_interval_s=limit.interval_s
    )
    lead()
    rounds = ALL if in_full else SOME
    allowed = [_round(config, threads, limit) for _ in range(rounds)]
    where = database.database_url.partition(":")[0]
    run = f"{rounds} rounds of {AT_ONCE} who pay at once: {limit.name}, on {where}"
    figure = f"{max(allowed)} of {limit.most} allowed at most, {min(allowed)} at least"
    print(f"\nR24: {run}: {figure}")
    assert set(allowed) == {limit.most}, "no more, and no fewer: nobody is declined for room that is there"
    row = proved.Row(f"R24 no limit is passed: {limit.name}", run, figure, f"– ({where})")
    record_property(proved.ROW, list(row))


def _round(config: Config, threads: ThreadPoolExecutor, limit: Limit) -> int:
    """How many of those who pay at once are allowed to."""
    quoted()
    provider.balance_seen(limit.balance)
    people = [make_customer(1 + number % limit.payers) for number in range(AT_ONCE)]
    orders = [
        make_order(customer=one, telegram_user_id=one.telegram_user_id, plan_id=f"plan-{number}")
        for number, one in enumerate(people)
    ]
    start = Barrier(AT_ONCE)

    def ask(order: Order) -> bool:
        asked = _question(order)
        start.wait(WAIT_S)
        answer = telegram_updates.receive(asked, config)
        assert answer is not None
        return bool(answer["ok"])

    told = sum(threads.map(ask, orders))
    assert told == Order.select().where(Order.admitted()).count() == Payment.select().count()
    for table in ("payment", "orders", "abuse_counter"):
        say(config.database_url, f"DELETE FROM {table}")
    return told


def _question(order: Order) -> Update:
    query = {
        "id": "query",
        "from": {"id": order.telegram_user_id, "first_name": "Ann", "language_code": "en"},
        "currency": "XTR",
        "total_amount": order.stars,
        "invoice_payload": order.reference,
    }
    return Update.model_validate({"update_id": next(_updates), "pre_checkout_query": query})


# --- who does not get a turn


def test_who_does_not_get_a_turn_in_time_is_told_to_tap_again(
    database: Config, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's turn lasts too long. Nothing of the question is stored, so that the next tap is a new
    one.
    """
    monkeypatch.setattr(telegram_updates, "turn", lambda: db.turn(0.2))
    lead()
    quoted()
    order = make_order()
    make_customer()
    begun, over = Barrier(2), Barrier(2)

    def hold() -> None:
        with db.turn(WAIT_S):
            begun.wait(WAIT_S)
            over.wait(WAIT_S)

    holding = threads.submit(hold)
    begun.wait(WAIT_S)
    asked = _question(order)
    answer = telegram_updates.receive(asked, database)
    over.wait(WAIT_S)
    holding.result()
    assert answer is not None
    assert (answer["ok"], "please tap Pay again" in answer["error_message"]) == (False, True)
    assert say(database.database_url, "SELECT 1 FROM telegram_update") == []
    again = telegram_updates.receive(asked, database)
    assert again is not None
    assert again["ok"]


def test_a_turn_leaves_the_database_as_patient_as_it_was(
    database: Config, threads: ThreadPoolExecutor
) -> None:
    """Its short patience is its own: an ordinary transaction of the same thread waits for a long one."""
    with db.turn(0.01):
        pass
    begun = Barrier(2)

    def hold() -> None:
        with db.transaction():
            make_customer(7)
            begun.wait(WAIT_S)
            db.database.execute_sql(WAITS_A_WHILE[database.database_url.partition(":")[0]])

    holding = threads.submit(hold)
    begun.wait(WAIT_S)
    with db.transaction():
        Customer.insert(telegram_user_id=7, language="en").on_conflict_ignore().execute()
    holding.result()
    assert Customer.select().count() == 1


WAITS_A_WHILE = {
    "postgresql": "SELECT pg_sleep(0.3)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n LIMIT 300000) SELECT MAX(i) FROM n",
}
