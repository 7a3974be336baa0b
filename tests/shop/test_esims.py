"""The life of an eSIM: how often it is looked at, what is written down, and which one is in use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.shop.conftest import Advance, Person
from tests.shop.factories import after, bundles, details, make_customer, make_esim, make_order, near
from tests.shop.standins import Provider
from webapp import esims
from webapp.base import clock
from webapp.clients.esimgo.errors import Gone, NotThere, Unavailable
from webapp.models import Assignment, Esim, Notification, Order, db

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2030, 5, 9, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def again(esim: Esim) -> Esim:
    return Esim.get_by_id(esim.id)


def plan_of(esim: Esim) -> Assignment:
    """The one that the eSIM came with. PostgreSQL gives rows in any order, when it is not told one."""
    return Assignment.select().where(Assignment.esim == esim).order_by(Assignment.id).get()


@pytest.mark.parametrize(
    ("states", "age", "pressed_ago", "pause"),
    [
        ([], 0 * MINUTE, None, 2 * MINUTE),
        (["queued"], 59 * MINUTE, None, 2 * MINUTE),
        (["queued"], 1 * HOUR, None, 15 * MINUTE),
        (["queued"], 23 * HOUR, None, 15 * MINUTE),
        (["queued"], 1 * DAY, None, 1 * DAY),
        (["active"], 1 * DAY, None, 1 * HOUR),
        (["depleted"], 9 * DAY, None, 1 * HOUR),
        (["expired", "active"], 9 * DAY, None, 1 * HOUR),
        (["queued"], 9 * DAY, 0 * MINUTE, timedelta(seconds=5)),
        (["queued"], 9 * DAY, 9 * MINUTE, timedelta(seconds=5)),
        (["queued"], 9 * DAY, 10 * MINUTE, 1 * DAY),
        (["expired"], 1 * MINUTE, None, None),
        (["expired", "revoked", "lapsed"], 9 * DAY, 1 * MINUTE, None),
        (["something new"], 9 * DAY, None, 1 * DAY),
        (["processing"], 5 * MINUTE, None, 2 * MINUTE),
        (["expired", "queued"], 9 * DAY, None, 1 * DAY),
    ],
)
def test_how_long_until_the_next_look(
    states: list[str], age: timedelta, pressed_ago: timedelta | None, pause: timedelta | None
) -> None:
    pressed_at = None if pressed_ago is None else NOON - pressed_ago
    assert esims.pause(states, NOON - age, pressed_at, NOON) == pause


@pytest.mark.parametrize(
    ("profile", "pause"),
    [
        ("installed", HOUR),
        ("released", HOUR),
        ("deleted", DAY),
        ("deactivated", None),
        ("something new", HOUR),
    ],
)
def test_a_profile_that_left_its_phone_is_looked_at_rarely_and_a_dead_one_never(
    profile: str, pause: timedelta | None
) -> None:
    assert esims.pause(["active"], NOON - 9 * DAY, None, NOON, profile) == pause


def test_a_deleted_profile_is_followed_closely_while_it_is_being_installed_again() -> None:
    pause = esims.pause(["queued"], NOON - 9 * DAY, NOON - MINUTE, NOON, "deleted")
    assert pause == timedelta(seconds=5)


# --- following


def test_a_look_writes_down_profile_and_plan(provider: Provider) -> None:
    esim = make_esim()
    starts, ends = after(-60), after(86400)
    provider.details = details(esim, "Enabled", after(-120))
    provider.bundles = bundles(
        "Active",
        remainingQuantity=1_250_000_000,
        startTime=starts.isoformat(),
        endTime=ends.isoformat(),
    )
    esims.refresh(esim, provider)
    seen = again(esim)
    assert (seen.profile_status, near(seen.installed_at, after(-120))) == ("enabled", True)
    assert near(seen.checked_at, clock.now())
    assert near(seen.next_refresh_at, after(120)), "it was delivered less than an hour ago"
    plan = plan_of(esim)
    assert (plan.state, plan.provider_id, plan.remaining_bytes) == ("active", "assignment-1", 1_250_000_000)
    assert (plan.starts_at, plan.ends_at) == (starts, ends)


def test_without_news_everything_stays_as_it_is(provider: Provider) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim), []
    esims.refresh(esim, provider)
    assert (again(esim).profile_status, again(esim).installed_at) == ("released", None)
    assert (plan_of(esim).state, esim.order.fresh().stage) == ("queued", "ready")
    assert Notification.select().count() == 0


@pytest.mark.parametrize("status", ["Installed", "Enabled", "Disabled"])
def test_a_profile_on_a_phone_makes_its_order_active(provider: Provider, status: str) -> None:
    esim = make_esim()
    provider.details = details(esim, status)
    esims.refresh(esim, provider)
    order = esim.order.fresh()
    assert (order.stage, near(order.activated_at, clock.now())) == ("active", True)
    assert near(again(esim).installed_at, clock.now()), "the provider did not say when"
    assert [row.kind for row in Notification.select()] == ["activated"]


@pytest.mark.parametrize(("installed_ago", "used_ago", "active_ago"), [(100, 50, 100), (50, 100, 100)])
def test_an_order_is_active_since_the_earlier_of_install_and_use(
    provider: Provider, installed_ago: int, used_ago: int, active_ago: int
) -> None:
    esim = make_esim()
    provider.details = details(esim, "Enabled", after(-installed_ago))
    provider.bundles = bundles("Active", startTime=after(-used_ago).isoformat())
    esims.refresh(esim, provider)
    assert near(esim.order.fresh().activated_at, after(-active_ago))


def test_a_plan_in_use_is_enough(provider: Provider) -> None:
    esim = make_esim()
    provider.details = details(esim, "Released")
    provider.bundles = bundles("Active", startTime=after(-10).isoformat())
    esims.refresh(esim, provider)
    assert esim.order.fresh().stage == "active"


def test_what_was_active_once_stays_so_and_is_told_once(provider: Provider) -> None:
    esim = make_esim()
    provider.details = details(esim, "Enabled", after(-100))
    esims.refresh(esim, provider)
    first = esim.order.fresh().activated_at
    provider.details = details(esim, "Released")
    esims.refresh(again(esim), provider)
    assert (esim.order.fresh().stage, esim.order.fresh().activated_at) == ("active", first)
    assert again(esim).installed_at is not None
    assert Notification.select().count() == 1


def test_a_look_does_not_overwrite_what_was_pressed_meanwhile(provider: Provider) -> None:
    esim = make_esim()
    read_before = again(esim)
    esims.activate(esim)
    provider.details = details(esim)
    esims.refresh(read_before, provider)
    assert near(again(esim).activate_pressed_at, clock.now())


def test_another_bundle_on_the_same_esim_is_not_ours(provider: Provider) -> None:
    esim = make_esim()
    provider.details = details(esim)
    provider.bundles = bundles("Active", name="esim_of_somebody")
    esims.refresh(esim, provider)
    assert plan_of(esim).state == "queued"


def test_a_plan_is_followed_by_the_number_it_got_first(provider: Provider) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim), bundles("Active", id="first")
    esims.refresh(esim, provider)
    provider.bundles = bundles("Queued", id="second") + bundles("Depleted", id="first")
    esims.refresh(again(esim), provider)
    assert (plan_of(esim).provider_id, plan_of(esim).state) == ("first", "depleted")


def test_an_ended_plan_is_not_looked_at_again(provider: Provider) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim, "Enabled"), bundles("Expired")
    esims.refresh(esim, provider)
    assert again(esim).next_refresh_at is None
    assert esims.due() == []


def test_a_profile_that_is_gone_goes_quiet(provider: Provider) -> None:
    esim = make_esim()
    provider.details = Gone("410")
    esims.refresh(esim, provider)
    assert (again(esim).profile_status, again(esim).next_refresh_at) == ("deactivated", None)
    assert provider.labels == []


def test_a_profile_that_is_not_there_is_believed_to_be_gone_after_a_day(
    provider: Provider, advance: Advance
) -> None:
    esim = make_esim()
    provider.details = NotThere("404")
    with pytest.raises(NotThere) as error:
        esims.refresh(esim, provider)
    esims.postpone(esim, error.value)
    assert again(esim).profile_status == "released"
    assert near(again(esim).next_refresh_at, after(30))
    advance(86400 + 60)
    late = again(esim)
    with pytest.raises(NotThere) as error:
        esims.refresh(late, provider)
    esims.postpone(late, error.value)
    assert (again(esim).profile_status, again(esim).next_refresh_at) == ("deactivated", None)


def test_a_hint_that_comes_during_a_look_is_not_lost(provider: Provider) -> None:
    esim = make_esim()
    read_before = again(esim)
    Esim.update(next_refresh_at=after(-1)).execute()
    provider.details = details(esim)
    esims.refresh(read_before, provider)
    assert esims.due() == [esim]


def test_a_label_that_is_not_taken_is_tried_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_iccid: str, _reference: str) -> None:
        raise Unavailable("no answer")

    esim = make_esim()
    provider.details = details(esim)
    with monkeypatch.context() as patched:
        patched.setattr(provider, "set_customer_reference", refuse)
        esims.refresh(esim, provider)
    assert (again(esim).labelled_at, near(again(esim).checked_at, clock.now())) == (None, True)
    esims.refresh(again(esim), provider)
    assert provider.labels == [(esim.iccid, esim.order.reference)]


def test_an_outage_is_told_and_changes_nothing(provider: Provider) -> None:
    esim = make_esim()
    provider.details, provider.bundles = details(esim, "Enabled"), Unavailable("no answer")
    with pytest.raises(Unavailable):
        esims.refresh(esim, provider)
    assert (again(esim).profile_status, again(esim).checked_at) == ("released", None)
    esims.postpone(esim, Unavailable("no answer"))
    assert near(again(esim).next_refresh_at, after(30))


def test_our_reference_is_written_on_the_provider_once(provider: Provider) -> None:
    esim = make_esim()
    provider.details = details(esim)
    for _ in range(3):
        esims.refresh(again(esim), provider)
    assert provider.labels == [(esim.iccid, esim.order.reference)]


# --- due


def test_the_longest_overdue_are_looked_at_first() -> None:
    for number, seconds in enumerate((-5, -50, 60, None)):
        esim = make_esim(make_order("ready", plan_id=f"plan-{number}"))
        due_at = None if seconds is None else after(seconds)
        Esim.update(next_refresh_at=due_at).where(Esim.id == esim.id).execute()
    assert [esim.id for esim in esims.due()] == [2, 1]
    assert [esim.id for esim in esims.due(limit=1)] == [2]


def test_a_hint_makes_an_esim_due_now_whatever_was_planned() -> None:
    esim = make_esim()
    Esim.update(next_refresh_at=None).execute()
    assert esims.look_now(esim.iccid)
    assert esims.due() == [esim]
    assert not esims.look_now("8999000000000000000")


def test_pressing_activate_looks_now_and_often(provider: Provider) -> None:
    esim = make_esim()
    Esim.update(next_refresh_at=after(9000)).execute()
    assert not esims.is_installing(again(esim))
    esims.activate(esim)
    assert esims.due() == [esim]
    assert esims.is_installing(again(esim))
    provider.details = details(esim)
    esims.refresh(again(esim), provider)
    assert near(again(esim).next_refresh_at, after(5), 2)


# --- looking


def delivered(plan_id: str, state: str = "queued", installed: bool = False) -> Esim:
    """One more eSIM of the customer, newer than those before."""
    esim = make_esim(make_order("ready", plan_id=plan_id))
    Assignment.update(state=state).where(Assignment.esim == esim).execute()
    if installed:
        put_on_phone(esim)
    return again(esim)


def put_on_phone(esim: Esim) -> None:
    Esim.update(installed_at=after(0), profile_status="installed").where(Esim.id == esim.id).execute()


def test_the_one_in_use_is_current_then_the_installed_then_the_newest() -> None:
    customer = make_customer()
    assert esims.current(customer) is None
    delivered("ended", "expired", installed=True)
    assert esims.current(customer) is None
    oldest = delivered("oldest")
    newest = delivered("newest")
    assert esims.current(customer) == newest
    put_on_phone(oldest)
    assert esims.current(customer) == oldest
    in_use = delivered("in-use", "active", installed=True)
    delivered("newer")
    assert esims.current(customer) == in_use


def test_a_used_up_plan_is_still_the_one_in_use() -> None:
    used_up = delivered("used-up", "depleted", installed=True)
    delivered("newer", installed=True)
    assert esims.current(make_customer()) == used_up


def test_the_plan_that_counts_is_the_active_one_then_the_next() -> None:
    esim = make_esim()
    assert esims.assignment_of(esim) == plan_of(esim)
    top_up = Assignment.create(esim=esim, order=esim.order, bundle="more", state="active")
    assert esims.assignment_of(esim) == top_up
    Assignment.update(state="expired").where(Assignment.id == top_up.id).execute()
    assert esims.assignment_of(esim) == plan_of(esim)
    Assignment.delete().execute()
    assert esims.assignment_of(esim) is None


def test_of_what_has_ended_the_last_one_counts_and_a_used_up_one_before_it() -> None:
    esim = make_esim()
    Assignment.update(state="expired").execute()
    last = Assignment.create(esim=esim, order=esim.order, bundle="more", state="lapsed")
    assert esims.assignment_of(esim) == last
    first = Assignment.get(Assignment.id != last.id)
    Assignment.update(state="depleted").where(Assignment.id == first.id).execute()
    assert esims.assignment_of(esim) == first


@pytest.mark.parametrize("status", ["released", "deleted"])
def test_a_profile_that_was_removed_can_be_installed_again(status: str) -> None:
    removed = delivered("removed", installed=True)
    assert esims.is_on_phone(removed)
    Esim.update(profile_status=status).execute()
    esims.activate(removed)
    assert not esims.is_on_phone(again(removed))
    assert esims.is_installing(again(removed))


@pytest.mark.parametrize("column", ["profile_status", "state"])
def test_a_dead_esim_is_not_the_one_in_use(column: str) -> None:
    dead = delivered("dead", "active", installed=True)
    Esim.update({column: "deactivated"}).where(Esim.id == dead.id).execute()
    assert esims.current(make_customer()) is None


def test_esims_are_ones_own_the_newest_first() -> None:
    first, second = delivered("first"), delivered("second")
    foreign = make_esim(make_order("ready", make_customer(2)))
    mine = make_customer()
    assert esims.of_customer(mine) == [second, first]
    assert esims.find(mine, first.reference) == first
    assert esims.find(mine, foreign.reference) is None
    assert Order.select().count() == 3


@pytest.mark.parametrize("page", ["/esims", "/esims/current"])
def test_a_page_that_is_polled_asks_the_database_as_often_for_many_esims_as_for_one(
    owner: Person, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        asked.clear()
        assert owner.get(page).status_code == 200
        return len(asked)

    def execute(sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return real(sql, *rest)

    asked: list[str] = []
    real = db.database.obj.execute_sql
    monkeypatch.setattr(db.database.obj, "execute_sql", execute)
    make_order("active")
    owner.get(page)
    for_one = queries()
    for number in range(8):
        make_order("active", plan_id=f"plan-{number}")
    assert queries() == for_one
