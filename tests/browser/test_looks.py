"""Every screen on the list, in both languages and themes and at three widths: readable, complete, quiet."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import COLOURS, violations
from tests.browser.screens import SCREENS, Screen
from tests.browser.stand import Stand
from tests.browser.themes import DARK, LIGHT, ODD

pytestmark = [pytest.mark.browser, pytest.mark.long]

WIDTHS = (360, 390, 768)
CLOSELY = [screen for screen in SCREENS if not screen.further]
FURTHER = [screen for screen in SCREENS if screen.further]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("screen", CLOSELY, ids=lambda screen: screen.name)
def test_a_screen_is_readable_and_fits(
    stand: Stand, new_page: Callable[..., Page], complaints: list[str], screen: Screen, language: str
) -> None:
    """Words do not change colours, so each theme is looked at in one of the languages. Labels are words: axe
    reads them in both.
    """
    theme, others = (LIGHT, ODD) if language == "en" else (DARK, {})
    page = new_page()
    page.goto(stand.url_of(screen, language, json.dumps(theme)))
    expect(page.locator(screen.marker).first).to_be_visible(timeout=60_000)
    assert page.locator("html").get_attribute("lang") == language
    assert violations(page) == []
    for name, other in others.items():
        page.evaluate("theme => simka.applyTheme(theme)", other)
        assert violations(page, *COLOURS) == [], name
    assert scrolls_sideways(page) == []
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert scrolls_sideways(page) == [], "with letters twice as large"
    forgive(complaints, screen)


@pytest.mark.parametrize(("language", "theme", "turn"), [("en", LIGHT, 0), ("ru", DARK, 1)])
def test_further_stages_are_readable_and_fit(
    stand: Stand,
    new_page: Callable[..., Page],
    complaints: list[str],
    language: str,
    theme: dict[str, str],
    turn: int,
) -> None:
    """Each fits in both languages. They are made of what is looked at closely above, so axe looks at each of
    them once, at every second one in either language.
    """
    page = new_page()
    for number, screen in enumerate(FURTHER):
        page.goto("about:blank")  # the next address may differ in its fragment alone
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(stand.url_of(screen, language, json.dumps(theme)))
        expect(page.locator(screen.marker).first).to_be_visible(timeout=60_000)
        assert number % 2 != turn or violations(page) == [], screen.name
        assert scrolls_sideways(page) == [], screen.name
        forgive(complaints, screen)


def scrolls_sideways(page: Page) -> list[int]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(width)
    return found


def forgive(complaints: list[str], screen: Screen) -> None:
    """The browser complains of every answer that is no success; this one was meant to be none."""
    if screen.status != 200:
        complaints[:] = [line for line in complaints if str(screen.status) not in line]


def test_every_screen_is_quiet_in_a_frame(
    stand: Stand, new_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = new_page()
    for screen in (screen for screen in CLOSELY if not screen.outside):
        app = framed(page, stand.url_of(screen, "en", json.dumps(DARK)))
        expect(app.locator(screen.marker).first).to_be_visible(timeout=60_000)
        forgive(complaints, screen)
        assert complaints == [], screen.name


def framed(page: Page, address: str) -> FrameLocator:
    """In a frame of Telegram's web client, with the sandbox that the client puts around it."""
    allow = "allow-scripts allow-same-origin allow-popups allow-forms allow-modals"
    frame = f'<iframe id="app" width="390" height="700" sandbox="{allow}" src="{address}"></iframe>'
    html = f"<!doctype html><title>Web A</title>{frame}"
    client = "https://web.telegram.org/a/"
    page.unroute(client)
    page.route(client, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.context.grant_permissions(["local-network-access"], origin="https://web.telegram.org")
    page.goto(client)
    return page.frame_locator("#app")
