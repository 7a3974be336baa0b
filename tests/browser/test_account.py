"""The account under somebody's fingers: what changes stays under them, and what is lost is found again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser import accounts
from tests.browser.conftest import saying
from tests.browser.stand import Stand
from webapp.models import Customer, EmailAddress

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand")]

OPENED = Callable[..., Page]
INSIDE = "window.TelegramWebviewProxy = { postEvent() {} }"
"""Telegram's own side, silent: enough for its script to believe that it is there."""


@pytest.fixture
def person(stand: Stand, request: pytest.FixtureRequest) -> Customer:
    """Somebody with purchases and an address, for this test alone."""
    with stand.filling():
        customer = stand.customer(request.node.name)
        accounts.with_purchases(customer)
    return customer


@pytest.fixture
def opened(stand: Stand, person: Customer, new_page: Callable[..., Page]) -> OPENED:
    def open_at(path: str, language: str = "en", page: Page | None = None) -> Page:
        page = page or new_page()
        page.goto(stand.launch_url(path, user=person.telegram_user_id, language=language))
        expect(page.locator(f"html[lang={language}]")).to_be_attached()  # the first page gives way to it
        return page

    return open_at


def test_a_switch_keeps_the_focus_says_so_and_stays_where_it_was_put(opened: OPENED) -> None:
    page = opened("/account")
    switch = page.get_by_role("switch", name="On the way")
    switch.focus()
    with saying(page, "Saved."):
        page.keyboard.press("Space")
    expect(switch).to_be_focused()
    page.reload()
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("switch", name="Money back")).to_be_checked()


def test_when_what_was_pressed_is_gone_one_goes_on_from_the_heading(
    opened: OPENED, stand: Stand, person: Customer
) -> None:
    page = opened("/account")
    page.locator("#account-no-mail").press("Enter")
    expect(page.locator("#account-address")).to_be_visible()
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_focused()
    with stand.filling():
        assert EmailAddress.get_or_none(EmailAddress.customer == person) is None


def test_a_mistyped_address_is_named_beside_its_field(opened: OPENED) -> None:
    page = opened("/account")
    page.locator("#account-no-mail").click()
    page.locator("#account-address").fill("ann@example")
    page.get_by_role("button", name="Send me a code").click()
    field = page.locator("#account-address")
    expect(field).to_have_accessible_description(
        "This does not look like an e-mail address. Please check it."
    )
    expect(page.get_by_role("alert")).to_be_visible()


def test_another_language_is_spoken_by_the_whole_page_and_stays(opened: OPENED) -> None:
    page = opened("/account")
    page.get_by_role("button", name="Русский").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("nav.tabs")).to_contain_text("Магазин")
    page.locator("nav.tabs a").first.click()
    expect(page.locator("#shop-list")).to_contain_text("Турция")


def test_telegrams_settings_open_the_account(opened: OPENED, new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.add_init_script(INSIDE)
    opened("/help", page=page)
    page.wait_for_function("window.simka.app")
    page.evaluate("Telegram.WebView.receiveEvent('settings_button_pressed')")
    expect(page.locator("#account-show")).to_be_visible()


def test_data_is_deleted_only_after_being_asked_twice(
    stand: Stand, new_page: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    with stand.filling():
        customer = stand.customer(request.node.name)
    page = new_page()
    page.goto(stand.launch_url("/account", user=customer.telegram_user_id, language="en"))
    page.get_by_role("link", name="Delete my data").click()
    answers = iter((Dialog.dismiss, Dialog.accept))
    page.on("dialog", lambda asked: next(answers)(asked))
    for gone in (0, 1):
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_role("heading", name="Your data is deleted")).to_have_count(gone)
    with stand.filling():
        assert Customer.get_or_none(Customer.telegram_user_id == customer.telegram_user_id) is None


def test_a_page_that_does_not_come_says_so_and_comes_by_itself(
    opened: OPENED, new_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = new_page()

    def lose(route: Route) -> None:
        route.abort() if "hx-request" in route.request.headers else route.continue_()

    page.route("**/account*", lose)
    opened("/account", page=page)
    expect(page.get_by_role("heading", name="Nothing comes through")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/account*")
    expect(page.locator("#account-show")).to_be_visible()
    complaints[:] = [
        line for line in complaints if "ERR_FAILED" not in line and "Failed to fetch" not in line
    ]
