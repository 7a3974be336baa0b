"""What came after its buyer was refunded, and was shown to nobody, goes to the next buyer of that bundle."""

import json
from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    BUNDLE,
    after,
    bundles,
    intent_of,
    lead,
    leader,
    make_esim,
    make_order,
    make_plan,
    placed,
)
from tests.shop.standins import Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import ledger, spending
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.esimgo.payloads import EsimBundle, EsimDetails
from webapp.models import AuditedOrder, Esim, Order, OrderEvent, Submission
from webapp.orders import pace
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


# --- what was made twice or elsewhere

ICCID = "8944501000000000017"


def nobodys(**more: Any) -> AuditedOrder:
    """An order that was made elsewhere, of a bundle that is sold; the owner wants it in stock."""
    make_plan()
    row = {"ordered_at": after(-3600), "total": 3900, "currency": "USD", "item": BUNDLE, "quantity": 1}
    told = {"reference": "theirs", "verdict": "elsewhere", "settled": "wanted", "iccids": json.dumps([ICCID])}
    return AuditedOrder.create(**row | told | more)


def fresh(provider: Provider, **more: Any) -> None:
    row = {"iccid": ICCID, "profileStatus": "Released", "state": "active"}
    provider.details, provider.bundles = EsimDetails.model_validate(row | more), bundles()


@pytest.mark.parametrize("verdict", ["elsewhere", "twice"])
def test_what_is_nobodys_goes_to_the_next_buyer_when_the_owner_says_so(
    provider: Provider, config: Config, verdict: str
) -> None:
    nobodys(verdict=verdict)
    fresh(provider)
    assert (orders.take_in(provider), AuditedOrder.get().settled) == (1, "surplus")
    order = make_order("paid")
    assert orders.submit_next(provider, lead(), config) == order
    assert (order.fresh().stage, provider.bought) == ("accepted", [])
    provider.status = placed("theirs", iccid=ICCID)
    assert orders.collect(provider) == 1
    assert (Esim.get().iccid, Esim.get().order) == (ICCID, order)
    row, intent = AuditedOrder.get(), intent_of(order)
    assert (row.verdict, row.submission, row.settled) == ("bound", intent, "")
    assert (intent.esimgo_order_id, intent.outcome) == ("theirs", "bought")
    assert pace.due_in(config) == 0, "nothing was sent"
    again = make_order("paid", plan_id="next")
    provider.answers = [placed("ref-new")]
    assert orders.submit_next(provider, leader(), config) == again
    assert provider.bought == [BUNDLE], "it is given once"


def test_what_was_given_costs_what_it_has_cost(provider: Provider, config: Config) -> None:
    nobodys(settled="surplus")
    order = make_order("paid")
    before = [(side.bought, side.settled) for side in spending.spending()]
    orders.submit_next(provider, lead(), config)
    assert (before, intent_of(order).cost) == ([(3900, 3900)], 3900)
    assert [(side.bought, side.settled) for side in spending.spending()] == [(3900, 0)]


@pytest.mark.parametrize(
    "told",
    [
        {"profileStatus": "Installed"},
        {"profileStatus": "Released", "firstInstalledDateTime": "2026-11-01T10:00:00Z"},
        {"customerRef": "somebody"},
    ],
)
def test_an_esim_that_is_not_fresh_is_nobodys_as_before(provider: Provider, told: dict[str, str]) -> None:
    nobodys()
    fresh(provider, **told)
    assert orders.take_in(provider) == 0
    row = AuditedOrder.get()
    assert (row.settled, row.is_used, orders.can_be_stock(row)) == ("", True, False)


@pytest.mark.parametrize("on_it", [bundles("Active"), [], [*bundles(), *bundles()], bundles(name="another")])
def test_nor_is_one_with_something_else_on_it(provider: Provider, on_it: list[EsimBundle]) -> None:
    nobodys()
    fresh(provider)
    provider.bundles = on_it
    assert (orders.take_in(provider), AuditedOrder.get().is_used) == (0, True)


def test_while_nobody_answers_it_waits(provider: Provider) -> None:
    nobodys()
    fresh(provider)
    provider.bundles = Unavailable("away")
    with pytest.raises(Unavailable):
        orders.take_in(provider)
    assert AuditedOrder.get().settled == "wanted"


@pytest.mark.parametrize(
    "other",
    [
        {"verdict": "lost"},
        {"quantity": 2},
        {"iccids": "[]"},
        {"item": "not-sold"},
        {"is_used": True},
        {"ordered_at": after(-61 * 86_400)},
    ],
)
def test_what_cannot_be_sold_cannot_be_stock(database: Config, other: dict[str, Any]) -> None:
    assert orders.can_be_stock(nobodys())
    assert not orders.can_be_stock(nobodys(reference="other", **other))


def test_what_somebody_has_cannot_be_stock(database: Config) -> None:
    row = nobodys()
    make_esim()
    Esim.update(iccid=ICCID).execute()
    assert not orders.can_be_stock(row)


@pytest.mark.parametrize("other", [{"item": "another"}, {"settled": "spent"}, {"settled": "wanted"}])
def test_only_what_was_taken_in_of_the_same_bundle_is_given(
    provider: Provider, config: Config, other: dict[str, Any]
) -> None:
    nobodys(**{"settled": "surplus"} | other)
    make_order("paid")
    provider.answers = [placed("ref-new")]
    orders.submit_next(provider, lead(), config)
    assert provider.bought == [BUNDLE]
