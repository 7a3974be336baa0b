"""How fast orders leave: the pause between two of them, and what one has really taken lately."""

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import after, make_order, make_submission
from webapp.base.config import Config
from webapp.models import Order, Submission
from webapp.orders import pace

pytestmark = pytest.mark.usefixtures("still")

HOUR = 3600.0


def sent(
    ago_s: float, took_s: float | None = 0.5, paid_ago_s: float = HOUR, order: Order | None = None
) -> Order:
    """An order that was sent so long ago; without `took_s` its answer has not come."""
    order = order or make_order("failed", plan_id=f"sent {ago_s} s ago", paid_at=after(-paid_ago_s))
    ended_at = None if took_s is None else after(took_s - ago_s)
    make_submission(order, claimed_at=after(-ago_s), sent_at=after(-ago_s), ended_at=ended_at)
    return order


def in_a_row(count: int, apart_s: float, took_s: float | None = 0.5) -> None:
    """So many, the last one a moment ago, each waited for by the next."""
    for number in reversed(range(count)):
        sent(number * apart_s + 1, took_s)


def per_order_s(config: Config) -> float:
    return pace.per_order(config).total_seconds()


def slow_and_known(known: list[float]) -> object:
    """The average of those that are known and of slow ones for the rest of twenty, and a tenth more."""
    return pytest.approx((sum(known) + (20 - len(known)) * 10) / 20 * 1.1)


def test_of_a_shop_that_has_sold_nothing_lately_the_worst_is_thought(config: Config) -> None:
    assert per_order_s(config) == slow_and_known([])
    sent(601)
    assert per_order_s(config) == slow_and_known([])
    sent(599)
    assert per_order_s(config) == slow_and_known([3])


@pytest.mark.parametrize(("apart_s", "took_s"), [(3, 3), (4, 4), (12, 12), (1, 3)])
def test_what_twenty_orders_have_taken_is_believed(config: Config, apart_s: float, took_s: float) -> None:
    in_a_row(25, apart_s)
    assert per_order_s(config) == slow_and_known([3] + [took_s] * 19)


def test_the_pause_that_was_set_is_the_least_an_order_takes(config: Config) -> None:
    in_a_row(20, 3)
    assert per_order_s(changed(config, esimgo_order_interval_s=5)) == slow_and_known([5] * 20)
    assert per_order_s(changed(config, esimgo_order_interval_s=60)) == slow_and_known([60] * 20)


def test_an_order_takes_as_long_as_its_answer(config: Config) -> None:
    sent(300, took_s=8)
    sent(100, took_s=5, paid_ago_s=200)
    assert per_order_s(config) == slow_and_known([8, 5])


def test_the_time_until_the_next_one_counts_where_the_next_one_was_waiting(config: Config) -> None:
    sent(60, took_s=1)
    sent(47, took_s=1, paid_ago_s=60)
    assert per_order_s(config) == slow_and_known([13, 3])


def test_who_came_later_was_not_waiting(config: Config) -> None:
    sent(60, took_s=1)
    sent(47, took_s=1, paid_ago_s=59.9)
    assert per_order_s(config) == slow_and_known([3, 3])


def test_what_is_tried_again_was_not_waiting(config: Config) -> None:
    order = sent(60, took_s=1)
    sent(47, took_s=1, order=order)
    assert per_order_s(config) == slow_and_known([3, 3])


def test_no_order_takes_longer_than_anybody_waits_for_it(config: Config) -> None:
    sent(500, took_s=400)
    sent(90, took_s=None, paid_ago_s=500)
    assert per_order_s(config) == pytest.approx(44)


@pytest.mark.parametrize(("ago_s", "per_order"), [(9.9, 11), (11, 12.1), (30, 33), (41, 44), (599, 44)])
def test_what_is_under_way_tells_something_once_it_is_slow(
    config: Config, ago_s: float, per_order: float
) -> None:
    sent(ago_s, took_s=None)
    assert per_order_s(config) == pytest.approx(per_order)


def test_when_the_last_three_were_slow_it_has_just_become_slower(config: Config) -> None:
    for number in range(20):
        sent(100 + number * 3)
    assert per_order_s(config) == slow_and_known([3] * 20)
    for number in range(3):
        sent(31 - number * 10, took_s=9.5)
    assert per_order_s(config) == pytest.approx((10 + 10 + 9.5) / 3 * 1.1)


def test_quick_again_is_believed_when_all_of_the_last_were(config: Config) -> None:
    in_a_row(20, 10)
    slow = per_order_s(config)
    Submission.update(sent_at=after(-200), claimed_at=after(-200), ended_at=after(-190)).execute()
    for number in reversed(range(5)):
        sent(number * 3 + 1)
    assert 3.3 < per_order_s(config) < slow


def test_what_a_restored_shop_looks_up_was_not_sent_then(config: Config) -> None:
    order = make_order("failed")
    make_submission(order, claimed_at=after(-1), sent_at=after(-50))
    assert per_order_s(config) == slow_and_known([])


# --- the pause


@pytest.mark.parametrize(("ago_s", "due_in_s"), [(0, 3.03), (1, 2.03), (3.02, 0.01), (3.03, 0), (HOUR, 0)])
def test_the_next_order_leaves_after_the_pause_and_a_moment(
    config: Config, ago_s: float, due_in_s: float
) -> None:
    assert pace.due_in(config) == 0
    sent(HOUR)
    sent(ago_s)
    assert pace.due_in(config) == pytest.approx(due_in_s)


def test_without_a_pause_it_leaves_at_once(config: Config) -> None:
    sent(0)
    assert pace.due_in(changed(config, esimgo_order_interval_s=0)) == 0


def test_a_clock_that_was_set_back_holds_up_nobody(config: Config, advance: Advance) -> None:
    sent(0)
    advance(-1200)
    assert pace.due_in(config) == 0
