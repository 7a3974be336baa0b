"""A real Chromium at phone width, in front of the running shop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.stand import NOWHERE, Stand, standing
from tests.stack import Traveller, until

AXE = Axe()
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe that another theme may break: words and their order stay as they are."""
expect.set_options(timeout=30_000)  # milliseconds; a busy machine is slow
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: blocked by the CSP, not found, an exception in a script."""
    return []


@pytest.fixture
def new_page(chromium: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """A fresh page; the test fails when the browser complains about anything on it."""
    pages: list[Page] = []

    def make(*, width: int = PHONE["width"], height: int = PHONE["height"], scheme: str = "light") -> Page:
        page = chromium.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.route(
            f"{NOWHERE}/bridge.js", lambda route: route.fulfill(body="", content_type="text/javascript")
        )
        pages.append(page)
        return page

    yield make
    for page in pages:
        page.close()
    assert complaints == []


HEAR = """() => {
  window.said = [];
  const hear = () => said.push(document.getElementById('toast').textContent);
  new MutationObserver(hear).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@contextmanager
def saying(page: Page, words: str) -> Iterator[None]:
    """In here the page says so in passing; how late one looks does not matter, though it is soon gone."""
    page.evaluate(HEAR)
    yield
    until(lambda: words in page.evaluate("window.said"), what=words)


class Held:
    """What the page asks for at such an address waits for its answer until it is let go."""

    def __init__(self, page: Page, address: str) -> None:
        self._page, self._address = page, address
        self._asked: list[Route] = []
        page.route(address, lambda route: self._asked.append(route))

    def let_go(self) -> None:
        until(self._is_asked, what=f"the request for {self._address}")
        self._page.unroute(self._address)
        for route in self._asked:
            route.continue_()

    def _is_asked(self) -> bool:
        self._page.wait_for_timeout(10)  # in here Playwright hears of it
        return bool(self._asked)


def launch_url(traveller: Traveller, path: str = "/") -> str:
    """The Mini App as Telegram opens it: launch parameters in the fragment."""
    launch = {
        "tgWebAppData": traveller.headers["Authorization"].removeprefix("tma "),
        "tgWebAppVersion": "9.1",
        "tgWebAppPlatform": "ios",
    }
    return f"{traveller.stack.web}{path}#{urlencode(launch, quote_via=quote)}"


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The web process before a full shop, in which every screen of the list has its rows."""
    settings = {"TELEGRAM_SANDBOX_URL": NOWHERE}
    with standing(tmp_path_factory.mktemp("stand"), Stand.seed, **settings) as stand:
        yield stand


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds wrong with the page as it stands; all its rules, or these. Its script is put into a
    page once, and tells of violations alone: the rest costs more than the looking.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    look = "options => axe.run(options).then(found => found.violations)"
    found = page.evaluate(look, {"resultTypes": ["violations"], **only})
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]
