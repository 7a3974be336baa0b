"""Reading the catalogue again: what is noted, what is doubted, and what a process that dies leaves behind."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import on_sale
from tests.shop.offers import EU_5GB, FR_1GB, FRANCE, SPAIN, TR_1GB, TR_3GB, TURKEY, pages, stock, world
from webapp import catalogue
from webapp.base import clock, crash_points
from webapp.base.config import Config
from webapp.catalogue import RuleRefused, staging
from webapp.catalogue.snapshot import STAGED
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.esimgo.payloads import CatalogueBundle, CataloguePage
from webapp.clients.esimgo.payloads.catalogue import MOST_DAYS, MOST_MB
from webapp.models import Area, Bundle, BundleArea, BundleEvent, Plan, PriceRule, Setting, db
from webapp.operations import retention

pytestmark = pytest.mark.usefixtures("database")

MANY = world(40, 8)


def news() -> list[tuple[str, str, int | None, int | None]]:
    rows = BundleEvent.select().order_by(BundleEvent.id)
    return [(row.kind, row.bundle, row.wholesale_before, row.wholesale_after) for row in rows]


def on_shelf() -> set[str]:
    return {row.name for row in Bundle.select().where(Bundle.gone_at.is_null())}


# --- what is noted


def test_a_first_catalogue_is_no_news_and_the_same_again_neither(config: Config) -> None:
    stock(config, *MANY)
    stock(config, *MANY)
    assert news() == []


def test_every_change_is_noted_once(config: Config) -> None:
    stock(config, *MANY, TR_3GB, FR_1GB)
    dearer = on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=5)
    assert stock(config, *MANY, dearer, EU_5GB) == 2
    assert news() == [
        ("price", "esim_3GB_30D_TR_V2", 4200, 5000),
        ("added", "esim_5GB_30D_EU", None, 12000),
        ("gone", "esim_1GB_7D_FR_V2", None, None),
    ]
    assert {event.generation for event in BundleEvent.select()} == {2}
    BundleEvent.delete().execute()
    longer = on_sale("esim_1GB_7D_FR_V2", [FRANCE], gigabytes=1, days=10, price=1.4)
    stock(config, *MANY, dearer, EU_5GB, longer)
    assert [(kind, name) for kind, name, _, _ in news()] == [
        ("returned", "esim_1GB_7D_FR_V2"),
        ("changed", "esim_1GB_7D_FR_V2"),
    ]


def test_a_change_of_places_is_a_change(config: Config) -> None:
    stock(config, EU_5GB, TR_3GB)
    narrower = on_sale("esim_5GB_30D_EU", [on_europe()], roaming=[SPAIN], gigabytes=5, price=12)
    stock(config, narrower, TR_3GB)
    assert [(kind, name) for kind, name, _, _ in news()] == [("changed", "esim_5GB_30D_EU")]
    bundle = Bundle.get(Bundle.name == "esim_5GB_30D_EU")
    assert [place.code for place in catalogue.coverage(bundle.id)] == ["es"]


def on_europe() -> dict[str, str]:
    return {"iso": "Europe", "name": "Europe", "region": ""}


def test_changes_are_kept_for_a_year(config: Config, advance: Advance) -> None:
    stock(config, TR_3GB, EU_5GB)
    stock(config, TR_3GB, EU_5GB, FR_1GB)
    advance(364 * 86_400)
    retention.purge()
    assert BundleEvent.select().count() == 1
    advance(2 * 86_400)
    retention.purge()
    assert BundleEvent.select().count() == 0


# --- what is doubted


def test_a_catalogue_that_shrinks_a_lot_is_held_until_the_owner_accepts(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    stock(config, *MANY)
    new = on_sale("esim_new", [TURKEY], price=9)
    for _ in range(2):
        catalogue.sync(pages([*MANY[:20], new]), config)
    assert on_shelf() == {bundle.name for bundle in MANY} | {"esim_new"}, "what is new is sold, nothing goes"
    held = catalogue.state().held
    assert held is not None
    assert (held["known"], held["missing"]) == (41, 20)
    assert [r.levelname for r in caplog.records if r.name == "catalogue"] == ["ERROR"], "told once"

    assert catalogue.accept() == 20
    assert len(on_shelf()) == 41, "the next sync does it"
    catalogue.sync(pages([*MANY[:20], new]), config)
    assert len(on_shelf()) == 21
    assert catalogue.state().held is None
    with pytest.raises(catalogue.NothingHeld):
        catalogue.accept()


def test_what_was_held_and_is_listed_again_is_forgotten(config: Config) -> None:
    stock(config, *MANY)
    catalogue.sync(pages(MANY[:20]), config)
    catalogue.accept()
    catalogue.sync(pages(MANY), config)
    assert catalogue.state().held is None
    catalogue.sync(pages(MANY[:20]), config)
    assert len(on_shelf()) == 40, "the word given for the last time does not count this time"


def test_accepting_some_does_not_let_many_more_go(config: Config) -> None:
    stock(config, *MANY)
    catalogue.sync(pages(MANY[:30]), config)
    assert catalogue.accept() == 10
    catalogue.sync(pages(MANY[:10]), config)
    held = catalogue.state().held
    assert held is not None
    assert (held["missing"], len(on_shelf())) == (30, 40)


@pytest.mark.parametrize(("kept", "left"), [(32, 32), (31, 40)])
def test_a_fifth_may_go_without_asking(config: Config, kept: int, left: int) -> None:
    stock(config, *MANY)
    catalogue.sync(pages(MANY[:kept]), config)
    assert len(on_shelf()) == left


def cut_short() -> Iterator[CataloguePage]:
    """One row fewer than eSIM Go says that there are."""
    return pages(MANY[:39], rows=40)


def a_row_moved_past_us() -> Iterator[CataloguePage]:
    """Another one went while we read, so that the first of the second page became the last of the first."""
    yield CataloguePage(tuple(MANY[:20]), 2, 40, 0)
    yield CataloguePage(tuple(MANY[21:]), 2, 39, 0)


def a_page_missing() -> Iterator[CataloguePage]:
    (page,) = pages(MANY[:39])
    yield page._replace(page_count=2, rows=None)


def a_row_that_nobody_can_read() -> Iterator[CataloguePage]:
    return pages(MANY[:39], skipped=1)


@pytest.mark.parametrize(
    "broken", [cut_short, a_row_moved_past_us, a_page_missing, a_row_that_nobody_can_read]
)
def test_a_list_with_holes_makes_nothing_disappear(
    config: Config, broken: Callable[[], Iterator[CataloguePage]]
) -> None:
    stock(config, *MANY)
    catalogue.sync(broken(), config)
    assert (len(on_shelf()), catalogue.state().held, news()) == (40, None, [])
    catalogue.sync(pages(MANY[:39]), config)
    assert len(on_shelf()) == 39


def test_a_list_that_was_cut_short_says_so_and_leaves_what_is_held(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    stock(config, *MANY)
    catalogue.sync(pages(MANY[:20]), config)
    catalogue.sync(cut_short(), config)
    assert catalogue.state().held is not None
    assert "cut short after 39 bundles" in caplog.text


def test_nothing_at_all_is_doubted_too(config: Config) -> None:
    stock(config, *MANY)
    catalogue.sync(iter(()), config)
    assert len(on_shelf()) == 40


# --- what a database can hold


def test_whatever_the_client_takes_the_database_takes_too(config: Config) -> None:
    """The longest texts and the largest numbers of a row that is believed; what is beyond is left out."""
    place = {"iso": "z" * 300, "name": "x" * 300, "region": "y" * 300}
    row = on_sale("n" * 300, [place], roaming=[TURKEY], gigabytes=None, days=MOST_DAYS, price=1_000_000)
    sized = on_sale("sized", [place], gigabytes=MOST_MB / 1000, days=MOST_DAYS, group="t" * 400)
    named = on_sale("named", [place], gigabytes=None, group="Unlimited " + "w" * 300)
    stock(changed(config, markup_percent=Decimal(1000)), row, sized, named, TR_3GB)
    assert on_shelf() == {"n" * 300, "sized", "named", TR_3GB.name}


def test_what_was_said_to_another_price_is_asked_again(config: Config) -> None:
    stock(config, *MANY, TR_3GB)
    Bundle.update(check_verdict="ok", check_total=5_000, checked_at=clock.now()).execute()
    dearer = on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=5)
    stock(config, *MANY, dearer)
    asked_again = Bundle.select().where(Bundle.checked_at.is_null(), Bundle.check_verdict == "")
    assert [bundle.name for bundle in asked_again] == [dearer.name]


def test_a_price_that_was_named_while_the_list_was_read_is_newer_than_the_list(config: Config) -> None:
    stock(config, *MANY)
    bundle = Bundle.get(Bundle.name == MANY[0].name)

    def meanwhile() -> Iterator[CataloguePage]:
        yield from pages(MANY)
        catalogue.reprice(bundle, bundle.wholesale + 500, config)

    before = bundle.wholesale
    catalogue.sync(meanwhile(), config)
    assert Bundle.get_by_id(bundle.id).wholesale == before + 500
    catalogue.sync(pages(MANY), config)
    assert Bundle.get_by_id(bundle.id).wholesale == before, "a list that was read later"


# --- when


@pytest.mark.usefixtures("still")
def test_a_failed_reading_rests_a_minute_and_a_person_need_not(config: Config, advance: Advance) -> None:
    def breaks_off() -> Iterator[CataloguePage]:
        yield from pages(MANY)
        raise Unavailable("no answer")

    for first in (True, False):
        with pytest.raises(Unavailable):
            catalogue.sync(breaks_off(), config)
        assert not catalogue.is_due(config), "it has read a page"
        advance(59)
        assert not catalogue.is_due(config)
        catalogue.request_sync()
        assert catalogue.is_due(config)
        if first:
            stock(config, *MANY)
            assert not catalogue.is_due(config)
            advance(config.catalogue_ttl_s)
    advance(61)
    assert catalogue.is_due(config)


def test_a_shop_without_a_catalogue_need_not_rest_before_it_has_read_a_page(config: Config) -> None:
    def away() -> Iterator[CataloguePage]:
        raise Unavailable("no answer")
        yield

    with pytest.raises(Unavailable):
        catalogue.sync(away(), config)
    assert catalogue.is_due(config)
    stock(config, TR_3GB)
    Setting.write_time("catalogue.synced_at", clock.now().replace(year=2000))
    with pytest.raises(Unavailable):
        catalogue.sync(away(), config)
    assert not catalogue.is_due(config)


def test_rules_that_nobody_can_read_are_told_of_before_anything_is_asked(config: Config) -> None:
    def asked() -> Iterator[CataloguePage]:
        raise AssertionError("eSIM Go was asked")
        yield

    PriceRule.create(scope="moon")
    with pytest.raises(RuleRefused):
        catalogue.sync(asked(), config)


# --- others at the same time


def test_a_price_that_changes_while_the_catalogue_is_compared_is_not_lost(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(config, *MANY)
    rule = catalogue.rule(scope="shop", fixed=9_000)
    meanwhile = [lambda: catalogue.set_rule(rule, config)]

    def moment(name: str) -> None:
        if name == "catalogue.compared" and meanwhile:
            meanwhile.pop()()

    new = on_sale("esim_new", [TURKEY])
    with crash_points.watched(moment):
        assert catalogue.sync(pages([*MANY, new]), config) == 3
    assert {plan.retail for plan in catalogue.plans_in(None)} == {9_000}


def test_readers_see_the_old_catalogue_or_the_new_one_and_nothing_else(config: Config) -> None:
    """While another thread reads, the catalogue turns over ten times."""
    old, new = MANY[:32], [bundle.model_copy(update={"wholesale": 50_000}) for bundle in MANY[8:]]
    stock(config, *old)
    allowed = {seen()}
    stock(config, *new)
    allowed.add(seen())
    looks: list[frozenset[object]] = []
    over = threading.Event()

    def look() -> None:
        try:
            while not over.is_set():
                looks.append(seen())
        finally:
            db.database.close()

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for turn in range(10):
            stock(config, *(new if turn % 2 else old))
    finally:
        over.set()
        reader.join(60)
    print(f"\n{len(looks)} looks at the shelves during 10 turns: always one whole catalogue")
    assert len(looks) > 10
    assert set(looks) <= allowed | between(config, old, new)


def between(config: Config, old: Sequence[CatalogueBundle], new: Sequence[CatalogueBundle]) -> set[object]:
    """With a fifth of it held until the owner accepts, a turn over has a step in the middle."""
    steps: set[object] = set()
    for first, second in ((old, new), (new, old)):
        stock(config, *first)
        catalogue.sync(pages(second), config)
        steps.add(seen())
    return steps


def seen() -> frozenset[object]:
    """What there is to buy, by one query."""
    return frozenset((plan.plan_id, plan.bundle.name, plan.stars) for plan in catalogue.plans_in(None))


# --- dying on the way

OLD = [*world(14, 4), TR_3GB, EU_5GB]
NEW = [*world(18, 5)[2:], on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=6), TR_1GB]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.shop.offers.ROWS_A_PAGE", 5)
    monkeypatch.setattr(staging, "BUNDLES_AT_ONCE", 4)
    monkeypatch.setattr(staging, "PLACES_AT_ONCE", 4)


def test_a_sync_killed_at_any_point_leaves_a_whole_catalogue(
    config: Config, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with SIGKILL at every page and at every write: the old catalogue, or the new one, is there."""
    passed: list[str] = []
    stock(config, *OLD)
    with crash_points.watched(passed.append):
        before = shop()
        stock(config, *NEW)
    after = shop()
    points = list(dict.fromkeys(passed))
    assert before != after
    for point in points:
        nothing_known()
        stock(config, *OLD)
        assert shop() == before
        assert killed_at(point, config) == -9, point
        assert shop() == (after if point == "catalogue.switched" else before), point
        stock(config, *NEW)
        assert (shop(), staged()) == (after, 0), point
    print(f"\nsync killed at {len(points)} points ({', '.join(points[:3])} ... {points[-1]}): always whole")
    assert len([point for point in points if "page" in point]) >= 4
    assert {"catalogue.staged.areas", "catalogue.switching.plans", "catalogue.switched"} <= set(points)


def nothing_known() -> None:
    """A shop that has never read a catalogue."""
    for table in (Plan, BundleArea, Bundle, BundleEvent, Area, Setting):
        table.delete().execute()


def killed_at(point: str, config: Config) -> int | None:
    """Sync in a process of its own; returns how that ended, None when it has not."""
    db.database.close()
    process = multiprocessing.get_context("fork").Process(target=die_at, args=(point, config))
    process.start()
    process.join(60)
    ended = process.exitcode
    process.kill()
    return ended


def die_at(point: str, config: Config) -> None:
    db.bind(config.database_url)
    with crash_points.armed(point):
        catalogue.sync(pages(NEW), config)


def shop() -> tuple[object, ...]:
    """Everything that the shop's pages show of the catalogue, in no order."""
    plans = catalogue.plans_in(None)
    return (
        {(p.plan_id, p.bundle.name, p.bundle.wholesale, p.retail, p.stars) for p in plans},
        {(p.plan_id, place.code) for p in plans for place in catalogue.coverage(p.bundle.id)},
        {replace(card, search_names=()) for card in catalogue.areas()},
        {(area.code, p.plan_id) for area in Area.select() for p in catalogue.regional_plans(area)},
    )


def staged() -> int:
    return Bundle.select().where(Bundle.generation == STAGED).count()


def test_what_a_dead_sync_has_left_is_swept_away(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(name: str) -> None:
        if name.startswith("catalogue.staged.places"):
            raise RuntimeError("the machine stops here")

    stock(config, TR_3GB)
    with crash_points.watched(stop), pytest.raises(RuntimeError):
        catalogue.sync(pages([TR_3GB, EU_5GB]), config)
    assert (staged(), catalogue.state().bundles, catalogue.state().gone) == (1, 1, 0)
    stock(config, TR_3GB, FR_1GB)
    assert {bundle.name for bundle in Bundle.select()} == {"esim_3GB_30D_TR_V2", "esim_1GB_7D_FR_V2"}
    assert BundleArea.select().count() == 2
    assert news() == [("added", "esim_1GB_7D_FR_V2", None, 1400)]
