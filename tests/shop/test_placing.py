"""Before the money: one open order for a plan, however often it is tapped, at the price that was shown."""

import threading
from collections.abc import Callable

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import PLAN, make_bundle, make_customer, make_order, make_plan
from webapp import catalogue, orders
from webapp.base.config import Config
from webapp.models import Bundle, Order, OrderEvent, Plan, db

pytestmark = pytest.mark.usefixtures("database")


def test_placing_twice_is_one_order() -> None:
    customer, plan = make_customer(), make_plan()
    first = orders.place(customer, plan)
    assert orders.place(customer, plan).reference == first.reference
    assert Order.select().count() == 1


def test_an_order_keeps_what_was_promised_whatever_the_catalogue_does_later() -> None:
    order = orders.place(make_customer(), make_plan())
    Plan.update(stars=999, retail=9990, bundle=make_bundle("esim_other")).execute()
    kept = order.fresh()
    assert (kept.stars, kept.retail, kept.wholesale) == (453, 5880, 4200)
    assert (kept.plan_id, kept.esimgo_product_id, kept.country_code) == (PLAN, "esim_3GB_30D_TR_V2", "tr")
    assert (kept.stage, kept.deadline_at) == ("awaiting_payment", None)


def test_another_price_makes_a_new_order_and_closes_the_old_one() -> None:
    customer, plan = make_customer(), make_plan()
    old = orders.place(customer, plan)
    plan.stars += 1
    new = orders.place(customer, plan)
    assert (old.fresh().stage, new.stage, new.stars) == ("expired", "awaiting_payment", 454)
    assert OrderEvent.get(OrderEvent.order == old).note == "too old, or the price or the bundle has changed"


def test_an_order_that_is_too_old_to_be_paid_gives_way_to_a_new_one(advance: Advance) -> None:
    """Also before the job has come by that ends it: the page says "choose it again", and that has to work."""
    customer, plan = make_customer(), make_plan()
    old = orders.place(customer, plan)
    advance(31 * 60)
    new = orders.place(customer, plan)
    assert (old.fresh().as_written("stage"), new.is_open_for_payment) == ("expired", True)


def test_a_dearer_bundle_at_a_fixed_price_is_a_new_order() -> None:
    customer, plan = make_customer(), make_plan()
    old = orders.place(customer, plan)
    Bundle.update(wholesale=Bundle.wholesale + 500).execute()
    new = orders.place(customer, Plan.get_by_id(plan.id))
    assert new.reference != old.reference
    assert (new.stars, new.wholesale) == (old.stars, old.wholesale + 500)


@pytest.mark.parametrize(
    "found", [lambda: catalogue.plan(PLAN), lambda: catalogue.plan_serving("esim_3GB_30D_TR_V2")]
)
def test_price_and_cost_are_of_one_moment(config: Config, found: Callable[[], Plan | None]) -> None:
    """Whoever has read a plan and then hears of another cost would sell it below cost."""
    make_plan()
    plan = found()
    assert plan is not None
    catalogue.reprice(Bundle.get(), 9_000, config)
    order = orders.place(make_customer(), plan)
    assert (order.stars, order.wholesale) == (453, 4200)


def test_a_paid_order_does_not_stand_in_the_way_of_the_next() -> None:
    paid = make_order("paid")
    assert orders.place(make_customer(), make_plan()).reference != paid.reference


def test_each_customer_and_plan_has_an_order_of_its_own() -> None:
    plans = make_plan(), make_plan("tr-1gb-7d", stars=100)
    people = make_customer(1), make_customer(2)
    references = {orders.place(person, plan).reference for person in people for plan in plans}
    assert len(references) == 4


def test_twenty_taps_at_once_are_one_order() -> None:
    customer, plan = make_customer(), make_plan()
    gate = threading.Barrier(20)
    found: list[str | Exception] = []

    def tap() -> None:
        db.keep_connection()
        try:
            gate.wait(60)
            found.append(orders.place(customer, plan).reference)
        except Exception as error:
            found.append(error)
        finally:
            db.database.close()

    in_threads(tap, 20)
    assert len(found) == 20
    assert set(found) == {Order.get().reference}
    assert Order.select().count() == 1


def in_threads(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_an_unpaid_order_ends_after_half_an_hour(advance: Advance) -> None:
    order = make_order()
    advance(29 * 60)
    assert orders.expire() == 0
    advance(61)
    assert orders.expire() == 1
    assert (order.fresh().as_written("stage"), order.fresh().status) == ("expired", "failed")
    assert orders.expire() == 0


def test_only_unpaid_orders_expire(advance: Advance) -> None:
    kept = [make_order(stage, plan_id=stage) for stage in ("paid", "unknown", "ready", "failed")]
    advance(31 * 60)
    assert orders.expire() == 0
    assert [order.fresh().stage for order in kept] == ["paid", "unknown", "ready", "failed"]


def test_purchases_are_ones_own_the_newest_first(advance: Advance) -> None:
    mine = make_customer()
    for plan_id in ("a", "b", "c"):
        make_order(plan_id=plan_id)
        advance(10)
    foreign = make_order(customer=make_customer(2))
    assert [order.plan_id for order in orders.of_customer(mine)] == ["c", "b", "a"]
    assert len(orders.of_customer(mine, limit=2)) == 2
    assert orders.find(mine, foreign.reference) is None
    assert orders.find(foreign.customer, foreign.reference) == foreign
