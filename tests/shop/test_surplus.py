"""What came after its buyer was refunded, and was shown to nobody, goes to the next buyer of that bundle."""

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import after, intent_of, lead, leader, make_order, placed
from tests.shop.standins import Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import ledger
from webapp.clients.esimgo.errors import Unavailable
from webapp.models import Esim, Order, OrderEvent, Submission
from webapp.state import leases

pytestmark = pytest.mark.usefixtures("database")


def late(esims: int = 1) -> tuple[Order, Submission]:
    """An order that was refunded at its deadline, and what eSIM Go has made of its purchase since then."""
    order = make_order("unknown", plan_id="late")
    Submission.update(sent_at=after(-60)).where(Submission.order == order).execute()
    orders.fail(order, "deadline", actor="job")
    orders.record(intent_of(order), placed("ref-late", esims=esims), actor="reconcile")
    return order, Submission.get_by_id(order.submission_id)


def test_the_next_buyer_gets_what_came_late_and_nothing_is_bought(provider: Provider, config: Config) -> None:
    first, stocked = late()
    next_one = make_order("paid", paid_at=after(-1))
    assert orders.submit_next(provider, lead(), config) == next_one
    assert (next_one.fresh().stage, provider.bought) == ("accepted", [])
    provider.status = placed("ref-late")
    assert orders.collect(provider) == 1
    esim = Esim.get()
    assert (esim.order, esim.customer) == (next_one, next_one.customer)
    bound = Submission.get_by_id(stocked.id)
    assert (bound.outcome, bound.order, next_one.fresh().esimgo_order_id) == ("bought", next_one, "ref-late")
    assert (first.fresh().stage, ledger.odd_ones()) == ("failed", [])
    notes = [event.note for event in OrderEvent.select().where(OrderEvent.order == next_one)]
    assert first.reference in notes[0]


def test_stock_is_given_once(provider: Provider, config: Config) -> None:
    late()
    for number in range(2):
        make_order("paid", plan_id=f"next-{number}", paid_at=after(number - 5))
    provider.answers = [placed("ref-new")]
    for _ in range(2):
        orders.submit_next(provider, leader(), config)
        Submission.update(sent_at=after(-10)).execute()
    assert len(provider.bought) == 1


@pytest.mark.parametrize("other", ["bundle", "old", "top_up", "not_leading"])
def test_only_a_fresh_esim_of_the_same_bundle_is_given_and_by_the_leader_only(
    provider: Provider, config: Config, other: str
) -> None:
    _, stocked = late()
    changes = {
        "bundle": {"bundle": "another"},
        "old": {"sent_at": after(-61 * 86400)},
        "top_up": {"iccid": "1"},
    }
    Submission.update(changes.get(other, {"looks": 0})).where(Submission.id == stocked.id).execute()
    waiting = make_order("paid")
    leadership = lead()
    if other == "not_leading":
        leases.release(leadership)
        lead()
    provider.answers = [placed("ref-new")]
    orders.submit_next(provider, leadership, config)
    assert Submission.get_by_id(stocked.id).outcome == "stock"
    assert len(provider.bought) == (0 if other == "not_leading" else 1)
    assert waiting.fresh().stage == ("paid" if other == "not_leading" else "ready")


def test_what_was_accepted_and_not_delivered_in_time_is_collected_for_the_next_one(
    provider: Provider, advance: Advance
) -> None:
    order = make_order("accepted", deadline_at=after(-1))
    assert orders.enforce_deadlines() == 1
    assert intent_of(order).outcome == "late"
    provider.status = placed("ref", esims=0)
    assert orders.collect_late(provider) == 0
    provider.status = placed(str(order.esimgo_order_id))
    assert orders.collect_late(provider) == 0, "it was looked for just now"
    advance(61)
    assert orders.collect_late(provider) == 1
    assert (intent_of(order).outcome, Esim.select().count()) == ("stock", 0)


@pytest.mark.parametrize(("reference", "come"), [("LATE-0a", 1), ("late-0b", 0)])
def test_what_comes_late_has_the_reference_that_was_asked_for_in_any_case(
    provider: Provider, reference: str, come: int
) -> None:
    order = make_order("accepted", deadline_at=after(-1))
    orders.enforce_deadlines()
    Submission.update(esimgo_order_id="late-0A").execute()
    provider.status = placed(reference)
    assert orders.collect_late(provider) == come
    assert intent_of(order).outcome == ("stock" if come else "late")


def test_what_is_found_without_its_install_data_waits_for_it() -> None:
    _, submission = late(esims=0)
    assert submission.outcome == "late"


def test_after_a_day_nobody_looks_for_it_any_more(provider: Provider) -> None:
    _, submission = late(esims=0)
    Submission.update(sent_at=clock.now() - orders.surplus.LOOKED_FOR).where(
        Submission.id == submission.id
    ).execute()
    provider.status = Unavailable("would be asked")
    assert orders.collect_late(provider) == 0
