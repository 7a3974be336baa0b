"""Places: odd codes, regions that are sold as if they were countries, and countries that only these cover."""

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import text
from tests.shop.factories import country, lead, on_sale
from tests.shop.offers import FRANCE, SPAIN, TR_3GB, TURKEY, stock
from webapp import catalogue
from webapp.base.config import Config
from webapp.base.i18n import speaking
from webapp.models import Area, BundleArea

pytestmark = pytest.mark.usefixtures("database")

ODD = {
    "ic": country("IC", "Canaries"),
    "cyp": country("CYP", "Cyprus (North)"),
    "us-hi": country("US-HI", "Hawaii"),
    "an": country("AN", "Antilles"),
}
LABEL, NOWHERE = country("Europe Lite", "Europe Lite"), country("XQZ", "Atlantis")
REGIONAL = on_sale("eul", [LABEL], roaming=[FRANCE, SPAIN, TURKEY, *ODD.values(), NOWHERE], price=7)
WORLD = on_sale("world", [country("Global")], roaming=[TURKEY, FRANCE], gigabytes=1, price=11)


def area(code: str) -> Area:
    return Area.get_by_id(code)


def found(query: str) -> list[str]:
    return [card.code for card in catalogue.Search().look(catalogue.areas(), query).cards]


@pytest.mark.parametrize(
    ("code", "english", "russian", "flag"),
    [
        ("ic", "Canary Islands", "Канарские о-ва", "🇮🇨"),
        ("cyp", "Northern Cyprus", "Северный Кипр", "🌍"),
        ("us-hi", "Hawaii (USA)", "Гавайи (США)", "🌍"),
        ("an", "Netherlands Antilles", "Нидерландские Антилы", "🌍"),
    ],
)
def test_odd_codes_are_countries_with_names_and_no_wrong_flag(
    config: Config, code: str, english: str, russian: str, flag: str
) -> None:
    stock(config, on_sale("own", [ODD[code]]), REGIONAL)
    for lang, name in (("en", english), ("ru", russian)):
        with speaking(lang):
            (card,) = [card for card in catalogue.areas() if card.code == code]
            assert (card.name, card.flag, card.is_country) == (name, flag, True)
            assert found(name)[0] == code
    assert code in [place.code for place in catalogue.covered(area("europe-lite"))]


def test_a_regional_label_is_no_country_and_covers_what_its_bundles_roam_in(config: Config) -> None:
    stock(config, REGIONAL, TR_3GB)
    with speaking("ru"):
        (card,) = [card for card in catalogue.areas() if card.code == "europe-lite"]
        assert (card.name, card.flag, card.is_country) == ("Европа (основные страны)", "🌍", False)
        names = [place.code for place in catalogue.covered(area("europe-lite"))]
    assert names == ["xqz", "us-hi", "es", "ic", "an", "cyp", "tr", "fr"], "by name, in Russian"
    assert [place.code for place in catalogue.covered(area("tr"))] == ["tr"]


def test_a_code_that_nobody_knows_keeps_the_providers_name(config: Config) -> None:
    stock(config, on_sale("own", [NOWHERE]))
    for lang in ("en", "ru"):
        with speaking(lang):
            (card,) = catalogue.areas()
            assert (card.code, card.name, card.flag, card.is_country) == ("xqz", "Atlantis", "🌍", True)


def test_an_unknown_label_that_reaches_other_places_is_a_region(config: Config) -> None:
    stock(config, on_sale("own", [country("R7", "Silk Road")], roaming=[TURKEY, FRANCE]))
    assert not area("r7").is_country
    assert [plan.plan_id for plan in catalogue.regional_plans(area("tr"))] == ["r7-3gb-30d"]


def test_a_country_is_a_country_though_its_plans_work_next_door(config: Config) -> None:
    stock(config, on_sale("own", [FRANCE], roaming=[country("MC", "Monaco")]))
    assert area("fr").is_country
    assert found("monaco") == [], "a neighbour's plan is no plan for Monaco"


# --- countries that only regions cover


def test_a_country_without_plans_of_its_own_is_found_and_shows_what_covers_it(config: Config) -> None:
    stock(config, REGIONAL, WORLD, TR_3GB)
    cards = {card.code: card for card in catalogue.areas()}
    assert cards["fr"].is_country
    prices = {plan.plan_id: plan.stars for plan in catalogue.regional_plans(area("fr"))}
    assert list(prices) == ["europe-lite-3gb-30d", "global-1gb-30d"], "the cheapest first"
    assert cards["fr"].from_stars == min(prices.values())
    assert (found("франция"), found("fr"), found("US-HI")) == (["fr"], ["fr"], ["us-hi"])
    assert [plan.plan_id for plan in catalogue.plans_in("FR")] == list(prices)


def test_a_country_that_nothing_covers_any_more_is_not_found(config: Config) -> None:
    stock(config, REGIONAL, TR_3GB)
    stock(config, TR_3GB)
    assert found("франция") == []
    assert [card.code for card in catalogue.areas()] == ["tr"]
    assert catalogue.regional_plans(area("fr")) == []
    assert BundleArea.select().where(BundleArea.area == "fr").count() == 1, "who has bought it can look it up"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/shop/tr", ["/plans/tr-3gb-30d", "/shop/europe-lite", "/shop/global"]),
        ("/shop/fr", ["/shop/europe-lite", "/shop/global"]),
        ("/shop/cyp", ["/shop/europe-lite"]),
        ("/shop/europe-lite", ["/plans/europe-lite-3gb-30d"]),
        ("/?q=Франция", ["/shop/fr"]),
        ("/?q=hawaii", ["/shop/us-hi"]),
        ("/?q=atlantis", ["/shop/xqz"]),
    ],
)
def test_the_pages_show_own_plans_and_those_of_regions(
    config: Config, browser: FlaskClient, path: str, shown: list[str]
) -> None:
    lead()
    stock(config, REGIONAL, WORLD, TR_3GB)
    html = text(browser.get(path))
    places = [html.find(f'href="{link}"') for link in shown]
    assert -1 not in places
    assert places == sorted(places)
    assert html.count('href="/plans/') == len([link for link in shown if "/plans/" in link])


def test_a_region_tells_what_all_its_plans_cover_from_what_only_some_do(config: Config) -> None:
    small = on_sale("small", [LABEL], roaming=[FRANCE, SPAIN], gigabytes=1, price=3)
    stock(config, small, on_sale("large", [LABEL], roaming=[FRANCE, TURKEY], price=7))
    reach = catalogue.reach(area("europe-lite"))
    assert [place.code for place in reach.always] == ["fr"]
    assert [place.code for place in reach.sometimes] == ["es", "tr"]


def test_an_area_without_plans_reaches_nowhere(config: Config) -> None:
    stock(config, REGIONAL)
    assert catalogue.reach(area("tr")) == catalogue.Reach((), ())
