"""Telegram's native parts: what the page asks for, and what it does with the answers."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import Screen
from tests.browser.stand import Stand
from tests.browser.themes import DARK, LIGHT
from tests.stack import until

pytestmark = pytest.mark.browser

PLAN = Screen("plan", "/plans/tr-3gb-30d", "#checkout-plan")
TELEGRAM = """
window.asked = []; window.outcome = 'paid'; window.pressed = 'yes';
window.TelegramWebviewProxy = { postEvent(type, json) {
  const data = JSON.parse(json || '""');
  asked.push([type, data]);
  const answer = (name, about) => setTimeout(() => Telegram.WebView.receiveEvent(name, about));
  if (!window.Telegram) return;
  if (type === 'web_app_open_invoice') answer('invoice_closed', {slug: data.slug, status: outcome});
  if (type === 'web_app_open_popup') answer('popup_closed', {button_id: pressed});
  if (type === 'web_app_request_write_access') answer('write_access_requested', {status: 'allowed'});
  if (type === 'web_app_check_home_screen') answer('home_screen_checked', {status: 'missed'});
}};
"""
OUTCOMES = {"paid": "success", "cancelled": "warning", "failed": "error", "pending": "warning"}


@pytest.fixture
def page(stand: Stand, new_page: Callable[..., Page]) -> Page:
    """A plan, opened in Telegram."""
    page = new_page()
    page.add_init_script(TELEGRAM)
    page.goto(stand.url_of(PLAN, "en", json.dumps(LIGHT)))
    until(lambda: page.evaluate("Boolean(window.simka && simka.app)"), what="Telegram's script")
    return page


def asked(page: Page, kind: str) -> list[Any]:
    """What Telegram was asked for, the oldest first."""
    found: list[Any] = page.evaluate("kind => asked.filter(a => a[0] === kind).map(a => a[1])", kind)
    return found


def put(page: Page, html: str) -> None:
    """As a swap would put it there."""
    page.evaluate("html => { document.querySelector('main').insertAdjacentHTML('beforeend', html); }", html)
    page.evaluate("() => { htmx.process(document.querySelector('main')); simka.sync(); }")


def press(page: Page, what: str) -> None:
    page.evaluate("what => Telegram.WebView.receiveEvent(what)", what)


def test_the_main_button_stands_in_for_the_pages_own(page: Page) -> None:
    shown = asked(page, "web_app_setup_main_button")[-1]
    assert (shown["is_visible"], shown["text"]) == (True, "Pay ⭐ 547")
    expect(page.locator("[data-main-button]")).to_be_hidden()
    press(page, "main_button_pressed")
    expect(page.locator("#orders-status")).to_have_attribute("data-stage", "awaiting_payment", timeout=60_000)
    expect(page.locator("h1")).to_be_focused()


def test_the_back_button_goes_where_the_link_goes(page: Page) -> None:
    assert asked(page, "web_app_setup_back_button")[-1] == {"is_visible": True}
    expect(page.locator(".back")).to_be_hidden()
    press(page, "back_button_pressed")
    expect(page.locator("#shop-area")).to_be_visible()
    press(page, "back_button_pressed")
    expect(page.locator("#checkout-plan")).to_be_visible()


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_each_outcome_of_the_payment_sheet_has_its_words(page: Page, outcome: str) -> None:
    words = "".join(f'<p data-outcome-word="{name}">{name}</p>' for name in OUTCOMES)
    page.evaluate("outcome => { window.outcome = outcome; }", outcome)
    page.evaluate("document.body.addEventListener('invoice', () => { window.heard = true; })")
    put(page, f'{words}<form data-invoice-url="https://t.me/$abc"></form>')
    until(lambda: page.evaluate("Boolean(window.heard)"), what="the word of how it ended")
    seen = page.locator("[data-outcome-word]:visible")
    assert seen.all_text_contents() == [outcome]
    assert asked(page, "web_app_open_invoice") == [{"slug": "abc"}]
    assert asked(page, "web_app_trigger_haptic_feedback")[-1]["notification_type"] == OUTCOMES[outcome]


@pytest.mark.parametrize(("pressed", "sent"), [("yes", 1), ("no", 0)])
def test_a_dangerous_thing_is_asked_in_telegrams_popup(page: Page, pressed: str, sent: int) -> None:
    page.evaluate("pressed => { window.pressed = pressed; }", pressed)
    page.evaluate("Telegram.WebApp.onEvent('popupClosed', () => { window.answered = true; })")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    put(
        page,
        '<button id="sure" hx-get="/healthz" hx-swap="none" hx-confirm="Sure?" data-danger>Delete</button>'
        '<button id="next" hx-get="/healthz?next" hx-swap="none">Next</button>',
    )
    with page.expect_request("**/healthz") if sent else nullcontext():
        page.evaluate("document.getElementById('sure').click()")
        until(lambda: page.evaluate("Boolean(window.answered)"), what="the answer")
    with page.expect_request("**/healthz?next"):
        page.evaluate("document.getElementById('next').click()")
    popup = asked(page, "web_app_open_popup")[0]
    assert popup["message"] == "Sure?"
    assert popup["buttons"][0] == {"id": "yes", "type": "destructive", "text": "Delete"}
    assert sum(url.endswith("/healthz") for url in requests) == sent


def test_whether_the_bot_may_write_is_asked_once(page: Page) -> None:
    assert asked(page, "web_app_request_write_access") == []
    put(page, "<p data-ask-write-access></p>")
    put(page, "")
    assert len(asked(page, "web_app_request_write_access")) == 1


def test_closing_is_guarded_as_long_as_the_page_says_so(page: Page) -> None:
    put(page, '<p id="busy" data-closing-confirmation></p>')
    assert asked(page, "web_app_setup_closing_behavior")[-1] == {"need_confirmation": True}
    page.evaluate("() => { document.getElementById('busy').remove(); simka.sync(); }")
    assert asked(page, "web_app_setup_closing_behavior")[-1] == {"need_confirmation": False}


def test_the_home_screen_is_offered_where_the_shop_is_not_on_it(page: Page) -> None:
    put(page, '<button id="home" data-home-screen hidden>Put it there</button>')
    page.locator("#home").evaluate("button => button.click()")
    assert len(asked(page, "web_app_add_to_home_screen")) == 1
    expect(page.locator("#home")).to_be_visible()


def test_something_good_is_felt_once(page: Page) -> None:
    put(page, '<p data-feedback="success"></p>')
    put(page, "")
    felt = [about.get("notification_type") for about in asked(page, "web_app_trigger_haptic_feedback")]
    assert felt == ["success"]


def test_a_new_theme_is_put_on_at_once(page: Page) -> None:
    page.evaluate(
        "theme => Telegram.WebView.receiveEvent('theme_changed', {theme_params: theme})", dict(DARK)
    )
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(21, 30, 39)"


def test_without_telegrams_script_the_sheet_opens_all_the_same(
    stand: Stand, new_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = new_page()
    page.add_init_script(TELEGRAM)
    page.route("**/telegram-web-app.*.js", lambda route: route.abort())
    page.goto(stand.url_of(PLAN, "en", json.dumps(LIGHT)))
    until(lambda: page.evaluate("Boolean(window.htmx)"), what="htmx")
    assert len(asked(page, "web_app_ready")) == 1
    expect(page.get_by_role("button", name="Pay")).to_be_visible()
    put(page, '<form data-invoice-url="https://t.me/$abc"></form>')
    assert asked(page, "web_app_open_invoice") == [{"slug": "abc"}]
    complaints[:] = [line for line in complaints if "ERR_FAILED" not in line]
