"""A claim and a change of leader at the same moment: one waits for the other."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from tests.shop.factories import lead, make_order
from webapp.base.config import Config
from webapp.models import Lease, Order, db
from webapp.state import leases

T = TypeVar("T")


def elsewhere(threads: ThreadPoolExecutor, work: Callable[[], T]) -> "Future[T]":
    """On another thread, with a connection of its own."""

    def run() -> T:
        try:
            return work()
        finally:
            db.database.close()

    return threads.submit(run)


def test_a_new_leader_waits_for_the_claim_that_has_begun_and_sees_it(database: Config) -> None:
    first, order = lead(0), make_order("paid")
    seen: list[str] = []

    def take_over() -> leases.Leadership | None:
        second = leases.acquire(600)
        seen.append(order.fresh().stage)
        return second

    with ThreadPoolExecutor(1) as threads:
        with db.transaction():
            assert leases.holds(first)
            second = elsewhere(threads, take_over)
            threading.Event().wait(0.3)
            assert not second.done(), "the claim is under way"
            Order.update(stage="submitting").where(Order.id == order.id).execute()
        taken = second.result(10)
    assert seen == ["submitting"]
    assert taken is not None and taken.epoch == first.epoch + 1
    assert not leases.holds(first)


def test_a_claim_waits_for_a_change_of_leader_that_has_begun_and_is_refused(database: Config) -> None:
    first = lead(0)
    with ThreadPoolExecutor(1) as threads:
        with db.transaction():
            second = leases.acquire(600)
            claim = elsewhere(threads, lambda: claimed(first))
            threading.Event().wait(0.3)
            assert not claim.done(), "who leads is not settled"
        assert claim.result(10) is False
    assert second is not None and leases.holds(second)


def claimed(leadership: leases.Leadership) -> bool:
    with db.transaction():
        return leases.holds(leadership)


def test_there_is_one_leader_however_many_try_at_once(database: Config) -> None:
    gate = threading.Barrier(8)

    def contend() -> leases.Leadership | None:
        assert not leases.seen_within(0), "asked so that the connection is open"
        gate.wait(10)
        return leases.acquire(600)

    for _ in range(5):
        with ThreadPoolExecutor(8) as threads:
            asked = [future.result(20) for future in [elsewhere(threads, contend) for _ in range(8)]]
        (won,) = (leadership for leadership in asked if leadership is not None)
        leases.release(won)
    assert Lease.get().epoch == 5
