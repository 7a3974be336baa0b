"""After a deploy an open page works on, learns that it is old, and is loaded anew when that loses nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.screens import Screen
from tests.browser.stand import Stand
from tests.browser.test_native import TELEGRAM, put
from tests.stack import until

pytestmark = pytest.mark.browser

PLAN = Screen("plan", "/plans/tr-3gb-30d", "#checkout-plan")
NEWER = "0123456789ab"


@pytest.fixture
def page(stand: Stand, new_page: Callable[..., Page]) -> Page:
    """A plan, opened in Telegram, and since then a newer version answers. `window.mark` is gone once the page
    was loaded anew.
    """
    page = new_page()
    page.add_init_script(TELEGRAM.replace("status: outcome", "status: 'cancelled'"))
    page.goto(stand.url_of(PLAN, "en"))
    until(lambda: page.evaluate("Boolean(window.simka && simka.app)"), what="Telegram's script")
    page.evaluate("window.mark = true")
    deploy(page, NEWER)
    return page


def deploy(page: Page, build: str) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers=response.headers | {"x-build": build})

    shop = page.evaluate("location.origin")
    page.route(lambda address: address.startswith(shop) and "/static/" not in address, answer)


def ask(page: Page) -> None:
    """As a poll does."""
    send(page, "GET", "/healthz")


def send(page: Page, method: str, path: str) -> None:
    """Without waiting for what comes of it: the page may be left by then."""
    ajax = "htmx.ajax(method, path, {target: 'body', swap: 'none', values: {do: 'messages'}})"
    page.evaluate(f"([method, path]) => {{ setTimeout(() => {ajax}); }}", [method, path])


def is_loaded_anew(page: Page) -> bool:
    try:
        return bool(page.evaluate("window.mark === undefined && Boolean(window.simka && simka.app)"))
    except Error:  # in between
        return False


def asked_in_vain(page: Page) -> None:
    """Three answers of the newer version later the page is still the old one."""
    for _ in range(3):
        page.evaluate("htmx.ajax('GET', '/healthz', {target: 'body', swap: 'none'})")
    page.wait_for_timeout(300)
    assert page.evaluate("window.mark") is True


def test_an_old_page_is_loaded_anew_at_its_next_request_and_who_is_asking_stays_known(page: Page) -> None:
    page.locator(".back").evaluate("link => link.click()")
    until(lambda: is_loaded_anew(page), what="the new page")
    expect(page.locator("#shop-area")).to_be_visible()
    assert "/shop/tr" in page.url
    assert page.evaluate("simka.initData") != ""


def test_it_is_loaded_once_for_each_version_while_two_answer_in_turns(page: Page) -> None:
    ask(page)
    until(lambda: is_loaded_anew(page), what="the new page")
    page.evaluate("window.mark = true")
    asked_in_vain(page)
    deploy(page, "ba9876543210")
    ask(page)
    until(lambda: is_loaded_anew(page), what="the page of the version after that")


@pytest.mark.parametrize(
    "half",
    [
        '<input id="half" class="field" value="">',
        '<input id="half" type="checkbox">',
        '<dialog id="half"><p>A sheet</p></dialog>',
        '<p id="half" data-closing-confirmation></p>',
    ],
)
def test_what_is_half_done_is_not_lost(page: Page, half: str) -> None:
    put(page, half)
    page.evaluate(
        """() => { const half = document.getElementById('half');
        if (half.type === 'checkbox') half.checked = true; else if (half.showModal) half.showModal();
        else if ('value' in half) half.value = 'typed'; }"""
    )
    asked_in_vain(page)
    page.evaluate("document.getElementById('half').remove()")
    ask(page)
    until(lambda: is_loaded_anew(page), what="the new page")


def test_an_open_payment_sheet_is_not_lost(page: Page) -> None:
    page.evaluate("Telegram.WebApp.openInvoice = (url, closed) => { window.close_sheet = closed; }")
    put(page, '<form data-invoice-url="https://t.me/$abc"></form>')
    asked_in_vain(page)
    page.evaluate("close_sheet('cancelled')")
    ask(page)
    until(lambda: is_loaded_anew(page), what="the new page")


def test_the_answer_to_what_was_sent_is_shown_first(page: Page) -> None:
    with page.expect_response("**/account"):
        send(page, "POST", "/account")
    page.wait_for_timeout(300)
    assert page.evaluate("window.mark") is True
    ask(page)
    until(lambda: is_loaded_anew(page), what="the new page")
