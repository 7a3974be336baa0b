"""Many threads that write at once: they take turns, share commits, and are told the truth about their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from peewee import IntegrityError

from tests.databases.servers import say
from tests.shop.factories import make_customer
from webapp.base.config import Config
from webapp.models import Customer, Setting, db

pytestmark = pytest.mark.usefixtures("database")

THREADS, EACH = 8, 20
TURN_COMES_IN_S = 60  # on any machine; one that is kept would never come


def crowd(work: Callable[[int], None]) -> None:
    def all_of(first: int) -> None:
        for number in range(EACH):
            work(first * EACH + number)
        db.database.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(all_of, range(THREADS)))


def test_nothing_of_a_crowd_is_lost_and_each_is_committed_when_it_is_told_so(database: Config) -> None:
    unseen = []

    def write(number: int) -> None:
        db.group_commit(Customer.insert(telegram_user_id=number + 1, language="en").execute)
        found = say(database.database_url, f"SELECT 1 FROM customer WHERE telegram_user_id = {number + 1}")
        if not found:
            unseen.append(number)

    crowd(write)
    assert Customer.select().count() == THREADS * EACH
    assert unseen == [], "told before it was committed"


def test_one_that_goes_wrong_is_nobody_elses_trouble(database: Config) -> None:
    refused = []

    def write(number: int) -> None:
        try:
            db.group_commit(Customer.insert(telegram_user_id=number // 2 + 1, language="en").execute)
        except IntegrityError:
            refused.append(number)

    crowd(write)
    assert Customer.select().count() == len(refused) == THREADS * EACH // 2


def test_counting_in_turns_loses_nothing(database: Config) -> None:
    Setting.write("number", 0)

    def write(_number: int) -> None:
        with db.transaction():
            row = db.locking(Setting.select().where(Setting.name == "number"), "FOR UPDATE").get()
            Setting.update(value=str(int(row.value) + 1)).where(Setting.name == "number").execute()

    crowd(write)
    assert Setting.read("number") == THREADS * EACH


def test_a_turn_ends_with_an_error_too(database: Config) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        make_customer(7)
        raise ZeroDivisionError
    done = threading.Event()

    def write() -> None:
        with db.transaction():
            make_customer(8)
        db.database.close()
        done.set()

    threading.Thread(target=write, daemon=True).start()
    assert done.wait(TURN_COMES_IN_S), "the turn was never given up"
    assert [customer.telegram_user_id for customer in Customer.select()] == [8]
