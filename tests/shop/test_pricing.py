"""Retail prices by rules: the most specific wins field by field, and nothing is sold below its cost."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peewee import OperationalError

from tests.settings import changed
from tests.shop.factories import on_sale
from tests.shop.offers import EU_5GB, FR_1GB, TR_1GB, TR_3GB, TURKEY, stock
from tests.shop.standins import always
from webapp import catalogue
from webapp.base.config import Config
from webapp.catalogue import PricedBy, Rule, RuleRefused, pricing, rule
from webapp.models import Bundle, BundleEvent, Plan, PriceRule, Setting, db
from webapp.operations.beginning import Beginning

PLAN, SMALL, FRENCH = "tr-3gb-30d", "tr-1gb-7d", "fr-1gb-7d"

SHOP = rule(scope="shop", markup_percent=Decimal(50), floor=100)
AREA = rule(scope="area", target="tr", floor=3000)
ONE = rule(scope="plan", target=PLAN, fixed=9_999)


@pytest.fixture
def stocked(database: Config) -> Config:
    """Three plans: 4.20, 1.50 (Türkiye) and 1.40 (France) wholesale, at a markup of 40 %."""
    stock(database, TR_3GB, TR_1GB, FR_1GB)
    return database


def retail() -> dict[str, int]:
    return {plan.plan_id: plan.retail for plan in Plan.select()}


def generation() -> int:
    number: int = Setting.read("catalogue.generation")
    return number


# --- the price itself


@pytest.mark.parametrize(
    ("rules", "plan_id", "price"),
    [
        ([], PLAN, 5880),
        ([SHOP], PLAN, 6300),
        ([SHOP, AREA], PLAN, 7200),
        ([SHOP, AREA], FRENCH, 6300),
        ([SHOP, AREA, ONE], PLAN, 10_000),
        ([ONE], SMALL, 5880),
        ([SHOP, rule(scope="plan", target=PLAN, markup_percent=Decimal(0))], PLAN, 4300),
        ([AREA, rule(scope="plan", target=PLAN, floor=0)], PLAN, 5880),
        ([AREA, rule(scope="plan", target=PLAN, fixed=5000)], PLAN, 7200),
        ([rule(scope="plan", target=PLAN, fixed=4000)], PLAN, 4200),
        ([rule(scope="shop", fixed=5001)], PLAN, 5010),
    ],
)
def test_the_most_specific_rule_wins_field_by_field(
    config: Config, rules: list[Rule], plan_id: str, price: int
) -> None:
    """Wholesale 4.20. A floor holds for fixed prices too, and hundredths are rounded up."""
    area = plan_id.split("-")[0]
    assert (
        pricing.price(4200, area, plan_id, PricedBy.of(config), {known.key: known for known in rules})
        == price
    )


AMOUNT = st.none() | st.integers(0, 10**6)
MARKUP = st.none() | st.decimals(0, 1000, places=2)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(1, 10**6), st.lists(st.tuples(MARKUP, AMOUNT, AMOUNT), min_size=3, max_size=3))
def test_no_rules_sell_below_cost_and_floor(
    wholesale: int, fields: list[tuple[Decimal | None, int | None, int | None]]
) -> None:
    levels = [("shop", ""), ("area", "tr"), ("plan", PLAN)]
    given_ = {
        level: rule(scope=level[0], target=level[1], markup_percent=markup, floor=floor, fixed=fixed)
        for level, (markup, floor, fixed) in zip(levels, fields, strict=True)
        if (markup, floor, fixed) != (None, None, None)
    }
    floor = next((row[1] for row in reversed(fields) if row[1] is not None), 0)
    settings_ = Config(esimgo_api_key="k", telegram_bot_token="1:t", telegram_webhook_secret="s")
    found = pricing.price(wholesale, "tr", PLAN, PricedBy.of(settings_), given_)
    assert found >= wholesale + floor
    assert found % 10 == 0


# --- setting rules


def test_a_rule_reprices_at_once_and_the_pages_know(stocked: Config) -> None:
    before = generation()
    assert catalogue.set_rule(AREA, stocked) == 2
    assert retail() == {PLAN: 7200, SMALL: 4500, FRENCH: 1960}
    assert Plan.get(Plan.plan_id == PLAN).stars == 554
    assert generation() == before + 1


def test_a_rule_takes_the_place_of_the_one_for_the_same(stocked: Config) -> None:
    catalogue.set_rule(rule(scope="area", target="tr", markup_percent=Decimal(10)), stocked)
    assert catalogue.set_rule(AREA, stocked) == 2
    assert list(catalogue.rules().values()) == [AREA]
    assert retail()[PLAN] == 7200


def test_without_its_rule_a_plan_has_its_old_price(stocked: Config) -> None:
    before = retail()
    catalogue.set_rule(SHOP, stocked)
    catalogue.set_rule(ONE, stocked)
    assert catalogue.remove_rule("plan", PLAN, stocked) == 1
    assert catalogue.remove_rule("shop", "", stocked) == 3
    assert (retail(), dict(catalogue.rules())) == (before, {})
    with pytest.raises(RuleRefused, match="no rule for the shop"):
        catalogue.remove_rule("shop", "", stocked)


def test_rules_hold_for_what_eSIM_Go_adds_or_changes_later(stocked: Config) -> None:  # noqa: N802 - its name
    catalogue.set_rule(AREA, stocked)
    dearer = on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=6)
    stock(stocked, dearer, TR_1GB, FR_1GB, on_sale("esim_5GB_30D_TR", [TURKEY], gigabytes=5, price=8))
    assert retail() == {PLAN: 9000, SMALL: 4500, FRENCH: 1960, "tr-5gb-30d": 11_200}


# --- settings


def start(config: Config) -> None:
    Beginning("web", config).go_on()


def test_a_changed_setting_counts_from_the_next_start(stocked: Config) -> None:
    before = generation()
    again = changed(stocked, markup_percent=Decimal(100), star_usd=Decimal("0.01"))
    start(again)
    assert retail() == {PLAN: 8400, SMALL: 3000, FRENCH: 2800}
    assert Plan.get(Plan.plan_id == PLAN).stars == 840
    assert generation() == before + 1
    start(again)
    assert generation() == before + 1, "the pages stay as they are"


def test_a_start_with_the_same_settings_changes_nothing(stocked: Config) -> None:
    start(stocked)
    before = retail(), generation()
    start(stocked)
    assert (retail(), generation()) == before


def test_rules_go_before_a_changed_markup(stocked: Config) -> None:
    catalogue.set_rule(AREA, stocked)
    start(changed(stocked, markup_percent=Decimal(0)))
    assert retail() == {PLAN: 7200, SMALL: 4500, FRENCH: 1400}


@pytest.mark.parametrize("way", ["reading", "rule", "no rule", "bundle"])
def test_whoever_was_started_before_prices_with_the_settings_in_force(stocked: Config, way: str) -> None:
    """The web was started with new settings; jobs process and command still have the old ones, or newer."""
    start(changed(stocked, markup_percent=Decimal(100)))
    if way == "reading":
        stock(stocked, TR_3GB, TR_1GB, FR_1GB)
    elif way == "rule":
        catalogue.set_rule(rule(scope="area", target="fr", floor=1), stocked)
    elif way == "no rule":
        catalogue.set_rule(AREA, stocked)
        catalogue.remove_rule("area", "tr", stocked)
    else:
        catalogue.reprice(Bundle.get(Bundle.name == TR_3GB.name), 4200, stocked)
    assert retail() == {PLAN: 8400, SMALL: 3000, FRENCH: 2800}
    assert catalogue.in_force(stocked).markup_percent == 100


def test_a_start_that_the_database_did_not_let_through_is_done_later(
    stocked: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    beginning = Beginning("web", changed(stocked, markup_percent=Decimal(100)))
    with monkeypatch.context() as busy:
        busy.setattr(catalogue, "follow_settings", always(OperationalError("database is locked")))
        beginning.go_on()
    assert retail()[FRENCH] == 1960
    beginning.go_on()
    assert retail() == {PLAN: 8400, SMALL: 3000, FRENCH: 2800}


def test_a_shop_from_before_takes_the_prices_of_its_settings_at_the_first_start(stocked: Config) -> None:
    """Nobody noted then which settings they were made with."""
    Setting.delete().where(Setting.name == "pricing.settings").execute()
    Plan.update(retail=1, stars=1).execute()
    start(stocked)
    assert retail() == {PLAN: 5880, SMALL: 2100, FRENCH: 1960}


def test_a_shop_without_tables_starts_and_says_so_on_its_pages(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    db.bind(f"sqlite:///{config.legal_file.parent}/empty.db")
    start(config)
    assert "could not note its settings" in caplog.text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(1, 10**6), st.decimals("0.001", "1", places=3), st.decimals(0, 1000, places=2))
def test_no_settings_sell_below_what_telegram_pays(wholesale: int, star: Decimal, markup: Decimal) -> None:
    """Whatever the owner takes a Star to be worth: Telegram pays 0.013."""
    told = Config(
        esimgo_api_key="k",
        telegram_bot_token="1:t",
        telegram_webhook_secret="s",
        star_usd=star,
        markup_percent=markup,
    )
    asked, stars = pricing.priced(wholesale, "tr", PLAN, PricedBy.of(told), {})
    assert stars * Decimal("0.013") * 1000 >= wholesale
    assert stars * star * 1000 >= asked >= wholesale


# --- what is refused, in words


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (rule(scope="area", target="tr", fixed=4100), "tr-3gb-30d would cost $4.10, below its wholesale"),
        (rule(scope="shop", fixed=50_000), "fr-1gb-7d would cost $50.00, more than 1000 % above"),
        (rule(scope="shop", floor=20_000), "more than 1000 % above its wholesale price of $1.40"),
        (rule(scope="area", target="zz", floor=1), "there is no area zz"),
        (rule(scope="plan", target="zz-1gb-7d", floor=1), "there is no plan zz-1gb-7d"),
    ],
)
def test_a_price_that_hurts_is_refused_in_words_and_changes_nothing(
    stocked: Config, wanted: Rule, why: str
) -> None:
    before, number = retail(), generation()
    for attempt in (catalogue.preview, catalogue.set_rule):
        with pytest.raises(RuleRefused, match=why.replace("$", r"\$")):
            attempt(wanted, stocked)
    assert (retail(), generation(), dict(catalogue.rules())) == (before, number, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"scope": "shop"},
        {"scope": "shop", "target": "tr", "floor": 1},
        {"scope": "area", "floor": 1},
        {"scope": "moon", "floor": 1},
        {"scope": "shop", "markup_percent": Decimal(-1)},
        {"scope": "shop", "markup_percent": Decimal("1000.01")},
        {"scope": "shop", "markup_percent": Decimal("nan")},
        {"scope": "shop", "floor": -1},
        {"scope": "shop", "fixed": -1},
        {"scope": "shop", "fixed": 1.5},
        {"scope": "shop", "fixed": True},
        {"scope": "shop", "floor": 1, "colour": "red"},
    ],
)
def test_what_is_no_rule_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(RuleRefused):
        rule(**fields)


def test_stored_rules_are_read_as_strictly(database: Config) -> None:
    shop = {"scope": "shop"}
    for stored in (shop, {"scope": "moon", "floor": 1}, shop | {"markup_percent": "x"}):
        PriceRule.delete().execute()
        PriceRule.create(**stored)
        with pytest.raises(RuleRefused, match="cannot be understood"):
            catalogue.rules()


# --- looking before leaping


def test_a_preview_tells_what_would_change_and_changes_nothing(stocked: Config) -> None:
    before, number = retail(), generation()
    told = [(plan.plan_id, old, new) for plan, old, new in catalogue.preview(AREA, stocked)]
    assert told == [(SMALL, 2100, 4500), (PLAN, 5880, 7200)]
    assert (retail(), generation(), dict(catalogue.rules())) == (before, number, {})
    catalogue.set_rule(AREA, stocked)
    assert catalogue.preview(AREA, stocked) == []


# --- when eSIM Go wants another price than its catalogue said


def test_repricing_goes_by_the_same_rules_and_is_noted(stocked: Config) -> None:
    catalogue.set_rule(AREA, stocked)
    number, bundle = generation(), Bundle.get(Bundle.name == "esim_3GB_30D_TR_V2")
    catalogue.reprice(bundle, 9000, stocked)
    assert retail() == {PLAN: 12_600, SMALL: 4500, FRENCH: 1960}
    assert (bundle.wholesale, Bundle.get_by_id(bundle.id).wholesale) == (9000, 9000)
    event = BundleEvent.get()
    assert (event.kind, event.bundle) == ("price", "esim_3GB_30D_TR_V2")
    assert (event.wholesale_before, event.wholesale_after, event.generation) == (4200, 9000, number + 1)
    assert generation() == number + 1


def test_a_fixed_price_gives_way_when_the_cost_has_overtaken_it(stocked: Config) -> None:
    catalogue.set_rule(rule(scope="plan", target=PLAN, fixed=5000), stocked)
    assert retail()[PLAN] == 5000
    catalogue.reprice(Bundle.get(Bundle.name == "esim_3GB_30D_TR_V2"), 5555, stocked)
    assert retail()[PLAN] == 5560


def test_every_plan_that_a_bundle_serves_is_repriced(database: Config) -> None:
    cheap = on_sale("five", [TURKEY], gigabytes=5, price=3)
    stock(database, TR_3GB, cheap, EU_5GB)
    catalogue.reprice(Bundle.get(Bundle.name == "five"), 3100, database)
    assert retail() == {PLAN: 4340, "tr-5gb-30d": 4340, "europe-5gb-30d": 16_800}
