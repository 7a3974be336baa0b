"""Buying and installing, whatever happens on the way and however little of Telegram is there."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import launch_url, saying
from tests.browser.test_looks import framed
from tests.browser.themes import DARK
from tests.stack import PLAN, Stack, Traveller, until

pytestmark = pytest.mark.browser

Screen = Page | FrameLocator


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    """Without the sandbox's bridge: as a page on its own, or as Telegram's web client would have it."""
    page = new_page()
    page.route("**/bridge.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    return page


def at_stage(screen: Screen, stage: str) -> None:
    expect(screen.locator("#orders-status")).to_have_attribute("data-stage", stage, timeout=60_000)


def pays(person: Traveller) -> str:
    """In Telegram's own sheet, which is not ours to test; returns the reference of the order."""
    order = person.order_to_pay()  # the one that is open: a second one is not made
    until(lambda: person.pays(order["invoice_url"]), 60, "the payment")
    return str(order["id"])


def installs(shop: Stack, screen: Screen) -> None:
    """On the phone; the page notices by itself."""
    esim = shop.esimgo("GET", "state")["esims"][-1]
    shop.esimgo("POST", f"esims/{esim['iccid']}/install")
    at_stage(screen, "active")
    expect(screen.locator(".stepper .done")).to_have_count(4)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something that fits has the focus, as somebody without a pointer does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard never gets to {selector}")


def test_with_the_keyboard_alone(shop: Stack, phone: Page, traveller: Callable[..., Traveller]) -> None:
    person = traveller("en")
    phone.goto(launch_url(person, "/"))
    tab_to(phone, "#search")
    phone.keyboard.type("turkey")
    expect(phone.locator("#shop-list .cells a")).to_have_count(1)
    tab_to(phone, "#shop-list .cells a")
    phone.keyboard.press("Enter")
    expect(phone.locator("#shop-area")).to_be_visible()
    tab_to(phone, f"a[href*='/plans/{PLAN}']")
    phone.keyboard.press("Enter")
    expect(phone.locator("#checkout-plan")).to_be_visible()
    tab_to(phone, "[data-main-button]")
    phone.keyboard.press("Enter")
    at_stage(phone, "awaiting_payment")
    pays(person)
    at_stage(phone, "ready")
    tab_to(phone, "summary:has(+ p + .copying)")
    phone.keyboard.press("Enter")
    tab_to(phone, "[data-copy-from^='all-']")
    with saying(phone, "Copied"):
        phone.keyboard.press("Enter")
    installs(shop, phone)


def test_with_telegrams_script_blocked(
    shop: Stack, phone: Page, traveller: Callable[..., Traveller], complaints: list[str]
) -> None:
    person = traveller("ru")
    phone.route("**/telegram-web-app*.js", lambda route: route.abort())
    phone.goto(launch_url(person, f"/plans/{PLAN}"))
    expect(phone.locator("html[lang=ru][data-platform]")).to_be_attached()  # until then Telegram covers it
    phone.get_by_role("button", name="Оплатить").click()
    at_stage(phone, "awaiting_payment")
    pays(person)
    at_stage(phone, "ready")
    phone.get_by_text("Ввести вручную").click()
    code = phone.locator("input[id^='all-']")
    expect(code).to_have_value(shop.esimgo("GET", "state")["esims"][-1]["lpa"])
    installs(shop, phone)
    complaints[:] = [line for line in complaints if "ERR_FAILED" not in line]


def test_in_a_frame_of_telegrams_web_client(
    shop: Stack, phone: Page, traveller: Callable[..., Traveller]
) -> None:
    person = traveller("en")
    phone.add_init_script(
        "window.heard = []; addEventListener('message', event => heard.push(JSON.parse(event.data)))"
    )
    app = framed(phone, launch_url(person, f"/plans/{PLAN}"))
    expect(app.locator("html.native-main #checkout-plan")).to_be_visible(timeout=60_000)
    tell(phone, "main_button_pressed")
    at_stage(app, "awaiting_payment")
    slug = until(lambda: opened_invoice(phone), 10, "the payment sheet")
    pays(person)
    tell(phone, "invoice_closed", slug=slug, status="paid")
    at_stage(app, "ready")
    app.get_by_text("Enter it by hand").click()
    installs(shop, app)


def tell(client: Page, event: str, **data: str) -> None:
    """As Telegram's web client tells the Mini App in its frame."""
    message = json.dumps({"eventType": event, "eventData": data})
    client.evaluate(
        "message => document.getElementById('app').contentWindow.postMessage(message, '*')", message
    )


def opened_invoice(client: Page) -> str:
    slugs = client.evaluate(
        "heard.filter(it => it.eventType === 'web_app_open_invoice').map(it => it.eventData.slug)"
    )
    return str(slugs[0]) if slugs else ""


def test_nothing_is_lost_by_going_back_reloading_reopening_or_switching(
    shop: Stack, phone: Page, new_page: Callable[..., Page], traveller: Callable[..., Traveller]
) -> None:
    person = traveller("en")
    phone.goto(launch_url(person, f"/plans/{PLAN}"))
    phone.get_by_role("button", name="Pay").click()
    at_stage(phone, "awaiting_payment")
    address = phone.url
    phone.reload()
    at_stage(phone, "awaiting_payment")
    phone.go_back()
    expect(phone.locator("#checkout-plan")).to_be_visible()
    phone.go_forward()
    at_stage(phone, "awaiting_payment")
    phone.evaluate("theme => simka.applyTheme(theme)", DARK)
    expect(phone.locator("html[data-scheme=dark] #orders-pay")).to_be_visible()

    path = address.removeprefix(shop.web).split("?")[0]
    again = new_page()
    again.route("**/bridge.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    again.goto(launch_url(person, f"{path}?lang=ru"))
    at_stage(again, "awaiting_payment")
    expect(again.get_by_role("button", name="Оплатить")).to_be_visible()

    assert pays(person) == path.rpartition("/")[2], "one order, however often it was looked at"
    at_stage(again, "ready")
    at_stage(phone, "ready")
    expect(again.locator("h2[data-feedback=success]")).to_have_text("Ваша eSIM готова")

    phone.get_by_text("Enter it by hand").click()
    link = phone.locator("a[data-download]")
    before = link.get_attribute("href") or ""
    shop.advance(61)  # the link to the code is a new one every minute
    expect(link).not_to_have_attribute("href", before, timeout=60_000)
    expect(phone.locator("input[id^='all-']")).to_be_visible()
