"""The window in a real browser: a small Mini App with Telegram's own script inside it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.sandbox.esimgo import Provider
from tests.sandbox.esimgo import running as running_esimgo
from tests.sandbox.telegram import ANNA, SCRIPT, Stage, agree, decline, running

MINI_APP = """<!doctype html><html><head><meta charset="utf-8">
<script src="BRIDGE/bridge.js"></script><script src="/telegram-web-app.js"></script></head>
<body><p id="theme"></p><p id="user"></p><p id="log"></p><script>
const app = Telegram.WebApp, log = (text) => document.getElementById("log").append(text + ";");
const show = () => document.getElementById("theme").textContent = app.colorScheme + " " + app.platform;
document.getElementById("user").textContent = app.initDataUnsafe.user.first_name + " "
  + app.initDataUnsafe.user.language_code;
app.onEvent("themeChanged", show); show();
app.ready(); app.BackButton.show(); app.SettingsButton.show(); app.enableClosingConfirmation();
app.BackButton.onClick(() => log("back"));
app.SettingsButton.onClick(() => log("settings"));
app.MainButton.setParams({text: "Pay", is_visible: true});
app.MainButton.onClick(() => app.openInvoice("INVOICE", (status) => log(status)));
app.SecondaryButton.setParams({text: "Ask", is_visible: true});
app.SecondaryButton.onClick(() => app.showConfirm("Sure?", (yes) => log("sure " + yes)));
</script></body></html>"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_esimgo() as provider:
        yield provider


@pytest.fixture
def stage(provider: Provider) -> Iterator[Stage]:
    with running(esimgo_url=f"http://127.0.0.1:{provider.port}") as stage:
        stage.connect()
        page = MINI_APP.replace("BRIDGE", stage.url).replace("INVOICE", stage.invoice(385))
        stage.shop.pages["/"] = ("text/html", page.encode())
        stage.shop.pages["/telegram-web-app.js"] = ("text/javascript", SCRIPT.read_bytes())
        yield stage


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page: Page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    seen = list(broken)  # before closing, which cuts off scripts that are still loading
    context.close()
    assert seen == []


def open_window(
    page: Page, stage: Stage, query: str = "user=1001&lang=ru&theme=light&platform=ios"
) -> FrameLocator:
    page.goto(f"{stage.url}/?{query}")
    app = page.frame_locator("#app-frame")
    expect(app.locator("#user")).not_to_be_empty()
    return app


@pytest.mark.browser
def test_a_payment_in_the_window_reaches_the_mini_app_and_the_chat(page: Page, stage: Stage) -> None:
    app = open_window(page, stage)
    expect(app.locator("#user")).to_have_text("Анна ru")
    expect(page.locator("#main-button")).to_have_text("Pay")

    page.click("#main-button")
    expect(page.locator("#pay-confirm")).to_contain_text("385")
    page.click("#pay-confirm")

    expect(app.locator("#log")).to_have_text("paid;")
    expect(page.locator("#chat")).to_contain_text("Вы заплатили ⭐ 385")
    assert stage.stars() == 100_000 - 385


@pytest.mark.browser
def test_a_declined_payment_shows_the_shops_words_and_can_be_left(page: Page, stage: Stage) -> None:
    stage.shop.react = decline("Tap Pay again")
    app = open_window(page, stage)
    page.click("#main-button")
    page.click("#pay-confirm")
    expect(page.locator("#pay-error")).to_contain_text("Tap Pay again")
    page.click("#pay-cancel")
    expect(app.locator("#log")).to_have_text("failed;")

    stage.shop.react = agree
    page.click("#main-button")
    page.click("#pay-cancel")
    expect(app.locator("#log")).to_have_text("failed;cancelled;")
    assert stage.stars() == 100_000


@pytest.mark.browser
def test_native_buttons_each_do_their_thing_exactly_once(page: Page, stage: Stage) -> None:
    app = open_window(page, stage)
    page.click("#back-button")
    page.click("#menu-button")
    page.click("#settings-item")
    page.click("#secondary-button")
    page.click("[data-testid=popup-ok]")
    expect(app.locator("#log")).to_have_text("back;settings;sure true;")


@pytest.mark.browser
def test_theme_changes_live_and_platform_and_person_by_opening_again(page: Page, stage: Stage) -> None:
    app = open_window(page, stage)
    page.click("#back-button")
    page.click("#theme-switch [data-value=dark]")
    expect(app.locator("#theme")).to_have_text("dark ios")
    expect(app.locator("#log")).to_have_text("back;")

    page.click("#platform-switch [data-value=android]")
    expect(app.locator("#theme")).to_have_text("dark android")
    expect(app.locator("#log")).to_have_text("")
    page.select_option("#user-switch", "1002")
    expect(app.locator("#user")).to_have_text("John en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert "user=1002&lang=en&theme=dark&platform=android" in page.url


@pytest.mark.browser
def test_the_chat_shows_what_the_bot_sends_and_its_buttons_work(page: Page, stage: Stage) -> None:
    open_window(page, stage)
    page.fill("#chat-input", "/start")
    page.click("#chat-send")
    expect(page.locator("#chat .mine")).to_contain_text("/start")

    keyboard = [[{"text": "Order", "web_app": {"url": f"{stage.shop_url}/?order=7"}}]]
    stage.call("sendMessage", chat_id=ANNA, text="<b>Ready</b> &amp; waiting",
               parse_mode="HTML", reply_markup={"inline_keyboard": keyboard})  # fmt: skip
    expect(page.locator("#chat b")).to_have_text("Ready")
    page.click("#chat >> text=Order")
    page.wait_for_function("document.getElementById('app-frame').src.includes('?order=7#tgWebAppData=')")


@pytest.mark.browser
def test_a_one_tap_link_installs_the_esim_on_this_phone(page: Page, stage: Stage, provider: Provider) -> None:
    provider.buy()
    esim = provider.state()["esims"][0]
    app = open_window(page, stage)
    carried = f"LPA:1%24{esim['smdpAddress']}%24{esim['matchingId']}"
    link = f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata={carried}"
    app.locator("body").evaluate("(_, link) => Telegram.WebApp.openLink(link)", link)
    page.click("#install-confirm")
    expect(page.locator("#esims .chip.good")).to_be_visible()
    assert provider.state()["esims"][0]["profileStatus"] == "Installed"


@pytest.mark.browser
def test_closing_asks_first_when_the_mini_app_wants_it(page: Page, stage: Stage) -> None:
    open_window(page, stage)
    page.click("#menu-button")
    page.click("#close-item")
    page.click("[data-testid=leave-no]")
    expect(page.locator("#app-frame")).to_be_visible()
    page.click("#menu-button")
    page.click("#close-item")
    page.click("[data-testid=leave-yes]")
    expect(page.locator("#open-app")).to_be_visible()
    page.click("#open-app")
    expect(page.frame_locator("#app-frame").locator("#user")).to_have_text("Анна ru")


@pytest.mark.browser
def test_the_bridge_leaves_a_page_without_a_window_alone(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.shop_url}/#tgWebAppData=user%3D%257B%2522first_name%2522%253A%2522Solo%2522%257D")
    assert page.evaluate("window.TelegramWebviewProxy") is None


@pytest.mark.browser
def test_the_mini_app_asks_before_the_bot_may_write(page: Page, stage: Stage) -> None:
    stage.control("GET", f"init-data?user_id={ANNA}&allows_write_to_pm=false")
    app = open_window(page, stage)
    ask = "Telegram.WebApp.requestWriteAccess((allowed) => log('writing ' + allowed))"
    app.locator("body").evaluate(ask)
    page.click("[data-testid=write-access-no]")
    expect(app.locator("#log")).to_have_text("writing false;")
    app.locator("body").evaluate(ask)
    page.click("[data-testid=write-access-yes]")
    expect(app.locator("#log")).to_have_text("writing false;writing true;")
    stage.call("sendMessage", chat_id=ANNA, text="thanks")


@pytest.mark.browser
def test_on_a_narrow_screen_phone_chat_and_panel_take_turns(page: Page, stage: Stage) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_window(page, stage)
    expect(page.locator("#chat")).to_be_hidden()
    page.click("[data-testid=tab-chat]")
    expect(page.locator("#chat-input")).to_be_visible()
    expect(page.locator("#app-frame")).to_be_hidden()
    page.click("[data-testid=tab-phone]")
    expect(page.locator("#clock-now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
