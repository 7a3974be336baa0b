"""What holds for every template, and for the page of all components."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.settings import changed
from webapp import create_app
from webapp.base.config import ROOT, Config

TEMPLATES = ROOT / "templates"

# --- what htmx sends, a browser without our script sends as well

TAG = re.compile(r'<([a-z]+)\b((?:"[^"]*"|\{\{.*?\}\}|\{%.*?%\}|[^<>"])*)>', re.DOTALL)
ATTRIBUTE = re.compile(r'\b(hx-get|hx-post|hx-trigger|href|action|method)="([^"]*)"')
COMMON = re.compile(r"\{% set (\w+) = '(.*)' %\}")
"""Attributes that several forms of a template share."""


def whole(source: str) -> str:
    """With the attributes that several forms share in each of them."""
    for name, attributes in COMMON.findall(source):
        source = source.replace(f"{{{{ {name}|safe }}}}", attributes)
    return COMMON.sub("", source)


def requests(source: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Each tag with hx-get or hx-post: its name, its text, and where it leads."""
    for tag, text in TAG.findall(whole(source)):
        told = dict(ATTRIBUTE.findall(text))
        if "hx-get" in told or "hx-post" in told:
            yield tag, f"<{tag}{text}>", told


def unlike(source: str) -> Iterator[str]:
    """Tags that lead elsewhere, or nowhere, without htmx."""
    for tag, text, told in requests(source):
        method = "get" if "hx-get" in told else "post"
        match tag:
            case "a":
                is_like = method == "get" and told.get("href") == told["hx-get"]
            case "form":
                is_like = told.get("method", "get") == method and told.get("action") == told[f"hx-{method}"]
            case _:
                is_like = "hx-trigger" in told  # nobody presses it: it asks by itself
        if not is_like:
            yield text


def test_what_htmx_asks_for_has_the_same_address_without_it() -> None:
    """Before the script has come, or when it never does, a tap has to lead to the same place."""
    sources = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.html")}
    for name, source in sources.items():
        assert len(list(requests(source))) == len(re.findall(r"\bhx-(?:get|post)\b", whole(source))), name
    found = {name: list(unlike(source)) for name, source in sources.items()}
    assert {name: tags for name, tags in found.items() if tags} == {}


@pytest.mark.parametrize(
    "source",
    [
        '<a hx-get="/a">',
        '<a href="/b" hx-get="/a">',
        "<a href=\"{{ link('x', by=1) }}\" hx-get=\"{{ link('x') }}\">",
        '<a href="/a" hx-post="/a">',
        '<form hx-post="/a" method="post">',
        '<form action="/a" hx-post="/a">',
        '<form action="/a" method="post" hx-get="/a">',
        '<form action="/a" method="post"{% if n > 1 %} data-x{% endif %} hx-post="/b">',
        '<button hx-post="/a">',
        '{% set here = \'action="/a" hx-post="/a"\' %}<form {{ here|safe }}>',
    ],
)
def test_what_needs_the_script_would_be_found(source: str) -> None:
    assert list(unlike(source))


# --- the page of all components

OF_ONE_SCREEN = {
    "checkout": "bar hero inline with-bar",
    "esims": "copying esim guide install lit past picture plate purchases qr",
    "orders": "receipt",
    "shop": "offer",
}
"""Classes that are no component: one section's templates draw what they are made for."""
AROUND_EVERY_PAGE = {"tabs"}
BY_SCRIPT = {"late", "native-back", "native-main", "native-second"}
"""Set by static/native.js."""
BY_LEATHER = {"bottom"}
"""Set by the package that draws the merchant's charts."""


def classes_of(html: str) -> set[str]:
    return {name for names in re.findall(r'\bclass="([^"]*)"', html) for name in names.split()}


def styled() -> set[str]:
    """The classes that static/app.css has rules for."""
    css = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", (ROOT / "static/app.css").read_text(), flags=re.DOTALL)
    return set(re.findall(r"\.([a-z][\w-]*)", css))


def test_every_component_is_on_the_page_of_components(config: Config) -> None:
    app = create_app(changed(config, telegram_sandbox_url="http://127.0.0.1:9"))
    browser: FlaskClient = app.test_client()
    shown = classes_of(browser.get("/components", headers={"HX-Request": "true"}).get_data(as_text=True))
    others = {name for names in OF_ONE_SCREEN.values() for name in names.split()}
    assert styled() - shown == others | AROUND_EVERY_PAGE | BY_SCRIPT | BY_LEATHER


@pytest.mark.parametrize("section", OF_ONE_SCREEN)
def test_what_is_of_one_screen_is_used_by_no_other(section: str) -> None:
    names = set(OF_ONE_SCREEN[section].split())
    elsewhere = (path for path in TEMPLATES.rglob("*.html") if section not in path.parts)
    assert [str(path) for path in elsewhere if classes_of(path.read_text()) & names] == []
