"""The answer is compared with the question: what is not what was asked for is looked up, never delivered."""

from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import (
    BUNDLE,
    after,
    events,
    intent_of,
    leader,
    make_esim,
    make_order,
    make_top_up,
    make_unknown,
    placed,
    window,
)
from tests.shop.moments import Moments
from tests.shop.standins import Provider
from webapp import orders
from webapp.base.config import Config
from webapp.books import sales
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.esimgo.payloads import EsimBundle, ProviderOrder
from webapp.models import Esim, Incident, Order, Refund, Submission
from webapp.operations import conditions
from webapp.orders import capacity, reconciling
from webapp.state import provider as provider_state

pytestmark = pytest.mark.usefixtures("still")

EXPECTED = 4.2


def answer(reference: str = "ref-1", **changes: Any) -> ProviderOrder:
    """As `placed`; `line` changes its only line."""
    line = {"type": "bundle", "item": BUNDLE, "quantity": 1, "subTotal": EXPECTED, "esims": [esim("1")]}
    line |= changes.pop("line", {})
    told = {
        "orderReference": reference,
        "status": "completed",
        "createdDate": after(0).isoformat(),
        "order": [{key: value for key, value in line.items() if value is not None}],
        "total": EXPECTED,
    } | changes
    return ProviderOrder.model_validate({key: value for key, value in told.items() if value is not None})


def esim(digit: str) -> dict[str, str]:
    return {"iccid": "8955" + digit * 15, "matchingId": f"M-{digit}", "smdpAddress": "rsp.example.com"}


def buy(provider: Provider, config: Config, answered: ProviderOrder) -> None:
    provider.answers = [answered]
    orders.submit_next(provider, leader(), config)


def heard() -> list[str]:
    """What the owner is told, of each order once."""
    return [incident.detail for incident in Incident.select().order_by(Incident.id)]


def is_covered(order: Order) -> bool:
    return capacity.balance_covers(order, capacity.line_beside(order))


OTHERS = {
    "another bundle": {"line": {"item": "esim_1GB_7D_TR_V2"}},
    "more of them": {"line": {"quantity": 3}},
    "three eSIMs for one": {"line": {"esims": [esim("1"), esim("2"), esim("3")]}},
    "three ICCIDs for one": {"line": {"esims": [], "iccids": [esim(n)["iccid"] for n in "123"]}},
    "beyond the tolerance": {"total": 4.411},
    "beyond the tolerance, told by its line": {"total": None, "line": {"subTotal": 4.411}},
    "another bundle, not finished": {"status": "processing", "line": {"item": "other", "esims": []}},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_an_answer_that_is_not_what_was_asked_for_delivers_nothing_and_is_looked_up(
    provider: Provider, config: Config, changes: dict[str, Any]
) -> None:
    order = make_order("paid")
    buy(provider, config, answer(**changes))
    assert (order.fresh().stage, Esim.select().count(), Refund.select().count()) == ("unknown", 0, 0)
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == (None, None)
    assert [incident.subject for incident in Incident.select()] == [order.reference]
    assert "ref-1" in heard()[0]
    assert events(order)[-1].note in heard()[0]
    provider.window = window(answer("ref-2"))
    assert reconciling.reconcile(provider, config) == 1
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("ready", "ref-2")
    assert provider.bought == [BUNDLE], "never twice"


FINE = {
    "cheaper": {"total": 1.0},
    "for nothing": {"total": 0},
    "within the tolerance": {"total": 4.41},
    "no total": {"total": None, "line": {"subTotal": None}},
    "no number": {"line": {"quantity": None}},
    "no type": {"line": {"type": None}},
    "its number as text": {"line": {"quantity": "1"}},
    "its ICCID twice": {"line": {"iccids": [esim("1")["iccid"]]}},
}


@pytest.mark.parametrize("changes", FINE.values(), ids=FINE)
def test_what_is_only_told_in_another_way_is_delivered_at_once(
    provider: Provider, config: Config, changes: dict[str, Any]
) -> None:
    order = make_order("paid")
    buy(provider, config, answer(**changes))
    assert (order.fresh().stage, Esim.get().iccid, heard()) == ("ready", esim("1")["iccid"], [])


def test_an_iccid_that_somebody_has_is_delivered_to_nobody_else(
    provider: Provider, config: Config, advance: Advance
) -> None:
    theirs = make_esim()
    advance(10)
    order = make_order("paid", plan_id="second")
    provider_answer = placed("ref-1", iccid=theirs.iccid)
    buy(provider, config, provider_answer)
    assert (order.fresh().stage, Esim.select().count()) == ("unknown", 1)
    assert "somebody else has" in heard()[0]
    assert theirs.iccid not in heard()[0]


def test_the_answer_of_an_earlier_purchase_is_told_to_the_owner(
    provider: Provider, config: Config, advance: Advance
) -> None:
    first = make_order("paid", plan_id="first", paid_at=after(-10))
    buy(provider, config, answer("ref-1"))
    advance(10)
    second = make_order("paid", plan_id="second")
    buy(provider, config, answer("ref-1"))
    assert (first.fresh().stage, second.fresh().stage) == ("ready", "unknown")
    assert [incident.subject for incident in Incident.select()] == [second.reference]


@pytest.mark.parametrize(("placed_s", "taken"), [(-6, True), (-4, False), (0, False), (2, False)])
def test_what_the_answer_to_come_may_tell_of_is_given_to_nobody_else(
    provider: Provider, config: Config, advance: Advance, placed_s: float, taken: bool
) -> None:
    """While a purchase is under way, an equal one is looked for. What was placed before this one was sent is
    the other's; of the rest nobody can say, and it proves nothing that there is no more.
    """
    first, order = make_unknown(8, plan_id="first"), make_order("paid")
    provider.window = window(answer("ref-1", createdDate=after(placed_s).isoformat()))
    provider.meanwhile = lambda: reconciling.reconcile(provider, config)
    buy(provider, config, answer("ref-2", line={"esims": [esim("2")]}) if taken else answer("ref-1"))
    assert (first.fresh().stage, order.fresh().stage, heard()) == (
        "ready" if taken else "unknown",
        "ready",
        [],
    )
    assert intent_of(first).looks == 0
    advance(orders.CALL_CAN_TAKE.total_seconds())
    reconciling.reconcile(provider, config)
    assert intent_of(first).looks == (not taken), "it is there that it counts as absent"


def test_what_an_answer_takes_while_it_is_looked_up_is_no_mistake_of_esim_go(
    provider: Provider, config: Config, moments: Moments
) -> None:
    lost, other = make_unknown(plan_id="lost"), make_order("submitting", plan_id="other")
    provider.window = window(answer("ref-1"))
    moments.after(
        'FROM "submission" .*"esimgo_order_id" IN',
        lambda: orders.record(intent_of(other), answer("ref-1"), actor="provider"),
    )
    reconciling.reconcile(provider, config)
    assert (lost.fresh().stage, other.fresh().stage, heard()) == ("unknown", "ready", [])


def test_a_top_up_with_another_esim_beside_its_own_is_looked_up(provider: Provider, config: Config) -> None:
    order = make_top_up()
    mine = {"iccid": Esim.get().iccid}
    buy(provider, config, answer(line={"esims": [], "iccids": [mine["iccid"], esim("2")["iccid"]]}))
    assert order.fresh().stage == "unknown"
    provider.window = window(answer("ref-2", line={"esims": [], "iccids": [mine["iccid"]]}))
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, Esim.select().count()) == ("ready", 1)


# --- what it has cost


@pytest.mark.parametrize(("total", "cost"), [(4.1, 4100), (4.4, 4400), (0, 0), (None, 4200)])
def test_what_was_charged_is_the_cost(
    provider: Provider, config: Config, advance: Advance, total: float | None, cost: int
) -> None:
    order = make_order("paid")
    buy(provider, config, answer(total=total, line={"subTotal": None}))
    assert intent_of(order).cost == cost
    advance(1)
    assert sales.sales(sales.Period.last(1)).cost == cost


def test_what_has_become_dearer_in_between_is_delivered_booked_and_told(
    provider: Provider, config: Config
) -> None:
    order, dear = make_order("paid"), answer(total=9.0)
    provider_state.balance_seen(100_000)
    buy(provider, config, dear)
    provider.window = window(dear)
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, Esim.get().iccid, Refund.select().count()) == (
        "ready",
        esim("1")["iccid"],
        0,
    )
    assert (intent_of(order).cost, order.fresh().wholesale) == (9000, 4200)
    assert heard() == ["9.00 charged instead of 4.20 (eSIM Go's order ref-1)"]
    next_one = make_order(plan_id="next", wholesale=91_001)
    assert not is_covered(next_one)
    assert is_covered(make_order(plan_id="another", wholesale=91_000))


def test_a_dear_one_that_only_a_look_up_shows_is_told_too(provider: Provider, config: Config) -> None:
    order = make_unknown()
    provider.window = window(answer(total=9.0))
    reconciling.reconcile(provider, config)
    assert (order.fresh().stage, intent_of(order).cost) == ("ready", 9000)
    assert heard() == ["9.00 charged instead of 4.20 (eSIM Go's order ref-1)"]


# --- looked up


@pytest.mark.parametrize("odd", ["three", "three of them", "somebody's"])
def test_an_equal_order_with_odd_esims_is_neither_taken_nor_proves_that_there_is_none(
    provider: Provider, config: Config, advance: Advance, odd: str
) -> None:
    theirs = make_esim(make_order("ready", plan_id="other"))
    iccids = [theirs.iccid] if odd == "somebody's" else [esim(n)["iccid"] for n in "123"]
    order, line = make_unknown(), {"esims": [], "iccids": iccids}
    for _ in range(4):
        provider.window = window(answer(line=line | {"quantity": 3 if odd == "three of them" else 1}))
        assert reconciling.reconcile(provider, config) == 0
        advance(config.settle_s)
    assert (order.fresh().stage, intent_of(order).looks, len(heard())) == ("unknown", 0, 1)
    provider.window = window(answer())
    assert reconciling.reconcile(provider, config) == 1
    assert order.fresh().stage == "ready"


@pytest.mark.parametrize(
    "told",
    [
        {"line": {"esims": [esim("1"), esim("2"), esim("3")]}},
        {"line": {"esims": [esim("1")], "iccids": [esim("2")["iccid"]]}},
        {"line": {"quantity": 3}},
        {"reference": "another"},
    ],
    ids=["three eSIMs", "two answers in one", "three of them", "another order"],
)
def test_an_accepted_order_is_not_delivered_from_an_odd_answer(
    provider: Provider, told: dict[str, Any]
) -> None:
    order = make_order("accepted")
    reference = str(order.esimgo_order_id)
    provider.status = answer(**{"reference": reference} | told)
    assert orders.collect(provider) == 0
    assert (Esim.select().count(), len(heard())) == (0, 1)


def test_install_data_of_somebody_is_not_delivered(provider: Provider) -> None:
    theirs = make_esim(make_order("ready", plan_id="other"))
    order = make_order("accepted")
    reference = str(order.esimgo_order_id)
    provider.status = answer(reference, line={"esims": []})
    provider.installs = list(placed(iccid=theirs.iccid).esims)
    assert orders.collect(provider) == 0
    provider.installs = list(placed(esims=3).esims)
    assert orders.collect(provider) == 0
    provider.installs = list(placed().esims)
    assert orders.collect(provider) == 1
    assert order.fresh().stage == "ready"


def test_an_accepted_order_that_turns_out_to_be_of_another_bundle_is_looked_up_anew(
    provider: Provider, config: Config
) -> None:
    order = make_order("accepted")
    provider.status = answer(str(order.esimgo_order_id), line={"item": "other"})
    assert orders.collect(provider) == 0
    assert (order.fresh().stage, order.fresh().esimgo_order_id) == ("unknown", None)
    assert (intent_of(order).outcome, intent_of(order).esimgo_order_id) == (None, None)
    provider.window = window(answer("ref-2"))
    assert reconciling.reconcile(provider, config) == 1
    assert order.fresh().stage == "ready"


@pytest.mark.parametrize("said", ["order", "esim", "another", None])
def test_an_answer_that_does_not_say_what_it_is_for_is_settled_by_a_second_one(
    provider: Provider, config: Config, said: str | None
) -> None:
    """By the order, or where this does not say it either, by the eSIM."""
    order, nameless = make_order("paid"), answer(line={"item": None})
    buy(provider, config, nameless)
    assert (order.fresh().stage, Esim.select().count(), heard()) == ("accepted", 0, [])
    provider.status = answer() if said == "order" else nameless
    on_it = {"esim": BUNDLE, "another": "other"}.get(str(said))
    provider.bundles = [EsimBundle.model_validate({"name": on_it, "assignments": []})] if on_it else []
    assert orders.collect(provider) == (said in {"order", "esim"})
    assert order.fresh().stage == ("ready" if said in {"order", "esim"} else "accepted")


def test_a_top_up_is_not_ended_by_an_answer_with_somebodys_esim(provider: Provider) -> None:
    order = make_top_up("accepted")
    theirs = make_esim(make_order("ready", plan_id="other"))
    reference = str(order.esimgo_order_id)
    provider.status = answer(reference, line={"esims": [], "iccids": [theirs.iccid]})
    assert orders.collect(provider) == 0
    assert (order.fresh().stage, len(heard())) == ("accepted", 1)


@pytest.mark.parametrize("esims", [1, 3])
def test_what_comes_late_is_stock_only_when_it_is_what_was_asked_for(provider: Provider, esims: int) -> None:
    order = make_order("accepted", deadline_at=after(-1))
    orders.enforce_deadlines()
    provider.status = answer(str(order.esimgo_order_id), line={"esims": [esim(n) for n in "123"[:esims]]})
    assert orders.collect_late(provider) == (esims == 1)
    assert intent_of(order).outcome == ("stock" if esims == 1 else "late")


def test_who_was_not_asked_about_does_not_lose_its_turn(provider: Provider) -> None:
    first = make_order("accepted", plan_id="first", paid_at=after(-10))
    resting = Unavailable("eSIM Go is left alone")
    resting.asked = False
    provider.status = resting
    with pytest.raises(Unavailable):
        orders.collect(provider)
    assert first.fresh().next_try_at is None


# --- the owner


def test_it_is_over_once_the_owner_has_heard_and_the_order_is_settled(
    provider: Provider, config: Config
) -> None:
    find = conditions.CONDITIONS["answer_differs"]
    order = make_order("paid")
    buy(provider, config, answer(line={"quantity": 2}))
    told = {order.reference: heard()[0]}
    assert find(config, None) == told  # type: ignore[arg-type] # it asks no bot
    Incident.update(told_at=after(0)).execute()
    assert find(config, None) == told, "its order is not settled"  # type: ignore[arg-type] # likewise
    provider.window = window(answer())
    reconciling.reconcile(provider, config)
    assert find(config, None) == {}  # type: ignore[arg-type] # likewise
    Incident.update(told_at=None).execute()
    assert find(config, None) == told, "nobody has heard of it"  # type: ignore[arg-type] # likewise
    assert Submission.select().count() == Order.select().count() == 1
