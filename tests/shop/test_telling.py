"""Usage warnings as messages: once, while they are news, and only when they are true."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.shop.conftest import Advance
from tests.shop.factories import after, bundles, details, make_esim, make_order, make_top_up, near
from tests.shop.standins import Provider
from webapp import esims
from webapp.base import clock
from webapp.models import Assignment, Esim, Notification, Order, UsagePoint

pytestmark = pytest.mark.usefixtures("database")


def told(order: Order | None = None) -> list[str]:
    rows = Notification.select().order_by(Notification.id)
    return [row.kind for row in rows if order is None or row.order == order]


def seen(provider: Provider, esim: Esim, state: str = "Active", left: int = 3_000_000_000) -> None:
    """A look at which the plan is so far."""
    started = clock.now() - timedelta(minutes=5)
    provider.details = details(esim, "Installed", started)
    provider.bundles = bundles(state, remainingQuantity=left, startTime=started.isoformat())
    esims.refresh(Esim.get_by_id(esim.id), provider)


@pytest.fixture
def esim() -> Esim:
    return make_esim(make_order("ready"))


# --- in a look


def test_installed_first_and_connected_later_are_two_messages(provider: Provider, esim: Esim) -> None:
    provider.details, provider.bundles = details(esim, "Installed", clock.now()), bundles()
    esims.refresh(esim, provider)
    assert told() == ["activated"]
    seen(provider, esim)
    seen(provider, esim)
    assert told() == ["activated", "first_use"]


def test_connected_at_once_is_one_message(provider: Provider, esim: Esim) -> None:
    seen(provider, esim)
    assert told() == ["first_use"]


def test_a_first_use_that_is_long_past_is_no_news(provider: Provider, esim: Esim) -> None:
    Assignment.update(starts_at=after(-3 * 86_400), state="active").execute()
    Order.update(created_at=after(-4 * 86_400)).execute()
    provider.details, provider.bundles = details(esim, "Installed", after(-3 * 86_400)), bundles("Active")
    esims.refresh(Esim.get_by_id(esim.id), provider)
    assert told() == ["activated"]


def test_a_top_up_says_that_it_has_started_and_not_that_one_is_connected(provider: Provider) -> None:
    order = make_top_up("ready")
    esim = Esim.get_by_id(order.esim_id)
    Assignment.update(state="expired", starts_at=after(-9 * 86_400)).where(
        Assignment.order == esim.order
    ).execute()
    Assignment.update(state="active", starts_at=after(-60)).where(Assignment.order == order).execute()
    provider.details, provider.bundles = details(esim, "Installed", clock.now()), []
    esims.refresh(Esim.get_by_id(esim.id), provider)
    assert told(order) == ["activated"]


@pytest.mark.parametrize(
    ("left", "kinds"),
    [
        (3_000_000_000, []),
        (600_000_001, []),
        (600_000_000, ["used_80"]),
        (1, ["used_80"]),
        (0, ["used_up"]),
    ],
)
def test_eighty_percent_is_told_at_eighty_percent(
    provider: Provider, esim: Esim, left: int, kinds: list[str]
) -> None:
    seen(provider, esim, left=left)
    seen(provider, esim, left=left)
    assert told() == ["first_use", *kinds]


def test_most_of_it_and_all_of_it_are_told_one_after_the_other(provider: Provider, esim: Esim) -> None:
    for left in (500_000_000, 100_000_000, 0):
        seen(provider, esim, left=left)
    assert told() == ["first_use", "used_80", "used_up"]


def test_an_unlimited_plan_never_runs_short(provider: Provider, esim: Esim) -> None:
    Assignment.update(unlimited=True).execute()
    seen(provider, esim, left=0)
    assert told() == ["first_use"]


def test_a_plan_that_waits_or_has_ended_is_not_short_of_data(provider: Provider, esim: Esim) -> None:
    seen(provider, esim, "Expired", left=0)
    assert "used_up" not in told()


def test_data_that_will_not_last_is_told_with_what_that_rests_on(provider: Provider, esim: Esim) -> None:
    plan, began = Assignment.get(Assignment.esim == esim), after(-2 * 86_400)
    Order.update(created_at=after(-3 * 86_400)).execute()
    for at, left in ((began, 3_000_000_000), (after(-86_400), 1_800_000_000)):
        UsagePoint.create(assignment=plan, at=at, remaining_bytes=left)
    provider.details = details(esim, "Installed", began)
    provider.bundles = bundles(
        "Active",
        remainingQuantity=1_000_000_000,
        startTime=began.isoformat(),
        endTime=after(28 * 86_400).isoformat(),
    )
    for _ in range(2):
        esims.refresh(Esim.get_by_id(esim.id), provider)
    (row,) = Notification.select().where(Notification.kind == "running_out")
    facts = json.loads(row.facts)
    assert (facts["used_bytes"], round(int(facts["span_s"]) / 86_400)) == ("2000000000", 2)
    assert near(datetime.fromisoformat(facts["until"]), after(86_400), 60)


def test_of_two_warnings_at_once_the_second_waits_for_the_next_look(provider: Provider, esim: Esim) -> None:
    in_use(timedelta(hours=20))
    Assignment.update(remaining_bytes=300_000_000).execute()
    assert (esims.remind(), told()[-1:]) == (1, ["used_80"])
    assert (esims.remind(), told()[-1:]) == (1, ["ends_tomorrow"])
    assert esims.remind() == 0


# --- by the clock


def in_use(ends_in: timedelta, **values: Any) -> Order:
    order = make_order("active", **values)
    Assignment.update(state="active", starts_at=after(-5 * 86_400), ends_at=clock.now() + ends_in).where(
        Assignment.order == order
    ).execute()
    return order


def test_the_end_is_told_a_day_before_it_and_once(advance: Advance) -> None:
    order = in_use(timedelta(hours=30))
    esims.remind()
    assert told() == []
    advance(7 * 3600)
    esims.remind()
    esims.remind()
    assert told(order) == ["ends_tomorrow"]


@pytest.mark.parametrize(
    ("ends_in", "days", "state"),
    [
        (timedelta(hours=-1), 30, "active"),
        (timedelta(hours=5), 1, "active"),
        (timedelta(hours=5), 30, "expired"),
        (timedelta(hours=5), 30, "queued"),
    ],
    ids=["over", "a plan of one day", "ended early", "not begun"],
)
def test_no_end_is_told_where_there_is_none_to_tell_of(ends_in: timedelta, days: int, state: str) -> None:
    order = in_use(ends_in, days=days)
    Assignment.update(state=state).where(Assignment.order == order).execute()
    esims.remind()
    assert told() == []


def test_an_esim_that_lies_about_is_remembered_after_three_days_and_once(
    esim: Esim, advance: Advance
) -> None:
    advance(2.9 * 86_400)
    assert esims.remind() == 0
    advance(0.2 * 86_400)
    assert (esims.remind(), esims.remind()) == (1, 0)
    assert told() == ["not_installed"]


@pytest.mark.parametrize(
    "change",
    [{"installed_at": 0}, {"profile_status": "unavailable"}, {"state": "deactivated"}, {"created_at": -30}],
    ids=["installed", "not to be installed", "dead", "of long ago"],
)
def test_nobody_is_reminded_of_what_they_cannot_or_need_not_install(
    esim: Esim, advance: Advance, change: dict[str, object]
) -> None:
    moments = {name: after(v * 86_400) if isinstance(v, int) else v for name, v in change.items()}
    Esim.update(moments).execute()
    advance(4 * 86_400)
    assert esims.remind() == 0


@pytest.mark.parametrize("stage", ["active", "returned", "failed"])
def test_only_what_was_delivered_and_is_unused_is_remembered(advance: Advance, stage: str) -> None:
    make_esim(make_order(stage))
    advance(4 * 86_400)
    assert esims.remind() == 0
