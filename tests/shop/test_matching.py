"""Several plans on one eSIM: which row of the provider's list is which, and whose order it makes active."""

from typing import Any

import pytest

from tests.shop.factories import BUNDLE, after, bundles, details, make_esim, make_order, near
from tests.shop.standins import Provider
from tests.shop.test_esims import again
from webapp import esims
from webapp.clients.esimgo.matching import match
from webapp.clients.esimgo.payloads import AssignmentState, EsimBundle
from webapp.models import Assignment, Esim, Notification, Order

pytestmark = pytest.mark.usefixtures("database")

GB = 1_000_000_000
HOUR, DAY = 3600, 86400


def plans_of(esim: Esim) -> list[Assignment]:
    return list(Assignment.select().where(Assignment.esim == esim).order_by(Assignment.id))


def top_up(esim: Esim, *, bundle: str = BUNDLE, paid_ago_s: float = 0, **values: Any) -> Order:
    """One more order that has put its plan on this eSIM."""
    order = make_order(
        "paid", esimgo_product_id=bundle, esim_id=esim.id, paid_at=after(-paid_ago_s), **values
    )
    Order.update(stage="ready").where(Order.id == order.id).execute()
    Assignment.create(esim=esim, order=order, bundle=bundle, initial_bytes=3 * GB, remaining_bytes=3 * GB)
    return order.fresh()


def told(
    state: str = "queued", name: str = BUNDLE, ago_s: float | None = None, **values: Any
) -> dict[str, Any]:
    """An assignment as the provider lists it."""
    moment = {} if ago_s is None else {"assignmentDateTime": after(-ago_s).isoformat()}
    return {"name": name, "bundleState": state} | moment | values


def listed(*rows: dict[str, Any]) -> list[EsimBundle]:
    return [EsimBundle.model_validate({"name": row["name"], "assignments": [row]}) for row in rows]


def pairs(esim: Esim, *rows: dict[str, Any]) -> list[tuple[int, str]]:
    """Which of the eSIM's plans (1 is the first) is which of the provider's rows (by id)."""
    ours = plans_of(esim)
    states = [state for bundle in listed(*rows) for state in bundle.assignments]
    numbers = {assignment.id: number for number, assignment in enumerate(ours, 1)}
    return sorted((numbers[pair.ours.id], pair.told.id) for pair in match(ours, states))


# --- which row is which plan


def test_two_plans_of_one_bundle_are_told_apart_by_their_age() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    top_up(esim)
    rows = told(id="new", ago_s=1), told(id="old", ago_s=DAY)
    assert pairs(esim, *rows) == [(1, "old"), (2, "new")]


def test_a_plan_keeps_the_row_it_had_whatever_else_is_listed() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    top_up(esim)
    Assignment.update(provider_id="first").where(Assignment.id == plans_of(esim)[0].id).execute()
    rows = told(id="elder", ago_s=2 * DAY), told(id="first", ago_s=DAY), told(id="second", ago_s=1)
    assert pairs(esim, *rows) == [(1, "first"), (2, "second")]


def test_two_plans_never_share_a_row() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    top_up(esim)
    assert pairs(esim, told(id="only", ago_s=DAY)) == [(1, "only")]


def test_a_top_up_waits_for_its_own_row() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    Assignment.update(provider_id="first").execute()
    top_up(esim)
    assert pairs(esim, told(id="first", ago_s=DAY), told(id="elder", ago_s=2 * DAY)) == [(1, "first")]


def test_the_providers_order_in_the_reference_is_a_surer_sign_than_time() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    order = top_up(esim, esimgo_order_id="uuid-2")
    assert order.esimgo_order_id == "uuid-2"
    rows = told(id="b", assignmentReference="uuid-2-0"), told(id="a", assignmentReference="else-0")
    assert pairs(esim, *rows) == [(1, "a"), (2, "b")]


def test_rows_without_ids_and_times_go_by_their_order() -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    top_up(esim)
    states = [AssignmentState.model_validate(told(state)) for state in ("active", "queued")]
    assert [pair.told.state for pair in match(plans_of(esim), states)] == ["active", "queued"]


def test_a_bundle_of_somebody_else_is_nobodys() -> None:
    assert pairs(make_esim(), told(id="x", name="esim_of_somebody")) == []


def test_both_plans_are_written_down_each_with_its_own(provider: Provider) -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    top_up(esim)
    provider.details = details(esim, "Enabled")
    provider.bundles = listed(
        told("depleted", id="a", ago_s=DAY, remainingQuantity=0), told("active", id="b", ago_s=1)
    )
    for _ in range(2):
        esims.refresh(again(esim), provider)
        assert [(p.provider_id, p.state) for p in plans_of(esim)] == [("a", "depleted"), ("b", "active")]


# --- which order it makes active


def test_an_order_that_tops_up_is_active_when_its_own_plan_starts(provider: Provider) -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    order = top_up(esim)
    provider.details = details(esim, "Enabled", after(-HOUR))
    provider.bundles = listed(told("active", id="a", ago_s=DAY), told("queued", id="b", ago_s=1))
    esims.refresh(esim, provider)
    assert (esim.order.fresh().stage, order.fresh().stage) == ("active", "ready")
    start = after(-20)
    provider.bundles = listed(
        told("depleted", id="a", ago_s=DAY),
        told("active", id="b", ago_s=1, startTime=start.isoformat()),
    )
    esims.refresh(again(esim), provider)
    assert (order.fresh().stage, order.fresh().activated_at) == ("active", start)
    told_of = [(row.order, row.kind) for row in Notification.select().order_by(Notification.id)]
    assert told_of == [(esim.order, "first_use"), (order, "activated")]


def test_any_use_proves_that_the_profile_is_on_a_phone(provider: Provider) -> None:
    esim = make_esim(make_order("ready", paid_at=after(-DAY)))
    order = top_up(esim)
    provider.details = details(esim, "Released")
    provider.bundles = listed(told("queued", id="a", ago_s=DAY), told("active", id="b", ago_s=1))
    esims.refresh(esim, provider)
    assert {esim.order.fresh().stage, order.fresh().stage} == {"active"}


def test_a_released_profile_with_a_first_installation_was_installed_and_removed(
    provider: Provider,
) -> None:
    esim = make_esim()
    provider.details = details(esim, "Released", after(-HOUR))
    esims.refresh(esim, provider)
    assert near(again(esim).installed_at, after(-HOUR))
    assert not esims.is_on_phone(again(esim))
    assert esim.order.fresh().stage == "active"


@pytest.mark.parametrize("state", ["expired", "lapsed", "revoked"])
@pytest.mark.parametrize("stage", ["ready", "active"])
def test_no_end_of_a_plan_makes_a_delivered_order_fail(provider: Provider, state: str, stage: str) -> None:
    esim = make_esim(make_order(stage))
    provider.details, provider.bundles = details(esim), bundles(state)
    esims.refresh(esim, provider)
    assert esim.order.fresh().stage == stage
    assert plans_of(esim)[0].state == state
    assert again(esim).next_refresh_at is None
