"""What processes of their own do to a database at the same time (writing.py starts them).

Each says that it is there, waits until it is told to go, works, and says what came of it, bit by bit.
"""

import itertools
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from peewee import OperationalError

from tests.databases import dumps
from webapp import orders
from webapp.base import sealing
from webapp.models import Customer, Order, Plan, Setting, db

THREADS = 16
THERE = "there"


def count(times: int) -> Iterator[object]:
    """Read a number, write the next one: how many of these transactions failed?"""
    failed = 0
    mine = Setting.name == "counter"
    for _ in range(times):
        try:
            with db.transaction():
                row = db.locking(Setting.select().where(mine), "FOR UPDATE").get()
                Setting.update(value=str(int(row.value) + 1)).where(mine).execute()
        except OperationalError:
            failed += 1
    yield failed


def place(times: int) -> Iterator[object]:
    """One order for each of so many customers, on many threads: the references."""
    plan = Plan.get()
    customers = Customer.select().order_by(Customer.telegram_user_id).limit(times)
    with ThreadPoolExecutor(THREADS) as threads:
        for order in threads.map(lambda customer: _place(customer, plan), list(customers)):
            yield order.reference
        list(threads.map(lambda _: db.database.close(), range(THREADS)))


def _place(customer: Customer, plan: Plan) -> Order:
    db.keep_connection()
    return orders.place(customer, plan)


def place_until_killed(times: int) -> Iterator[object]:
    """One order after the other, each told as soon as it is committed."""
    plan = Plan.get()
    for customer in list(Customer.select().order_by(Customer.telegram_user_id).limit(times)):
        yield orders.place(customer, plan).reference


def migrate(_times: int) -> Iterator[object]:
    """What was missing until then."""
    yield from db.migrate()


def migrate_and_die(statements: int) -> Iterator[object]:
    """The same, killed (kill -9) before the statement with this number; it tells how many there were."""
    real, asked = db.database.obj.execute_sql, itertools.count()

    def execute(*sql: Any) -> Any:
        if next(asked) == statements:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*sql)

    db.database.obj.keys = sealing.Keys([dumps.KEY])
    db.database.obj.execute_sql = execute
    db.migrate()
    yield next(asked)


WORK = {work.__name__: work for work in (count, place, place_until_killed, migrate, migrate_and_die)}


def main(
    work: str,
    url: str,
    times: int,
    asked: "Connection[object, object]",
    telling: "Connection[object, object]",
) -> None:
    db.bind(url)
    telling.send(THERE)
    asked.recv()
    for told in WORK[work](times):
        telling.send(str(told))
    db.database.close()
