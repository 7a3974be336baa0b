"""R10: hundreds of orders at once are as many rows, also when a writer is killed in the middle."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from sandbox import clock
from tests.databases.writing import Writer, together
from tests.proof import proved
from tests.shop.factories import make_plan
from webapp.base.config import Config
from webapp.models import Customer, Order

SOME, ALL = 100, 1000
"""Orders, or those who place one each."""
KILLS = 3


@pytest.fixture
def crowd(database: Config) -> Config:
    """A plan, and many who want it."""
    make_plan()
    rows = [{"telegram_user_id": 10_000 + number, "language": "en"} for number in range(ALL)]
    Customer.insert_many(rows).execute()
    return database


@pytest.mark.proof
def test_each_has_one_order_though_all_tap_twice_at_once(
    crowd: Config, in_full: bool, record_property: Callable[[str, object], None]
) -> None:
    orders = ALL if in_full else SOME
    began = clock.monotonic()
    first, second = together("place", crowd.database_url, orders)
    took = clock.monotonic() - began
    rows = {order.reference: order.__data__["customer"] for order in Order.select()}
    where = crowd.database_url.partition(":")[0]
    run = f"{2 * orders} requests of 2 processes with 16 threads each, on {where}"
    figure = f"{len(rows)} orders of {len(set(rows.values()))} customers"
    print(f"\nR10: {run}: {figure}, {took:.1f} s")
    assert first == second, "both taps of a customer got the same order"
    assert sorted(first) == sorted(rows)
    assert len(rows) == len(set(rows.values())) == orders
    record_property(proved.ROW, list(proved.Row("R10 no update is lost", run, figure, f"– ({where})")))


def test_a_killed_writer_loses_nothing_that_it_has_told(crowd: Config) -> None:
    told: list[str] = []
    for _ in range(KILLS):
        writer = Writer("place_until_killed", crowd.database_url, ALL)
        writer.go()
        told += [writer.says() for _ in range(len(set(told)) + 30)]
        writer.process.kill()
        told += writer.told()
    kept = {order.reference for order in Order.select()}
    print(f"\nR10, {crowd.database_url.partition(':')[0]}: {KILLS} writers killed, {len(kept)} orders kept")
    assert set(told) <= kept
    assert len(kept) - len(set(told)) <= KILLS, "at most the one that each was about to tell"
    assert broken(crowd.database_url) == ""


def broken(url: str) -> str:
    """What SQLite finds wrong with its file."""
    if not url.startswith("sqlite"):
        return ""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
    return "" if verdict == "ok" else str(verdict)
