"""The merchant at work on a phone: asked before what costs, and shown what would change."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import desk
from tests.browser.conftest import saying, violations
from tests.browser.stand import Stand
from webapp.models import AdminEvent, Order, Refund
from webapp.state import switches

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stand")]

OPENED = Callable[..., Page]


@pytest.fixture
def opened(stand: Stand, new_page: Callable[..., Page]) -> OPENED:
    def open_at(path: str, language: str = "en") -> Page:
        page = new_page()
        page.goto(stand.launch_url(path, user=desk.SHOPKEEPER, language=language))
        expect(page.locator(f"html[lang={language}]")).to_be_attached()  # the first page gives way to it
        return page

    return open_at


@pytest.fixture
def stuck(stand: Stand, request: pytest.FixtureRequest) -> str:
    """The address of an order that does not get on, for this test alone."""
    with stand.filling():
        return desk.lost_order(stand.customer(request.node.name))


def test_what_costs_is_asked_first_and_done_once(opened: OPENED, stand: Stand, stuck: str) -> None:
    page = opened(stuck)
    page.get_by_text("Other ways").click()
    refund = page.get_by_role("button", name="Refund, and keep what comes")
    page.once("dialog", lambda dialog: dialog.dismiss())
    refund.click()
    expect(refund).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    with saying(page, "Done, and written down."):
        refund.press("Enter")
    expect(page.locator("ol")).to_contain_text(f"unknown → failed (admin {desk.SHOPKEEPER})")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    with stand.filling():
        order = Order.get(Order.reference == stuck.rpartition("/")[2])
        assert (order.stage, Refund.select().where(Refund.reason == "owner").count()) == ("failed", 1)
        assert AdminEvent.get(AdminEvent.subject == order.reference).action == "order.stock"


def test_an_order_is_found_while_one_types_and_one_comes_back_to_the_search(
    opened: OPENED, stuck: str
) -> None:
    page = opened("/admin/orders")
    page.get_by_role("searchbox").fill(stuck.rpartition("/")[2])
    page.keyboard.press("Enter")
    (found,) = [page.locator("#admin-orders .cells a")]
    expect(found).to_have_count(1)
    found.click()
    expect(page.locator("#admin-order")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value(stuck.rpartition("/")[2])


@pytest.mark.parametrize(
    ("language", "show"), [("en", "Show what it changes"), ("ru", "Показать, что изменится")]
)
def test_prices_are_shown_before_they_are_set(opened: OPENED, language: str, show: str) -> None:
    page = opened("/admin/prices", language)
    page.locator("#rule-scope").select_option("area")
    page.locator("#rule-target").fill("be")
    page.locator("#rule-markup").fill("90")
    page.get_by_role("button", name=show).click()
    expect(page.locator("#admin-preview")).to_be_visible()
    expect(page.locator("#rule-markup")).to_have_value("90")
    assert violations(page) == []


def test_a_switch_is_turned_off_and_on_by_hand(opened: OPENED, stand: Stand) -> None:
    page = opened("/admin/switches")
    row = page.locator("form", has_text="Messages to customers")
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Switch off").click()
    expect(row.get_by_role("button", name="Switch on")).to_be_visible()
    with stand.filling():
        assert switches.is_off(switches.MESSAGES)
    row.get_by_role("button", name="Switch on").click()
    expect(row.get_by_role("button", name="Switch off")).to_be_visible()


def test_from_the_account_everything_is_reached_by_taps(opened: OPENED) -> None:
    page = opened("/account")
    page.get_by_role("link", name="Run the shop").click()
    for name, marker in (
        ("Reports", "#admin-sales"),
        ("Orders", "#admin-orders"),
        ("Prices and catalogue", "#admin-prices"),
        ("Switches", "#admin-switches"),
        ("Check-up", "#admin-check"),
        ("Who has done what", "#admin-log"),
    ):
        page.locator("#admin-overview").get_by_role("link", name=name).last.click()
        expect(page.locator(marker)).to_be_visible()
        page.get_by_role("link", name="Your shop").click()
        expect(page.locator("#admin-overview")).to_be_visible()
