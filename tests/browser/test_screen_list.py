"""No page is forgotten on the list of screens, on which all looks are taken. Needs no browser."""

from pathlib import Path

from flask import template_rendered

from tests.browser import shelves
from tests.browser.screens import SCREENS
from tests.browser.stand import Stand
from tests.browser.test_pseudo_locale import html_of, shop
from tests.shop.factories import lead
from webapp.base.config import ROOT, Config

TEMPLATES = ROOT / "templates"

ANSWERS = {
    "account/deleted": "after the button of account/delete",
    "account/saved": "a line of account/show, after a switch",
    "checkout/declined": "in place of checkout/plan, when its order is refused",
    "checkout/paused": "in place of checkout/plan, while sales are paused",
    "esims/install": "a part of orders/show, after its button",
    "orders/receipt": "a part of orders/show, after its button",
    "orders/refund": "a part of orders/show, after its button",
    "orders/status": "a part of orders/show, which asks for it again and again",
    "shop/recent": "a part of shop/list, which asks for it once",
}
"""Pages that are no screen: what a form or a part of a page gets for an answer, and where it is seen."""


def pages() -> set[str]:
    """`section/page` of each template that is a whole page."""
    found = (path for path in TEMPLATES.glob("*/*.html") if '{% extends "base.html" %}' in path.read_text())
    return {str(path.relative_to(TEMPLATES).with_suffix("")) for path in found}


def test_every_page_has_a_line_on_the_list_of_screens(database: Config, tmp_path: Path) -> None:
    """A page is on the list when some line of it is answered with its template, whole or as the fragment."""
    stand = Stand(tmp_path)
    shelves.fill()
    lead()
    stand.seed()
    app, shown = shop(database), set[str]()

    def note(_app: object, template: object, **_context: object) -> None:
        shown.add(str(getattr(template, "name", "")).replace("/_", "/").removesuffix(".html"))

    with template_rendered.connected_to(note, app):
        for screen in SCREENS:
            html_of(app, stand, screen)
    assert pages() - shown == set(ANSWERS)
