"""What the shop costs the phone that opens it."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench import pages
from tests.browser.screens import returning
from tests.browser.stand import Stand, standing
from tests.conftest import NAMES, QUIET

PAGES = {"shop": "/", "area": "/shop/tr", "plan": "/plans/tr-3gb-30d"}


def measure(folder: Path) -> dict[str, pages.Cost]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        sys.exit("simka: make bench needs Chromium: install the package `chromium`")
    with standing(folder, _customers) as stand, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        rows = _measured(browser, stand)
        browser.close()
    return rows


def _customers(stand: Stand) -> None:
    returning(stand.customer("returning"))


def _measured(browser: Browser, stand: Stand) -> dict[str, pages.Cost]:
    rows = {}
    for name, path in PAGES.items():
        for hangs in (False, True):
            url = stand.launch_url(path, user=7999, language="en", theme=pages.THEME)
            row = f"{name}{', Telegram hangs' if hangs else ''}"
            rows[row] = pages.cost(browser, url, hangs=hangs)
    return rows
