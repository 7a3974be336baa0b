"""What the shop's own pages say: places, plans compared, and what a plan is before it is paid for."""

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import Person, text
from tests.shop.factories import (
    STRANGER,
    make_area,
    make_bundle,
    make_customer,
    make_order,
    make_plan,
)
from webapp.models import BundleArea, Plan
from webapp.views import shop

TELEGRAM = "Mozilla/5.0 (Linux; Android 14) Telegram-Android/11.3.3 (%s; Android 14; SDK 34; HIGH)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"


def sell(
    area: str = "tr",
    gigabytes: int | None = 3,
    days: int = 30,
    stars: int = 453,
    tier: str = "",
) -> Plan:
    size = f"{gigabytes}gb" if gigabytes else f"unlimited-{tier}"
    plan_id = f"{area}-{size}-{days}d"
    data = {"data_mb": gigabytes and gigabytes * 1000, "tier": tier}
    country = len(area) == 2
    bundle = make_bundle(
        f"esim_{plan_id}", duration_days=days, unlimited=not gigabytes, speeds="4G, 5G", **data
    )
    place = make_area(area, area.title(), country=country)
    BundleArea.create(bundle=bundle, area=place, role="base")
    if not country:
        BundleArea.create(bundle=bundle, area=make_area(), role="roaming")
    kind = "standard" if gigabytes else "unlimited"
    return make_plan(plan_id, area=place, bundle=bundle, plan_type=kind, days=days, stars=stars, **data)


# --- the list of places


def test_the_first_forty_countries_come_at_once_and_the_rest_on_demand(
    shelves: None, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "FIRST_ROWS", 2)
    for code in ("de", "es", "fr", "it"):
        sell(code)
    first, rest = text(browser.get("/")), text(browser.get("/countries"))
    assert "Show 3 more countries" in first
    listed = first.split('id="shop-countries"')[1]
    assert ("Germany" in rest, "Türkiye" in rest) == (True, True)
    assert ("France" in listed, "Italy" in listed, "Spain" in listed) == (True, False, False)
    assert "more countr" not in rest


def test_a_place_that_is_not_for_sale_is_named_with_what_lies_nearby(
    shelves: None, browser: FlaskClient
) -> None:
    sell("kr")
    html = text(browser.get("/?q=pyongyang"))
    assert "North Korea: not on sale yet" in html
    assert 'href="/shop/kr' in html


# --- what was bought last


def test_what_was_bought_last_stands_on_top_for_its_buyer_alone(
    shelves: None, owner: Person, stranger: Person
) -> None:
    paid_twice = sell("fr", 5)
    for plan_id in (paid_twice.plan_id, "tr-3gb-30d", paid_twice.plan_id):
        make_order("ready", plan_id=plan_id)
    make_order("awaiting_payment", plan_id=sell("it").plan_id)
    make_order("ready", plan_id="xx-gone-1d")
    html = text(owner.get("/recent"))
    assert html.count('<a class="tile"') == 2
    assert html.index("France") < html.index("Türkiye")
    assert "Italy" not in html
    make_customer(STRANGER)
    assert '<a class="tile"' not in text(stranger.get("/recent"))


# --- an area


def test_plans_are_compared_and_only_the_best_is_marked(database: None, browser: FlaskClient) -> None:
    sell(gigabytes=1, days=7, stars=100)
    sell(gigabytes=10, stars=300)
    html = text(browser.get("/shop/tr"))
    assert (html.count("best value"), html.count("cheapest")) == (1, 1)
    assert ("⭐ 100 per GB" in html, "⭐ 30 per GB" in html) == (True, True)


def test_unlimited_plans_say_how_fast_they_stay(database: None, browser: FlaskClient) -> None:
    sell()
    for tier, stars in (("lite", 100), ("plus", 200)):
        sell(gigabytes=None, days=5, stars=stars, tier=tier)
    html = text(browser.get("/shop/tr"))
    assert "Full speed for 1 GB in every 24 hours, then 512 kbit/s" in html
    assert "Full speed for 2 GB in every 24 hours, then 2 Mbit/s" in html
    assert html.index("Unlimited Lite") < html.index("Unlimited Plus")
    assert "⭐ 20 per day" in html


def test_a_region_that_is_cheaper_by_the_gigabyte_is_offered(database: None, browser: FlaskClient) -> None:
    sell(gigabytes=3, stars=300)
    sell("europe", gigabytes=3, stars=150)
    html = text(browser.get("/shop/tr"))
    assert "50 % less per GB" in html
    assert 'href="/plans/europe-3gb-30d' in html


def test_a_region_that_is_dearer_is_not(database: None, browser: FlaskClient) -> None:
    sell(gigabytes=3, stars=300)
    sell("europe", gigabytes=3, stars=400)
    html = text(browser.get("/shop/tr"))
    assert "less per GB" not in html
    assert 'href="/shop/europe' in html


# --- a plan


@pytest.mark.parametrize(
    ("agent", "says"),
    [
        (IPHONE, "iPhone supports eSIM"),
        (TELEGRAM % "Google Pixel 8", "supports eSIM"),
        (TELEGRAM % "Acme Zed 1", "We cannot tell whether Acme Zed 1 supports eSIM"),
        ("curl", "We cannot tell which phone the eSIM is for"),
        (TELEGRAM % "<script>alert(1)</script>", "&lt;script&gt;"),
    ],
)
def test_a_plan_says_whether_this_phone_takes_it(
    shelves: None, browser: FlaskClient, agent: str, says: str
) -> None:
    answer = browser.get("/plans/tr-3gb-30d", headers={"User-Agent": agent})
    assert says in text(answer)
    assert "User-Agent" in answer.headers["Vary"]


def test_a_plan_for_a_country_with_a_double_says_so(database: None, browser: FlaskClient) -> None:
    html = text(browser.get(f"/plans/{sell('at').plan_id}"))
    assert "Check the country: Austria (Europe, Vienna), not Australia" in html
    assert "Check the country" not in text(browser.get(f"/plans/{sell('tr').plan_id}"))
