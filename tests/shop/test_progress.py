"""How far an order has come, and when its page stops asking."""

from collections.abc import Callable

import pytest

from tests.shop.factories import after, make_order, make_top_up
from webapp import orders
from webapp.base.config import Config
from webapp.models import STATUS, Assignment, Order, Refund

STEPS = {"paid": 1, "submitting": 1, "unknown": 1, "accepted": 2, "ready": 3, "active": 4}


def plan_of(order: Order, **values: object) -> Assignment | None:
    plan: Assignment | None = Assignment.get_or_none(Assignment.order == order)
    for name, value in values.items():
        setattr(plan, name, value)
    return plan


@pytest.mark.parametrize("stage", STATUS)
def test_every_stage_has_its_step(database: Config, stage: str) -> None:
    order = make_order(stage)
    told = orders.progress(order, plan_of(order), None)
    assert (told.stage, told.reached) == (stage, STEPS.get(stage, 0))


@pytest.mark.parametrize(("make", "steps"), [(make_order, 5), (make_top_up, 4)])
def test_the_last_step_is_the_first_use(database: Config, make: Callable[[str], Order], steps: int) -> None:
    order = make("active")
    used = plan_of(order, starts_at=after(-60))
    assert orders.progress(order, used, None) == ("active", steps, None)


def test_what_is_not_paid_in_time_is_over_before_the_job_has_come_by(database: Config) -> None:
    order = make_order(created_at=after(-1801))
    told = orders.progress(order, None, None)
    assert (told.stage, order.as_written("stage")) == ("expired", "awaiting_payment")
    assert told.look_again_s is not None, "it may have been paid at the last moment"


@pytest.mark.parametrize("stage", ["failed", "returned"])
def test_the_page_asks_until_the_money_is_back(database: Config, stage: str) -> None:
    order = make_order(stage)
    refund = Refund.get()
    assert orders.progress(order, None, refund).look_again_s == 5
    refund.state = "done"
    assert orders.progress(order, None, refund).look_again_s is None
