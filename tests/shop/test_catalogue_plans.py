"""Plans stay while bundles come and go: which bundle serves a plan, and which plans are shown."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.shop.factories import make_customer, on_sale
from tests.shop.offers import EUROPE, FRANCE, SPAIN, TR_1GB, TR_3GB, TURKEY, pages, sold, stock
from webapp import catalogue, orders
from webapp.base.config import Config
from webapp.clients.esimgo.payloads import CatalogueBundle
from webapp.models import Area, Plan

PLAN = "tr-3gb-30d"

pytestmark = pytest.mark.usefixtures("database")


def bundle(name: str, price: float, **values: Any) -> CatalogueBundle:
    """A bundle for Türkiye, 3 GB and 30 days unless it says otherwise."""
    speeds = values.pop("speeds", ("4G", "5G"))
    return on_sale(name, [TURKEY], price=price, **values).model_copy(update={"speeds": speeds})


def tier(name: str, word: str, price: float = 9, days: int = 7) -> CatalogueBundle:
    return bundle(name, price, gigabytes=None, days=days, group=f"Standard Unlimited {word}")


def shown() -> set[str]:
    """The plans on the page of Türkiye."""
    return {plan.plan_id for plan in catalogue.plans_of(Area.get_by_id("tr"))}


def serving(plan_id: str = PLAN) -> str | None:
    plan = catalogue.plan(plan_id)
    return None if plan is None else plan.bundle.name


# --- a plan outlives its bundle


def test_a_renamed_bundle_serves_the_same_plan(config: Config) -> None:
    stock(config, TR_3GB, TR_1GB)
    before = Plan.get(Plan.plan_id == PLAN).id
    stock(config, bundle("esim_3GB_30D_TR_V3", 4.2), TR_1GB)
    plan = Plan.get(Plan.plan_id == PLAN)
    assert (plan.id, plan.available, plan.bundle.name) == (before, True, "esim_3GB_30D_TR_V3")


def test_an_order_keeps_its_bundle_and_its_price_whatever_the_catalogue_does(config: Config) -> None:
    stock(config, TR_3GB)
    plan = catalogue.plan(PLAN)
    assert plan is not None
    order = orders.place(make_customer(), plan)
    promised = (order.esimgo_product_id, order.wholesale, order.retail, order.stars, order.stage)
    catalogue.set_rule(catalogue.rule(scope="shop", markup_percent=Decimal(90)), config)
    stock(config, bundle("esim_3GB_30D_TR_V3", 8))
    stock(config)
    kept = order.fresh()
    assert (kept.esimgo_product_id, kept.wholesale, kept.retail, kept.stars, kept.stage) == promised
    assert (kept.plan_id, kept.data_mb, kept.days) == (PLAN, 3000, 30)


def test_a_dropped_bundle_leaves_its_plan_to_a_better_one(config: Config) -> None:
    stock(config, TR_3GB, bundle("five", 6, gigabytes=5), bundle("ten", 9, gigabytes=10))
    stock(config, bundle("five", 6, gigabytes=5), bundle("ten", 9, gigabytes=10))
    plan = catalogue.plan(PLAN)
    assert plan is not None
    assert (plan.bundle.name, plan.retail, plan.data_mb) == ("five", 8400, 3000)
    assert shown() == {"tr-5gb-30d", "tr-10gb-30d"}, "it can be bought by its link, but the other says more"


@pytest.mark.parametrize(
    "lesser",
    [
        bundle("less-data", 1, gigabytes=2),
        bundle("fewer-days", 1, days=29),
        bundle("unlimited", 1, gigabytes=None),
        on_sale("elsewhere", [FRANCE], roaming=[TURKEY], gigabytes=5, price=1),
    ],
    ids=lambda lesser: lesser.name,
)
def test_a_plan_that_nothing_serves_is_sold_out_and_returns_with_its_bundle(
    config: Config, lesser: CatalogueBundle
) -> None:
    stock(config, TR_3GB)
    stock(config, lesser)
    assert (catalogue.plan(PLAN), PLAN in sold()) == (None, False)
    stock(config, lesser, TR_3GB)
    assert serving() == "esim_3GB_30D_TR_V2"


def test_a_better_bundle_for_less_serves_the_plan(config: Config) -> None:
    stock(config, TR_3GB, bundle("five", 4, gigabytes=5, days=31))
    assert sold() == {PLAN: "five", "tr-5gb-31d": "five"}
    assert shown() == {"tr-5gb-31d"}
    assert [plan.plan_id for plan in catalogue.plans_in("TR")] == ["tr-5gb-31d"]
    (card,) = catalogue.areas()
    assert card.from_stars == Plan.get(Plan.plan_id == "tr-5gb-31d").stars


def test_for_the_same_price_a_plan_keeps_its_own_bundle(config: Config) -> None:
    stock(config, TR_3GB, bundle("five", 4.2, gigabytes=5))
    assert sold() == {PLAN: "esim_3GB_30D_TR_V2", "tr-5gb-30d": "five"}


# --- tiers


def test_a_better_tier_serves_a_lesser_one(config: Config) -> None:
    stock(config, tier("lite", "Lite", 5), tier("plus", "Plus", 4), tier("essential", "Essential", 6))
    assert sold() == {
        "tr-unlimited-lite-7d": "plus",
        "tr-unlimited-essential-7d": "plus",
        "tr-unlimited-plus-7d": "plus",
    }
    assert shown() == {"tr-unlimited-plus-7d"}


@pytest.mark.parametrize("word", ["Turbo", "Plus"])
def test_a_tier_that_nobody_knows_is_equal_to_itself_only(config: Config, word: str) -> None:
    other = "Plus" if word == "Turbo" else "Turbo"
    stock(config, tier("one", word, 9), tier("other", other, 1))
    assert serving(f"tr-unlimited-{word.lower()}-7d") == "one"


# --- not slower, not in fewer countries


def test_nothing_slower_takes_a_plan_over_while_its_bundle_is_there(config: Config) -> None:
    stock(config, TR_3GB)
    stock(config, TR_3GB, bundle("slow", 2, speeds=("3G",)))
    assert serving() == "esim_3GB_30D_TR_V2"
    stock(config, bundle("slow", 2, speeds=("3G",)))
    assert serving() == "slow", "nothing else is left"


def test_nothing_that_works_in_fewer_countries_takes_a_plan_over(config: Config) -> None:
    wide = on_sale("wide", [EUROPE], roaming=[FRANCE, SPAIN], price=9)
    narrow = on_sale("narrow", [EUROPE], roaming=[FRANCE], price=5)
    stock(config, wide)
    stock(config, wide, narrow)
    assert serving("europe-3gb-30d") == "wide"
    stock(config, narrow)
    assert serving("europe-3gb-30d") == "narrow"


def test_of_two_that_are_left_the_one_that_is_not_worse_serves(config: Config) -> None:
    slow, ten = bundle("slow", 5, gigabytes=5, speeds=("3G",)), bundle("ten", 9, gigabytes=10)
    stock(config, TR_3GB)
    stock(config, slow, ten)
    assert serving() == "ten"


def test_a_plan_is_not_sold_as_a_bigger_one_because_its_own_bundle_lost_a_label(config: Config) -> None:
    big = bundle("five", 6, gigabytes=5)
    stock(config, TR_3GB, big)
    stock(config, bundle("esim_3GB_30D_TR_V3", 4.2, speeds=("4G",)), big)
    assert serving() == "esim_3GB_30D_TR_V3"
    assert shown() == {PLAN, "tr-5gb-30d"}


def test_a_plan_comes_back_to_its_own_bundle_when_the_better_one_is_cheap_no_more(config: Config) -> None:
    own = bundle("own", 4.2, speeds=("4G",))
    stock(config, own, bundle("five", 4, gigabytes=5))
    assert serving() == "five"
    stock(config, own, bundle("five", 6, gigabytes=5))
    assert serving() == "own"


# --- names mean nothing


def test_names_are_never_read_for_what_a_bundle_is(config: Config) -> None:
    """The same offers under names that say something else, or nothing."""
    offers = [
        TR_3GB,
        TR_1GB,
        bundle("cheap", 3, gigabytes=5),
        tier("lite", "Lite"),
        on_sale("eu", [EUROPE], roaming=[FRANCE, SPAIN], price=7),
    ]
    stock(config, *offers)
    before = facts()
    names = [f"esim_ULP_1D_{number}_RGB_V2" for number in range(len(offers))]
    Random(7).shuffle(names)
    stock(config, *(o.model_copy(update={"name": n}) for o, n in zip(offers, names, strict=True)))
    assert facts() == before


def facts() -> set[tuple[object, ...]]:
    plans = Plan.select().where(Plan.available)
    return {
        (p.plan_id, p.plan_type, p.data_mb, p.days, p.tier, p.retail, p.bundle.data_mb, p.bundle.wholesale)
        for p in plans
    }


def test_reading_the_same_list_again_writes_no_plan(config: Config) -> None:
    def rows() -> list[dict[str, Any]]:
        return [plan.__data__ for plan in Plan.select().order_by(Plan.id)]

    offers = [TR_3GB, TR_1GB, bundle("x", 3, gigabytes=5), tier("l", "Lite", 3), tier("p", "Plus", 2)]
    stock(config, *offers)
    before = rows()
    for _ in range(2):
        catalogue.sync(pages(offers), config)
        assert rows() == before
