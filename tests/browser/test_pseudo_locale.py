"""Every screen with each translated text in brackets: what still stands outside of them nobody translated."""

import re
from collections.abc import Iterator
from functools import wraps
from html.parser import HTMLParser
from pathlib import Path
from sys import modules
from typing import Any

import pytest
from flask import Flask

from tests.browser import desk, shelves
from tests.browser.screens import SCREENS, Screen
from tests.browser.stand import Stand
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import lead
from webapp import create_app
from webapp.base import i18n
from webapp.base.config import Config
from webapp.models import Esim, Order

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
def test_every_screen_is_translated_whole(database: Config, tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    shelves.fill()
    lead()
    stand.seed()
    app, drawn = shop(database), re.compile("|".join(map(re.escape, codes())))
    found = {}
    for screen in SCREENS:
        if texts := untranslated(drawn.sub("", html_of(app, stand, screen))):
            found[screen.name] = texts
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


def codes() -> Iterator[str]:
    """What rows are called: drawn by lot, the same for everybody."""
    for row in (*Order.select(), *Esim.select()):
        yield row.reference
    for esim in Esim.select():
        yield from (esim.activation_code, esim.matching_id, esim.smdp_host)
