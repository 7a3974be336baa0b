"""`python -m tests.browser.pictures [words]`, which `make screenshots` calls: every screen (or those with one
of the words in their name) in both themes and languages, as var/screens/<name>-<language>-<theme>.png.
The few of the README go to docs/screens, as a phone shows them.
"""

import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from tests.browser.screens import SCREENS, Screen
from tests.browser.stand import NOWHERE, Stand, standing
from tests.browser.themes import DARK, LIGHT
from tests.conftest import NAMES, QUIET
from tests.stack import ROOT

FOLDER = ROOT / "var/screens"
README = ROOT / "docs/screens"
IN_README = {
    "shop": ("en", "light"),
    "plan": ("en", "light"),
    "order-ready": ("en", "light"),
    "current": ("en", "dark"),
    "esims": ("ru", "dark"),
    "guide-iphone": ("ru", "light"),
}
WIDTH, HEIGHT = 390, 844
THEMES = {"light": LIGHT, "dark": DARK}


def main(words: list[str]) -> None:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        sys.exit("simka: make screenshots needs Chromium: install the package `chromium`")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [screen for screen in SCREENS if not words or any(word in screen.name for word in words)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        with standing(Path(folder), Stand.seed, TELEGRAM_SANDBOX_URL=NOWHERE) as stand:
            missing = list(take(browser, stand, wanted))
        browser.close()
    if missing:
        sys.exit(f"simka: these never came: {', '.join(missing)}")


def take(browser: Browser, stand: Stand, screens: list[Screen]) -> Iterator[str]:
    """One picture after the other; yields the names of those whose screen did not come."""
    for (language, scheme), screen in product(product(("en", "ru"), THEMES), screens):
        picture = FOLDER / f"{screen.name}-{language}-{scheme}.png"
        page = phone(browser, scheme)  # a new one knows nothing of the person before
        try:
            show(page, stand.url_of(screen, language, json.dumps(THEMES[scheme])), screen)
            if IN_README.get(screen.name) == (language, scheme):
                keep_small(page.screenshot(), README / f"{screen.name}.png")
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": WIDTH, "height": height})  # all of it, with the tabs at its end
            page.screenshot(path=picture)
            print(picture)
        except TimeoutError:
            yield picture.stem
        finally:
            page.close()


def show(page: Page, address: str, screen: Screen) -> None:
    page.goto(address)
    page.locator(screen.marker).first.wait_for(timeout=60_000)


def keep_small(picture: bytes, path: Path) -> None:
    """A README is read by phones too: one pixel for each of the screen's, and few colours."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").resize((WIDTH, HEIGHT))
    image.quantize(128).save(path, optimize=True)


def phone(browser: Browser, scheme: str) -> Page:
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=2,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.route(f"{NOWHERE}/bridge.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    return page


if __name__ == "__main__":
    main(sys.argv[1:])
