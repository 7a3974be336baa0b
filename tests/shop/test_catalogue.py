"""What the shop sells: the provider's catalogue as plans that stay while bundles come and go."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import country, make_order, on_sale
from tests.shop.offers import EU_5GB, FR_1GB, FRANCE, SPAIN, TR_1GB, TR_3GB, TURKEY, sold, stock
from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.clients.esimgo.payloads import CatalogueBundle
from webapp.models import Area, Bundle, BundleArea, Plan, Setting

pytestmark = pytest.mark.usefixtures("database")


def test_every_bundle_becomes_a_plan_with_its_price(config: Config) -> None:
    assert stock(config, TR_3GB, TR_1GB, EU_5GB) == 1
    assert sold() == {
        "tr-3gb-30d": "esim_3GB_30D_TR_V2",
        "tr-1gb-7d": "esim_1GB_7D_TR_V2",
        "europe-5gb-30d": "esim_5GB_30D_EU",
    }
    plan = catalogue.plan("tr-3gb-30d")
    assert plan is not None
    assert (plan.retail, plan.stars, plan.currency) == (5880, 453, "USD")
    assert (plan.plan_type, plan.data_mb, plan.days, plan.tier) == ("standard", 3000, 30, "")
    assert plan.bundle.speeds == "4G, 5G"


def test_the_markup_is_the_merchants(config: Config) -> None:
    stock(changed(config, markup_percent=Decimal(100)), TR_3GB)
    assert Plan.get().retail == 8400


def test_a_second_sync_adds_changes_and_retires(config: Config, advance: Advance) -> None:
    stock(config, TR_3GB, FR_1GB)
    ids = {plan.plan_id: plan.id for plan in Plan.select()}
    advance(3600)
    dearer = on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=5)
    assert stock(config, dearer, EU_5GB) == 3, "one of two is missing, so the owner was asked first"
    assert set(sold()) == {"tr-3gb-30d", "europe-5gb-30d"}
    assert Plan.get(Plan.plan_id == "tr-3gb-30d").retail == 7000
    gone = Bundle.get(Bundle.name == "esim_1GB_7D_FR_V2")
    assert (gone.generation, (clock.now() - gone.gone_at).total_seconds() < 60) == (3, True)
    assert catalogue.plan("fr-1gb-7d") is None
    assert {plan.plan_id: plan.id for plan in Plan.select()}.items() >= ids.items(), "rows are kept"


def test_what_comes_back_is_the_same_plan_again(config: Config) -> None:
    stock(config, TR_3GB, FR_1GB)
    before = Plan.get(Plan.plan_id == "fr-1gb-7d").id
    stock(config, TR_3GB)
    assert catalogue.plan("fr-1gb-7d") is None
    stock(config, TR_3GB, FR_1GB)
    again = catalogue.plan("fr-1gb-7d")
    assert again is not None
    assert (again.id, again.bundle.gone_at) == (before, None)


def test_syncing_the_same_again_changes_nothing_but_the_generation(config: Config) -> None:
    def rows() -> list[tuple[object, ...]]:
        return [(p.id, p.plan_id, p.bundle.id, p.retail, p.stars) for p in Plan.select().order_by(Plan.id)]

    everything = [TR_3GB, TR_1GB, EU_5GB]
    stock(config, *everything)
    before, covered = rows(), BundleArea.select().count()
    stock(config, *everything)
    assert (rows(), BundleArea.select().count()) == (before, covered)
    assert Setting.read("catalogue.generation") == 2
    synced_at = Setting.read_time("catalogue.synced_at")
    assert synced_at is not None
    assert (clock.now() - synced_at).total_seconds() < 60


@pytest.mark.parametrize("cheap_first", [True, False])
def test_the_cheapest_bundle_serves_the_plan(config: Config, cheap_first: bool) -> None:
    cheap = on_sale("esim_3GB_30D_TR_V3", [TURKEY], price=3)
    offers = [cheap, TR_3GB] if cheap_first else [TR_3GB, cheap]
    stock(config, *offers)
    assert sold() == {"tr-3gb-30d": "esim_3GB_30D_TR_V3"}
    stock(config, TR_3GB)
    assert sold() == {"tr-3gb-30d": "esim_3GB_30D_TR_V2"}


@pytest.mark.parametrize(
    ("bundle", "plan_id"),
    [
        (on_sale("b", [TURKEY], gigabytes=0.5, days=1), "tr-500mb-1d"),
        (on_sale("b", [TURKEY], gigabytes=1.5, days=7), "tr-1500mb-7d"),
        (on_sale("b", [TURKEY], gigabytes=None, days=7), "tr-unlimited-7d"),
        (
            on_sale("b", [TURKEY], gigabytes=None, days=7, group="Standard Unlimited Lite"),
            "tr-unlimited-lite-7d",
        ),
        (on_sale("b", [country("US-HI", "Hawaii")]), "us-hi-3gb-30d"),
        (on_sale("b", [country("Europe Lite")]), "europe-lite-3gb-30d"),
    ],
)
def test_plan_ids_say_what_is_sold(config: Config, bundle: CatalogueBundle, plan_id: str) -> None:
    stock(config, bundle)
    assert set(sold()) == {plan_id}


def test_a_bundle_for_several_countries_is_a_plan_in_each(config: Config) -> None:
    stock(config, on_sale("esim_fr_es", [FRANCE, SPAIN]))
    assert set(sold()) == {"fr-3gb-30d", "es-3gb-30d"}


def test_unlimited_plans_know_their_tier(config: Config) -> None:
    stock(config, on_sale("b", [TURKEY], gigabytes=None, group="Standard Unlimited Plus"))
    plan = Plan.get()
    assert (plan.plan_type, plan.tier, plan.data_mb) == ("unlimited", "plus", None)
    with speaking("ru"):
        assert catalogue.title(plan) == "Турция, Безлимит Plus, 30 дней"


# --- areas


def area(code: str) -> Area:
    return Area.get_by_id(code)


def test_a_region_is_no_country_and_tells_what_it_covers(config: Config) -> None:
    stock(config, EU_5GB, on_sale("esim_fr", [FRANCE]))
    assert (area("europe").is_country, area("fr").is_country) == (False, True)
    plan = catalogue.plan("europe-5gb-30d")
    assert plan is not None
    assert [place.code for place in catalogue.coverage(plan.bundle.id)] == ["fr", "es"]


def test_a_country_offers_its_own_plans_and_those_of_its_regions(config: Config) -> None:
    stock(config, EU_5GB, on_sale("esim_fr", [FRANCE]), TR_3GB)
    assert [plan.plan_id for plan in catalogue.plans_of(area("fr"))] == ["fr-3gb-30d"]
    assert [plan.plan_id for plan in catalogue.regional_plans(area("fr"))] == ["europe-5gb-30d"]
    assert catalogue.regional_plans(area("tr")) == []


def test_a_neighbour_that_happens_to_work_here_is_no_regional_plan(config: Config) -> None:
    stock(config, on_sale("esim_fr", [FRANCE], roaming=[SPAIN]), on_sale("esim_es", [SPAIN]))
    assert catalogue.regional_plans(area("es")) == []


@pytest.mark.parametrize(
    ("iso", "code", "name"),
    [
        ("IC", "ic", "Canary Islands"),
        ("CYP", "cyp", "Northern Cyprus"),
        ("US-HI", "us-hi", "Hawaii (USA)"),
        ("AN", "an", "Netherlands Antilles"),
    ],
)
def test_the_providers_own_codes_are_countries(config: Config, iso: str, code: str, name: str) -> None:
    stock(config, on_sale("b", [country(iso, "as they say")]))
    (card,) = catalogue.areas()
    assert (card.code, card.name, card.is_country) == (code, name, True)
    assert [plan.plan_id for plan in catalogue.plans_in(iso)] == [f"{code}-3gb-30d"]


def test_a_place_that_we_do_not_know_keeps_the_providers_name(config: Config) -> None:
    stock(config, on_sale("b", [country("Q9", "Atlantis")]))
    (card,) = catalogue.areas()
    assert (card.name, card.is_country, card.flag) == ("Atlantis", True, "🌍")


def test_an_order_keeps_its_words_when_its_plan_is_gone(config: Config) -> None:
    order = make_order()
    with speaking("en"):
        assert catalogue.title(order) == "Türkiye, 3 GB, 30 days"


def test_plans_are_listed_by_size_and_unlimited_ones_last(config: Config) -> None:
    unlimited = on_sale("b", [TURKEY], gigabytes=None, price=1)
    stock(config, unlimited, TR_3GB, TR_1GB)
    found = [plan.plan_id for plan in catalogue.plans_of(area("tr"))]
    assert found == ["tr-1gb-7d", "tr-3gb-30d", "tr-unlimited-30d"]


def test_a_bundle_is_found_by_its_exact_name(config: Config) -> None:
    stock(config, TR_3GB)
    serving = catalogue.plan_serving("esim_3GB_30D_TR_V2")
    assert serving is not None
    assert serving.plan_id == "tr-3gb-30d"
    assert catalogue.plan_serving("ESIM_3GB_30D_TR_V2") is None


def test_an_empty_catalogue_closes_the_shelves_and_keeps_the_rows(config: Config) -> None:
    stock(config, TR_3GB)
    stock(config)
    assert (sold(), catalogue.areas(), Bundle.select().count()) == ({}, [], 1)


# --- search

PLACES = [
    ("TR", "Turkey"),
    ("FR", "France"),
    ("CI", "Ivory Coast"),
    ("TT", "Trinidad and Tobago"),
    ("TM", "Turkmenistan"),
    ("GB", "United Kingdom"),
    ("KZ", "Kazakhstan"),
    ("Europe", "Europe"),
]


@pytest.fixture
def cards(config: Config) -> Sequence[catalogue.AreaCard]:
    stock(config, *(on_sale(f"b-{iso}", [country(iso, name)]) for iso, name in PLACES))
    return catalogue.areas()


@pytest.mark.parametrize(
    ("query", "first", "also"),
    [
        ("турция", "tr", set()),
        ("ТУРЦИЯ ", "tr", set()),
        ("Turkey", "tr", set()),
        ("Türkiye", "tr", set()),
        ("TR", "tr", {"tt"}),
        ("tur", "tr", {"tm"}),
        ("cote", "ci", set()),
        ("côte d'ivoire", "ci", set()),
        ("cote d ivoire", "ci", set()),
        ("ivory", "ci", set()),
        ("Кот-д'Ивуар", "ci", set()),
        ("tobago", "tt", set()),
        ("gdom", "gb", set()),
        ("европа", "europe", set()),
    ],
)
def test_a_place_is_found_as_people_write_it(
    cards: list[catalogue.AreaCard], query: str, first: str, also: set[str]
) -> None:
    found = [card.code for card in catalogue.Search().look(cards, query).cards]
    assert found[0] == first
    assert set(found) == {first} | also


@pytest.mark.parametrize("query", ["atlantis", "zz", "!x!", "ow"])
def test_nothing_is_found_where_nothing_is(cards: list[catalogue.AreaCard], query: str) -> None:
    assert catalogue.Search().look(cards, query).cards == []


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ёлка", "елка"),
        ("Côte d'Ivoire", "cote d ivoire"),
        ("  São Tomé  ", "sao tome"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("…", ""),
    ],
)
def test_accents_case_and_marks_do_not_matter(written: str, normal: str) -> None:
    assert catalogue.normal(written) == normal


def test_areas_are_sorted_in_the_language_at_hand(cards: list[catalogue.AreaCard]) -> None:
    with speaking("ru"):
        names = [card.name for card in catalogue.areas()]
    assert names[0] == "Великобритания"
    assert names == sorted(names, key=catalogue.normal)


def test_the_lowest_price_of_an_area_is_shown(config: Config) -> None:
    stock(config, TR_3GB, TR_1GB)
    (card,) = catalogue.areas()
    assert (card.name, card.from_stars) == ("Türkiye", 162)
