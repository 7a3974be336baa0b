"""The path of a newcomer, in Telegram's window on this machine: search, pay, install, use."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import FrameLocator, Page, expect

from tests.stack import Stack, until

pytestmark = pytest.mark.browser

AGAIN = ("tap Pay again", "нажмите «Оплатить» ещё раз")


def codes_on(page: Page) -> list[str]:
    """What a camera would read from the screen."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def issued(shop: Stack) -> dict[str, Any]:
    return dict(shop.esimgo("GET", "state")["esims"][-1])


def pay(page: Page) -> None:
    """In the sheet, as a person does: "tap Pay again" is obeyed, any other refusal is not expected."""

    def is_paid() -> bool:
        page.locator("#pay-confirm").click()
        expect(page.locator("#pay-confirm.progress")).to_have_count(0)
        refusal = page.locator("#pay-error:visible").all_text_contents()
        assert all(any(words in text for words in AGAIN) for text in refusal), refusal
        return not refusal

    until(is_paid, 60, "the payment")


def buy_in_window(page: Page, app: FrameLocator) -> None:
    expect(app.locator("html[lang=ru]")).to_be_attached()  # until then Telegram covers the page
    app.locator("#search").fill("турция")
    app.locator("a.cell").filter(has_text="Турция").first.click()
    app.locator("a.cell").filter(has_text="3 ГБ").first.click()
    expect(app.locator("h1")).to_contain_text("Турция")
    page.locator("#main-button").click()
    pay(page)
    expect(app.locator("#orders-status")).to_have_attribute("data-stage", "ready", timeout=60_000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_search_to_being_connected(shop: Stack, new_page: Callable[..., Page], theme: str) -> None:
    page = new_page(width=1280, height=900)
    page.goto(f"{shop.window}/?user=1001&lang=ru&theme={theme}&platform=ios")
    app = page.frame_locator("#app-frame")
    buy_in_window(page, app)

    esim = issued(shop)
    app.locator("img.qr").scroll_into_view_if_needed()
    assert esim["lpa"] in codes_on(page)

    app.locator("nav.tabs a").nth(1).click()
    app.get_by_role("button", name="Активировать").first.click()
    app.get_by_role("link", name="Установить на этот iPhone").click()
    page.locator("#install-confirm").click()
    until(lambda: issued(shop)["profileStatus"] == "Installed", what="the installation")
    shop.esimgo("POST", f"esims/{esim['iccid']}/use", {"mb": 500})

    card = app.locator("article").first
    expect(card).to_contain_text("Используется", timeout=60_000)
    expect(card).to_contain_text("2,5 ГБ из 3 ГБ")
    expect(card).to_contain_text("до ")
    app.locator("nav.tabs a").nth(2).click()
    expect(app.locator("#esims-current")).to_contain_text("2,5 ГБ из 3 ГБ")
    expect(app.locator("#esims-current")).to_contain_text(esim["iccid"])


def test_the_pay_button_goes_away_once_paid(shop: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page(width=1280, height=900)
    page.goto(f"{shop.window}/?user=1002&lang=ru&theme=light&platform=android")
    buy_in_window(page, page.frame_locator("#app-frame"))
    expect(page.locator("#main-button")).to_be_hidden()


def test_a_cancelled_payment_can_be_taken_up_again(shop: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page(width=1280, height=900)
    page.goto(f"{shop.window}/?user=1003&lang=en&theme=light&platform=ios&path=/plans/tr-1gb-7d")
    app = page.frame_locator("#app-frame")
    page.locator("#main-button").click()
    page.locator("#pay-cancel").click()
    expect(app.locator("#orders-status")).to_have_attribute("data-stage", "awaiting_payment")
    page.locator("#main-button").click()
    pay(page)
    expect(app.locator("#orders-status")).to_have_attribute("data-stage", "ready", timeout=60_000)
