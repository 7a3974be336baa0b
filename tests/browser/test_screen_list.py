"""No page is forgotten on the list of screens, on which all looks are taken; and each screen is translated
whole: drawn with every translated text in brackets, what stands outside of them nobody translated. Needs no
browser.
"""

import re
from collections.abc import Iterator
from functools import wraps
from html.parser import HTMLParser
from pathlib import Path
from sys import modules
from typing import Any

import pytest
from flask import Flask, template_rendered

from tests.browser import desk, shelves
from tests.browser.screens import SCREENS, Screen
from tests.browser.stand import Stand
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import lead
from webapp import create_app
from webapp.base import i18n
from webapp.base.config import ROOT, Config
from webapp.models import Esim, Order

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


# --- what nobody translated

READ_ALOUD = re.compile(
    r"alt|aria-label|placeholder|title|hx-confirm|content-text|data-(\w+-text|confirm-yes)"
)
INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")
SILENT = {"script", "style", "noscript", "code"}
NAMES = re.compile(
    r"Simka|English|Русский|Moonlight OÜ|Tartu mnt 1, 10115 Tallinn|EE 12345678|(law|ann)@example\.com"
    r"|UTC|ICCID|US\$|QR|LPA:\S+|Lite|Essential|Plus|\b[A-Z]{2}\b|\b[345]G\b|hold-\d+"
)
"""What is called the same in every language: names, addresses, codes."""
CODE = re.compile(r"[\w$:.-]{6,}", re.ASCII)
SPEAKING = [f"webapp.catalogue.{room}" for room in ("areas", "lookalikes", "search")] + [
    "webapp.models.titles"
]


class Marked:
    """Instead of translations: the text itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"


class Visible(HTMLParser):
    """What a page shows or reads aloud, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.tag = ""
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        self.pieces += [value or "" for name, value in attrs if READ_ALOUD.fullmatch(name)]

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""

    def handle_data(self, data: str) -> None:
        if self.tag not in SILENT:
            self.pieces.append(data)


def untranslated(html: str) -> list[str]:
    """The pieces of a page in which letters stand outside of brackets and are no names."""
    page = Visible()
    page.feed(html)
    return [piece.strip() for piece in page.pieces if re.search(r"[^\W\d_]", NAMES.sub("", outside(piece)))]


def outside(piece: str) -> str:
    while INNERMOST.search(piece):
        piece = INNERMOST.sub("", piece)
    return piece


@pytest.fixture
def brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the shop says goes through `i18n`: texts, and words from CLDR (places, dates, units)."""
    monkeypatch.setattr(i18n, "TEXTS", {language: Marked() for language in i18n.LANGUAGES})
    for name in (
        "area_name",
        "region_name",
        "moment_text",
        "date_text",
        "day_text",
        "short_date_text",
        "span_text",
        "duration_text",
    ):
        mark(monkeypatch, name)
    mark(monkeypatch, "minutes_text")


def mark(patch: pytest.MonkeyPatch, name: str) -> None:
    """In every room that knows the function by this name."""
    plain = getattr(i18n, name)

    @wraps(plain)
    def marked(*arguments: Any) -> str:
        return f"⟦{plain(*arguments)}⟧"

    for room in ("webapp.base.i18n", *SPEAKING):
        if hasattr(modules[room], name):
            patch.setattr(modules[room], name, marked)


@pytest.mark.usefixtures("brackets")
def test_every_page_has_a_line_on_the_list_of_screens_and_is_translated_whole(
    database: Config, tmp_path: Path
) -> None:
    """A page is on the list when some line of it is answered with its template, whole or as the fragment."""
    stand = Stand(tmp_path)
    shelves.fill()
    lead()
    stand.seed()
    app, drawn = shop(database), set(codes())
    found, shown = {}, set[str]()

    def note(_app: object, template: object, **_context: object) -> None:
        shown.add(str(getattr(template, "name", "")).replace("/_", "/").removesuffix(".html"))

    with template_rendered.connected_to(note, app):
        for screen in SCREENS:
            if texts := untranslated(without(drawn, html_of(app, stand, screen))):
                found[screen.name] = texts
    assert pages() - shown == set(ANSWERS)
    found.pop("components")  # for whoever builds, so in English alone
    assert found == {}


def test_the_scan_finds_what_nobody_translated() -> None:
    assert untranslated("<p>⟦Pay ⟦3 GB⟧⟧ 5</p>") == []
    assert untranslated('<p title="Pay">⟦a⟧ now</p>') == ["Pay", "⟦a⟧ now"]


def shop(config: Config) -> Flask:
    """With everything that a merchant may add."""
    return create_app(
        changed(
            config,
            esimgo_refunds="on",
            smtp_url="smtp://127.0.0.1:9",
            smtp_from="shop@example.com",
            support_url="https://t.me/simka_support",
            legal_file=Path(__file__).with_name("legal.toml"),
            telegram_sandbox_url="http://127.0.0.1:9",
            admin_telegram_ids=(desk.SHOPKEEPER,),
        )
    )


def html_of(app: Flask, stand: Stand, screen: Screen) -> str:
    """As its reader gets it: the page around it, and the fragment that this asks for."""
    path = stand.addresses[screen.name] if callable(screen.address) else screen.address
    token = None if screen.outside else app.extensions["shop"].config.telegram_bot_token
    user = desk.SHOPKEEPER if screen.shopkeeper else stand.people.get(screen.name, 7000)
    person = Person(app.test_client(), token, user)
    page = person.browser.get(path).get_data(as_text=True)
    html = page + person.get(path).get_data(as_text=True)
    attribute = "id" if screen.marker.startswith("#") else "class"
    assert re.search(rf'{attribute}="[^"]*\b{screen.marker[1:].split()[0]}\b', html), screen.name
    return html.replace("qqqqqq", "")  # what was typed


def without(codes: set[str], html: str) -> str:
    return CODE.sub(lambda found: "" if found[0].strip(".") in codes else found[0], html)


def codes() -> Iterator[str]:
    """What rows are called: drawn by lot, the same for everybody."""
    for row in (*Order.select(), *Esim.select()):
        yield row.reference
    for esim in Esim.select():
        yield from (esim.activation_code, esim.matching_id, esim.smdp_host)
