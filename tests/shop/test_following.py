"""Following at the provider: every state, odd answers, looks that fail, and whose turn it is."""

import pytest

from jobs import refresh_esims
from jobs.context import Context
from tests.shop.conftest import Advance
from tests.shop.factories import after, bundles, details, lead, make_esim, make_order, near
from tests.shop.standins import Bot, Provider
from tests.shop.test_esims import again, plan_of
from webapp import esims
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import (
    AccessDenied,
    EsimGoError,
    Gone,
    NotThere,
    RateLimited,
    Refused,
    Unavailable,
)
from webapp.clients.esimgo.payloads import EsimDetails
from webapp.models import Assignment, Esim, Order

pytestmark = pytest.mark.usefixtures("still")

GB = 1_000_000_000
MINUTE, HOUR, DAY = 60, 3600, 86400


# --- every state there is


def test_when_no_esim_is_there_it_is_the_key_and_not_the_esims(provider: Provider, advance: Advance) -> None:
    """A key of another account finds none of ours: nothing is given up until it is mended."""
    bought = [make_esim(make_order("ready", plan_id=f"plan-{number}")) for number in range(3)]
    provider.details = NotThere("403: ICCID is not accessible")
    advance(3 * DAY)
    for esim in bought:
        with pytest.raises(NotThere):
            esims.refresh(again(esim), provider)
        assert again(esim).profile_status == "released"
    provider.details = details(bought[0], "Installed")
    esims.refresh(again(bought[0]), provider)
    provider.details = NotThere("404")
    with pytest.raises(NotThere):
        esims.refresh(again(bought[1]), provider)
    assert again(bought[1]).profile_status == "deactivated", "now that another one is there"


def test_a_profile_without_plans_to_be_told_of_is_not_gone(provider: Provider, advance: Advance) -> None:
    """GET /esims/{iccid}/bundles may answer 404 where nothing is on an eSIM any more."""
    esim = make_esim()
    provider.details, provider.bundles = details(esim, "Installed"), NotThere("404: no bundles")
    for _ in range(3):
        advance(2 * DAY)
        esims.refresh(again(esim), provider)
    assert again(esim).profile_status == "installed"
    assert again(esim).next_refresh_at is not None
    assert plan_of(esim).state == "queued", "what is not told stays as it was"


@pytest.mark.parametrize(
    "status",
    [
        *("Released", "DOWNLOADED", "Installed", "unavailable", "Deleted", "Enabled", "disabled"),
        *("Confirmed", "Error", "something new"),
    ],
)
def test_every_word_for_a_profile_is_kept_and_followed(provider: Provider, status: str) -> None:
    esim = make_esim()
    provider.details = details(esim, status)
    esims.refresh(esim, provider)
    assert again(esim).profile_status == status.lower()
    assert near(again(esim).next_refresh_at, after(120))
    on_phone = status.lower() in {"installed", "enabled", "disabled"}
    assert esim.order.fresh().stage == ("active" if on_phone else "ready")


@pytest.mark.parametrize(
    "row", [{"profileStatus": "Deactivated"}, {"profileStatus": "Installed", "state": "Deactivated"}]
)
def test_a_deactivated_esim_goes_quiet(provider: Provider, row: dict[str, str]) -> None:
    esim = make_esim()
    provider.details = EsimDetails.model_validate({"iccid": esim.iccid} | row)
    esims.refresh(esim, provider)
    assert again(esim).next_refresh_at is None
    assert esims.look_now(esim.iccid), "but a callback makes us look once more"
    assert esims.due() == [esim]


def test_a_suspended_esim_is_followed_on(provider: Provider) -> None:
    esim = make_esim()
    provider.details = EsimDetails.model_validate({"iccid": esim.iccid, "state": "Suspended"})
    esims.refresh(esim, provider)
    assert again(esim).state == "suspended"
    assert near(again(esim).next_refresh_at, after(120))


def test_a_gone_esim_is_deactivated(provider: Provider) -> None:
    esim = make_esim()
    provider.details = Gone("410")
    esims.refresh(esim, provider)
    assert (again(esim).state, again(esim).profile_status) == ("deactivated", "deactivated")


@pytest.mark.parametrize(
    "state", ["processing", "queued", "active", "depleted", "Something New", "EXPIRED", "lapsed", "revoked"]
)
def test_every_word_for_a_plan_is_kept(provider: Provider, state: str) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim), bundles(state)
    esims.refresh(esim, provider)
    assert plan_of(esim).state == state.lower()
    quiet = state.lower() in {"expired", "lapsed", "revoked"}
    assert (again(esim).next_refresh_at is None) is quiet


# --- odd answers


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(-3 * DAY, False), (-HOUR, True), (10 * MINUTE, True), (2 * HOUR, False), (400 * DAY, False)],
)
def test_a_start_that_cannot_be_is_as_good_as_none(provider: Provider, seconds: float, kept: bool) -> None:
    esim = make_esim()
    provider.details = details(esim, "Released", after(seconds))
    provider.bundles = bundles("Queued", startTime=after(seconds).isoformat())
    esims.refresh(esim, provider)
    assert (again(esim).installed_at is not None) is kept
    assert (plan_of(esim).starts_at is not None) is kept
    order = esim.order.fresh()
    assert order.activated_at is None or order.activated_at <= clock.now()


@pytest.mark.parametrize("end", [-30 * DAY, 4000 * DAY])
def test_an_end_that_cannot_be_is_as_good_as_none(provider: Provider, end: float) -> None:
    esim = make_esim()
    provider.details = details(esim)
    provider.bundles = bundles("Active", startTime=after(-60).isoformat(), endTime=after(end).isoformat())
    esims.refresh(esim, provider)
    assert plan_of(esim).ends_at is None


@pytest.mark.parametrize(
    ("initial", "remaining", "left"),
    [
        (3 * GB, 4 * GB, (3 * GB, 3 * GB)),
        (3 * GB, -1, (3 * GB, 0)),
        (0, 1, (3 * GB, 1)),
        (None, None, (3 * GB, 3 * GB)),
        ("much", GB, (3 * GB, GB)),
        (5 * GB, 2 * GB, (5 * GB, 2 * GB)),
    ],
)
def test_data_that_cannot_be_is_not_written_down(
    provider: Provider, initial: object, remaining: object, left: tuple[int, int]
) -> None:
    esim = make_esim()
    provider.details = details(esim)
    provider.bundles = bundles("Active", initialQuantity=initial, remainingQuantity=remaining)
    esims.refresh(esim, provider)
    plan = plan_of(esim)
    assert (plan.initial_bytes, plan.remaining_bytes) == left


def test_what_was_sold_as_unlimited_stays_so(provider: Provider) -> None:
    esim = make_esim()
    Assignment.update(unlimited=True, initial_bytes=None, remaining_bytes=None).execute()
    provider.details, provider.bundles = details(esim), bundles("Active", remainingQuantity=50_000)
    esims.refresh(esim, provider)
    plan = plan_of(esim)
    assert (plan.unlimited, plan.initial_bytes, plan.remaining_bytes) == (True, None, None)


def test_a_plan_that_is_long_over_is_not_looked_at_every_hour(provider: Provider, advance: Advance) -> None:
    esim = make_esim()
    provider.details = details(esim)
    provider.bundles = bundles("Active", startTime=after(0).isoformat(), endTime=after(DAY).isoformat())
    esims.refresh(esim, provider)
    advance(3 * DAY)
    esims.refresh(again(esim), provider)
    assert near(again(esim).next_refresh_at, after(DAY))


# --- when a look fails


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (Refused(400, "no"), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]),
        (Unavailable("away"), [30, 60, 120, 240, 300, 300]),
        (RateLimited(1), [30, 30, 30]),
    ],
)
def test_an_esim_that_fails_is_looked_at_less_and_less(
    provider: Provider, error: EsimGoError, pauses: list[int]
) -> None:
    esim = make_esim()
    waits = []
    for _ in pauses:
        esims.postpone(again(esim), error)
        waits.append((again(esim).next_refresh_at - clock.now()).total_seconds())
    assert waits == pauses
    provider.details = details(esim)
    esims.refresh(again(esim), provider)
    assert again(esim).failed_looks == 0


def test_a_hint_during_a_look_that_fails_is_not_lost() -> None:
    esim = make_esim()
    read_before = again(esim)
    Esim.update(next_refresh_at=after(-1)).execute()
    esims.postpone(read_before, NotThere("404"))
    assert esims.due() == [esim]


# --- whose turn it is


class World(Provider):
    """Every eSIM answers for itself; `broken` ones with an error. `looks` are in order."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[str] = []
        self.broken: dict[str, Exception] = {}

    def esim(self, iccid: str) -> EsimDetails:
        self.looks.append(iccid)
        if iccid in self.broken:
            raise self.broken[iccid]
        return EsimDetails.model_validate({"iccid": iccid, "profileStatus": "Released"})


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def context(database: Config, world: World, bot: Bot) -> Context:
    return Context(database, world, bot, lead(), {})


def many(count: int) -> list[Esim]:
    """The first is the longest overdue."""
    order = make_order("ready")
    made = [make_esim(order)]
    for number in range(1, count):
        made.append(
            Esim.create(
                order=order,
                customer=order.customer,
                iccid=f"8999{number:015d}",
                matching_id="m",
                smdp_host="rsp.example.com",
                next_refresh_at=clock.now(),
            )
        )
    for number, esim in enumerate(made):
        Esim.update(next_refresh_at=after(number - 10_000)).where(Esim.id == esim.id).execute()
    return made


def test_nobody_starves_behind_esims_that_fail(world: World, context: Context) -> None:
    made = many(12)
    world.broken = {esim.iccid: NotThere("404") for esim in made[::2]}
    refresh_esims.run(context)
    assert set(world.looks) == {esim.iccid for esim in made}
    assert len(world.looks) == 12, "each once: no hot loop"
    assert esims.due() == []


def test_nobody_waits_behind_esims_that_are_not_there_any_more(world: World, context: Context) -> None:
    made = many(refresh_esims.MOST_FAILURES * 3)
    world.broken = {esim.iccid: NotThere("404") for esim in made[:-1]}
    refresh_esims.run(context)
    assert world.looks[-1] == made[-1].iccid


def test_one_that_always_fails_does_not_stop_the_others(world: World, context: Context) -> None:
    made = many(4)
    world.broken = {made[0].iccid: Unavailable("500 for this one")}
    with pytest.raises(Unavailable):
        refresh_esims.run(context)
    refresh_esims.run(context)
    assert world.looks == [esim.iccid for esim in made]


def test_an_error_of_ours_with_one_esim_does_not_stop_the_others(world: World, context: Context) -> None:
    made = many(4)
    world.broken = {made[0].iccid: ValueError("nobody thought of this")}
    with pytest.raises(ValueError, match="nobody"):
        refresh_esims.run(context)
    refresh_esims.run(context)
    assert world.looks == [esim.iccid for esim in made]


@pytest.mark.parametrize("error", [Unavailable("away"), RateLimited(1)])
def test_when_esim_go_is_away_the_job_stops_at_once(
    world: World, context: Context, error: EsimGoError
) -> None:
    made = many(4)
    world.broken = {esim.iccid: error for esim in made}
    with pytest.raises(type(error)):
        refresh_esims.run(context)
    assert world.looks == [made[0].iccid]


def test_when_everything_is_refused_the_job_stops_soon(world: World, context: Context) -> None:
    made = many(12)
    world.broken = {esim.iccid: AccessDenied(403, "Forbidden") for esim in made}
    with pytest.raises(AccessDenied):
        refresh_esims.run(context)
    assert len(world.looks) == refresh_esims.MOST_FAILURES


def test_who_is_installing_now_does_not_wait_behind_a_backlog() -> None:
    made = many(30)
    esims.activate(made[-1])
    turn = esims.due(limit=10)
    assert turn[0] == made[-1]
    assert turn[1:] == made[:9], "then the longest overdue"


def test_those_who_are_installing_do_not_take_every_place() -> None:
    made = many(30)
    for esim in made[10:]:
        esims.activate(esim)
    turn = esims.due(limit=10)
    assert len(set(turn)) == 10
    assert [esim for esim in turn if esim in made[:10]] == made[:5]


# --- how soon a change is seen


def delivered(ago_s: float) -> Esim:
    esim = make_esim()
    Order.update(paid_at=after(-ago_s), created_at=after(-ago_s)).execute()
    Esim.update(created_at=after(-ago_s)).execute()
    return again(esim)


@pytest.mark.parametrize(
    ("name", "age_s", "pressed", "state", "interval_s"),
    [
        ("Activate was pressed", 5 * DAY, True, "queued", 5),
        ("the first hour", MINUTE, False, "queued", 120),
        ("the first day", 2 * HOUR, False, "queued", 900),
        ("in use", 5 * DAY, False, "active", HOUR),
        ("bought, not used", 5 * DAY, False, "queued", DAY),
    ],
)
def test_a_change_at_the_provider_is_seen_within_the_interval_of_its_class(
    context: Context,
    world: World,
    advance: Advance,
    name: str,
    age_s: float,
    pressed: bool,
    state: str,
    interval_s: float,
) -> None:
    esim = delivered(age_s)
    if pressed:
        esims.activate(esim)
    world.bundles = bundles(state)
    refresh_esims.run(context)
    world.bundles = bundles("Depleted", remainingQuantity=0)
    advance(interval_s * 0.8 - 1)
    refresh_esims.run(context)
    assert plan_of(esim).state == state, "not asked before its time"
    advance(interval_s * 0.2 + 1)
    refresh_esims.run(context)
    assert (name, plan_of(esim).state) == (name, "depleted")


@pytest.mark.parametrize("state", ["queued", "active", "expired"])
def test_a_hint_makes_a_change_seen_at_once_in_every_class(
    context: Context, world: World, state: str
) -> None:
    esim = delivered(5 * DAY)
    world.bundles = bundles(state)
    refresh_esims.run(context)
    world.bundles = bundles("Depleted")
    assert esims.look_now(esim.iccid)
    refresh_esims.run(context)
    assert plan_of(esim).state == "depleted"
