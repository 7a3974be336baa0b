"""Is there room for one more, in the line and in eSIM Go's balance?"""

from datetime import timedelta

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import after, make_bundle, make_customer, make_order, make_submission, near, quoted
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Bundle, Order
from webapp.orders import capacity
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("database")

ROOM = 65
"""So many slow orders, each a tenth slower still, are begun in the twelve minutes that are for them."""
QUICK_ROOM = 218


def ahead(count: int, stage: str = "paid") -> None:
    """So many orders of somebody else."""
    first = make_order(stage, make_customer(7), plan_id="plan-0")
    like = {name: value for name, value in first.__data__.items() if name not in {"id", "reference"}}
    for number in range(1, count):
        Order.create(**like | {"plan_id": f"plan-{number}"})


def went_quickly() -> None:
    """The last twenty orders of the rush took no more than the pause."""
    for number in reversed(range(20)):
        moment = after(-3 * number - 1)
        order = make_order("failed", plan_id=f"went {number}", paid_at=after(-300))
        make_submission(order, claimed_at=moment, sent_at=moment, ended_at=moment)


def is_full(config: Config, order: Order | None = None) -> bool:
    return too_long(config, order or make_order()) is not None


def too_long(config: Config, order: Order) -> timedelta | None:
    bundle = Bundle.get_or_none(Bundle.name == order.esimgo_product_id)
    return capacity.full_for(capacity.line_beside(order), bundle, config)


@pytest.mark.parametrize(("count", "full"), [(ROOM, False), (ROOM + 1, True)])
def test_a_line_that_slow_orders_would_not_get_through_is_full(
    config: Config, count: int, full: bool
) -> None:
    ahead(count)
    assert is_full(config) is full


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("count", "full"), [(QUICK_ROOM, False), (QUICK_ROOM + 1, True)])
def test_where_orders_are_known_to_go_quickly_the_line_is_longer(
    config: Config, count: int, full: bool
) -> None:
    went_quickly()
    ahead(count)
    assert is_full(config) is full


@pytest.mark.parametrize(
    ("took_ms", "full"), [(10_900, True), (10_000, False), (3_000, False), (None, False)]
)
def test_an_order_takes_as_long_as_the_question_whether_it_would_be_sold(
    config: Config, took_ms: int | None, full: bool
) -> None:
    went_quickly()
    ahead(61)
    order = make_order()
    make_bundle()
    Bundle.update(check_ms=took_ms).execute()
    assert is_full(config, order) is full


def test_the_line_says_by_how_much_it_is_too_long(config: Config) -> None:
    ahead(ROOM + 5)
    assert too_long(config, make_order()) == timedelta(seconds=70 * 11 - 720)


def test_payments_that_were_just_allowed_keep_their_place(config: Config, advance: Advance) -> None:
    ahead(ROOM)
    order, other = make_order(), make_order(plan_id="other")
    capacity.hold(order)
    assert near(order.fresh().admitted_at, clock.now())
    assert other.fresh().admitted_at is None
    assert is_full(config, other)
    assert not is_full(config, order), "it does not stand in its own way"
    advance(61)
    assert not is_full(config, other)


@pytest.mark.usefixtures("still")
def test_an_allowed_payment_keeps_its_place_for_a_minute(config: Config, advance: Advance) -> None:
    order, other = make_order(), make_order(plan_id="other")
    capacity.hold(order)
    slow = changed(config, esimgo_order_interval_s=720)
    advance(59.9)
    assert is_full(slow, other)
    advance(0.1)
    assert not is_full(slow, other)


@pytest.mark.parametrize(
    ("stage", "full"),
    [
        ("submitting", True),
        ("unknown", True),
        ("accepted", False),
        ("ready", False),
        ("active", False),
        ("failed", False),
        ("awaiting_payment", False),
    ],
)
def test_only_what_is_still_to_be_bought_is_in_the_line(config: Config, stage: str, full: bool) -> None:
    ahead(ROOM + 1, stage)
    assert is_full(config) is full


# --- the balance


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("ended_s", "covered"), [(1, False), (0, True), (-1, True), (None, True)])
def test_what_became_known_as_bought_after_the_balance_was_told_is_not_in_it(
    config: Config, advance: Advance, ended_s: float | None, covered: bool
) -> None:
    """However early it was sent: eSIM Go takes the money when it has worked on it."""
    quoted()
    told_at = provider_state.BALANCE_LAGS.total_seconds()
    provider_state.balance_seen(2 * 4200 - 1)
    ended_at = None if ended_s is None else after(ended_s - told_at)
    make_submission(make_order("failed"), sent_at=after(-30), ended_at=ended_at, outcome="bought")
    order = make_order(plan_id="another")
    assert capacity.balance_covers(order, capacity.line_beside(order)) is covered
