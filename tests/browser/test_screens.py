"""Every screen in both themes and languages: nothing that a screen reader or a weak eye trips over."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COLOURS, Held, launch_url, violations
from tests.flows.test_topup import esim_of, tops_up
from tests.stack import PLAN, Stack, Traveller

pytestmark = pytest.mark.browser

EITHER_WAY = pytest.mark.parametrize(("language", "scheme"), [("ru", "dark"), ("en", "light")])
"""Of the person, and of the phone. What it shows is looked at in the other theme too."""
IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def look(page: Page, address: str, marker: str, language: str) -> None:
    """Where the address names no language the first page gives way to one in the customer's."""
    page.goto(address)
    expect(page.locator(f"html[lang={language}] {marker}")).to_be_visible(timeout=60_000)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "the page scrolls sideways"
    seen_on, is_dark = page.evaluate(BACKGROUND), page.evaluate(IS_DARK)
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    assert page.evaluate(BACKGROUND) != seen_on
    assert violations(page, *COLOURS) == [], "in the other theme"
    page.emulate_media(color_scheme="dark" if is_dark else "light")


@EITHER_WAY
def test_personal_screens(
    traveller: Callable[..., Traveller], new_page: Callable[..., Page], language: str, scheme: str
) -> None:
    person = traveller(language)
    page = new_page(scheme=scheme)
    look(page, launch_url(person, "/esims"), "#esims-list .placeholder", language)
    look(page, launch_url(person, "/esims/current"), "#esims-current .placeholder", language)
    waiting = person.order("tr-1gb-7d")
    look(page, launch_url(person, f"/orders/{waiting['id']}"), "#orders-pay", language)
    reference = person.buy()
    person.reaches(reference, "ready")
    look(page, launch_url(person, f"/orders/{reference}"), ".qr", language)
    look(page, launch_url(person, "/esims"), "#esims-list article", language)
    look(page, launch_url(person, "/esims/current"), "#esims-detail", language)
    look(
        page,
        launch_url(person, f"/esims/{esim_of(person, reference)}/topup"),
        "#esims-topup:not([hx-get])",
        language,
    )
    top_up = tops_up(person, esim_of(person, reference))
    person.reaches(top_up, "ready")
    look(page, launch_url(person, f"/orders/{top_up}"), "#orders-status", language)
    look(page, launch_url(person, f"/esims/{esim_of(person, reference)}"), "#esims-detail", language)


@EITHER_WAY
def test_a_failed_order(
    shop: Stack,
    traveller: Callable[..., Traveller],
    new_page: Callable[..., Page],
    language: str,
    scheme: str,
) -> None:
    person = traveller(language)
    reference = person.buy_into("400")
    person.reaches(reference, "failed")
    look(new_page(scheme=scheme), launch_url(person, f"/orders/{reference}"), "#orders-status h2", language)


def test_outside_telegram_a_personal_page_says_what_to_do(
    shop: Stack, new_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = new_page()
    look(page, f"{shop.web}/esims?lang=ru", "#page-error", "ru")
    expect(page.locator("#page-error")).to_contain_text("Откройте магазин из Telegram")
    assert all("401" in line for line in complaints)
    complaints.clear()


def test_the_page_paints_and_sells_without_telegrams_script(
    traveller: Callable[..., Traveller], new_page: Callable[..., Page], complaints: list[str]
) -> None:
    """Blocked or slow: initData comes from the address, and an HTML button does what the native one would."""
    person = traveller("en")
    page = new_page()
    page.route("**/telegram-web-app.*.js", lambda route: route.abort())
    page.goto(launch_url(person, f"/plans/{PLAN}"))
    assert "tgWebAppData" not in page.url
    page.get_by_role("button", name="Pay").click()
    expect(page.locator("#orders-status")).to_have_attribute("data-stage", "awaiting_payment")
    complaints[:] = [line for line in complaints if "ERR_FAILED" not in line]


def test_what_is_typed_before_the_scripts_come_is_searched(
    shop: Stack, new_page: Callable[..., Page]
) -> None:
    page = new_page()
    scripts = Held(page, "**/shop.*.js")
    page.goto(f"{shop.web}/?lang=en", wait_until="commit")
    page.locator("#search").fill("istanbul")
    scripts.let_go()
    expect(page.locator("a.cell").filter(has_text="Türkiye")).to_be_visible()
    expect(page.locator("#search")).to_have_value("istanbul")


def test_what_is_pressed_before_the_scripts_come_is_done(
    traveller: Callable[..., Traveller], new_page: Callable[..., Page]
) -> None:
    page = new_page()
    scripts = Held(page, "**/shop.*.js")
    page.goto(launch_url(traveller("en"), f"/plans/{PLAN}"), wait_until="commit")
    expect(page.locator("html[data-platform=ios]")).to_be_attached()  # until then Telegram covers the page
    page.get_by_role("button", name="Pay").click()
    scripts.let_go()
    expect(page.locator("#orders-status")).to_have_attribute("data-stage", "awaiting_payment")
