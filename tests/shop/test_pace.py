"""How fast orders leave: the pause between two of them, and what one has really taken lately."""

from collections.abc import Sequence

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import after, make_order, make_submission
from webapp.base.config import Config
from webapp.models import Order
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


def slow_and_known(known: Sequence[float]) -> object:
    """The average of those that are known and of slow ones for the rest of twenty, and a tenth more."""
    return pytest.approx((sum(known) + (20 - len(known)) * 10) / 20 * 1.1)


def test_of_a_shop_that_has_sold_nothing_lately_the_worst_is_thought(config: Config) -> None:
    assert per_order_s(config) == slow_and_known([])
    sent(601)
    assert per_order_s(config) == slow_and_known([])
    sent(599)
    assert per_order_s(config) == slow_and_known([3])


@pytest.mark.parametrize(("apart_s", "took_s"), [(3, 3), (4, 4), (12, 12), (1, 3)])
def test_what_twenty_orders_of_a_rush_have_taken_is_believed(
    config: Config, apart_s: float, took_s: float
) -> None:
    in_a_row(25, apart_s)
    assert per_order_s(config) == slow_and_known([3] + [took_s] * 19)


def test_the_pause_that_was_set_is_the_least_an_order_takes(config: Config) -> None:
    in_a_row(20, 3)
    assert per_order_s(changed(config, esimgo_order_interval_s=5)) == slow_and_known([5] * 20)
    assert per_order_s(changed(config, esimgo_order_interval_s=60)) == slow_and_known([60] * 20)


def test_of_what_has_left_before_somebody_waited_only_the_slow_is_believed(config: Config) -> None:
    """However quick eSIM Go was a minute ago: many may come at once, and it may be slow by now."""
    for number in range(20):
        sent(400 - 3 * number, paid_ago_s=400)
    sent(100, paid_ago_s=101)
    assert per_order_s(config) == slow_and_known([3])
    sent(80, took_s=15, paid_ago_s=81)
    sent(60, took_s=18, paid_ago_s=61)
    assert per_order_s(config) == pytest.approx((3 + 15 + 18) / 3 * 1.1)


@pytest.mark.parametrize(
    ("paid_ago_s", "takes_s"), [(61, 13), (60, 13), (59, 3)], ids=["waited", "just came", "came later"]
)
def test_where_the_next_one_was_waiting_an_order_takes_until_that_is_sent(
    config: Config, paid_ago_s: float, takes_s: float
) -> None:
    sent(60, took_s=1)
    sent(47, took_s=1, paid_ago_s=paid_ago_s)
    sent(34, took_s=1, paid_ago_s=100)
    assert per_order_s(config) == slow_and_known([3, 13, 13] if takes_s == 13 else [3, 13])


def test_what_is_tried_again_was_not_waiting_and_ends_no_rush(config: Config) -> None:
    first = sent(70)
    sent(67, took_s=1)
    sent(54, order=first)
    assert per_order_s(config) == slow_and_known([3, 3, 3])


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
    for number in range(17):
        sent(31 + (17 - number) * 3)
    for number in range(3):
        sent(31 - number * 12, took_s=11)
    assert per_order_s(config) == pytest.approx((11 + 12 + 12) / 3 * 1.1)


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


@pytest.mark.usefixtures("still")
def test_one_that_left_a_little_later_than_now_is_waited_for_no_longer_than_any(
    config: Config, advance: Advance
) -> None:
    """After a reboot the shop may be behind by as long as that took."""
    sent(0)
    advance(-20)
    assert pace.due_in(config) == pytest.approx(float(config.esimgo_order_interval_s) + 0.03)
