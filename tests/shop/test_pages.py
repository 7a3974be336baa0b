"""One address, two forms: whole page or fragment, with the headers that keep both safe."""

import base64
import hashlib
import re
from datetime import timedelta
from itertools import product

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import PLAN, make_esim, make_order
from webapp.base import clock
from webapp.models import STATUS, Customer, Order, Setting
from webapp.state import outages
from webapp.state import provider as provider_state
from webapp.views import assets

PUBLIC = ("/", "/?q=tur", "/shop/tr", f"/plans/{PLAN}", "/nowhere")


# --- page or fragment


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        ({}, True),
        ({"HX-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Request-Type": "partial"}, False),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
        ({"HX-Request": "false"}, True),
    ],
)
def test_the_headers_decide_between_page_and_fragment(
    shelves: None, browser: FlaskClient, path: str, headers: dict[str, str], whole: bool
) -> None:
    html = text(browser.get(path, headers=headers))
    assert html.startswith("<!doctype html>") is whole
    assert html.count("<section") >= 1


@pytest.mark.parametrize("path", PUBLIC)
def test_the_page_includes_the_very_fragment(shelves: None, browser: FlaskClient, path: str) -> None:
    fragment, page = (
        re.sub(r"support: \w+", "", text(browser.get(path, headers=headers)))  # each request has its own
        for headers in ({"HX-Request": "true"}, {})
    )
    assert fragment.strip() in page


def personal_paths() -> list[str]:
    order = make_order("ready")
    esim = make_esim(order)
    return [f"/orders/{order.reference}", "/esims", "/esims/current", f"/esims/{esim.reference}"]


def test_every_fragment_has_one_root_with_an_id(shelves: None, owner: Person) -> None:
    for path in (*PUBLIC, *personal_paths()):
        fragment = re.sub(r"\s+", " ", text(owner.get(path))).strip()
        root = re.match(r'<(section|div) id="[a-z0-9-]+"', fragment)
        assert root is not None, fragment[:80]
        assert fragment.endswith(f"</{root[1]}>")


# --- headers


@pytest.mark.parametrize("path", [*PUBLIC, "/esims", "/api/esimgo/catalogue", "/api/x", "/healthz"])
def test_every_answer_is_told_apart_and_fenced_in(shelves: None, browser: FlaskClient, path: str) -> None:
    headers = browser.get(path).headers
    assert {"HX-Request", "HX-Request-Type", "Accept-Language"} <= set(headers["Vary"].split(", "))
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Frame-Options" not in headers
    assert "Set-Cookie" not in headers


def test_the_policy_lets_in_our_own_files_only(shelves: None, browser: FlaskClient) -> None:
    policy = dict(
        part.split(" ", 1) for part in browser.get("/").headers["Content-Security-Policy"].split("; ")
    )
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert policy["frame-ancestors"] == "https://web.telegram.org"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in str(policy)
    assert "http:" not in str(policy)


def test_the_policy_lets_in_the_stylesheet_of_the_page(shelves: None, browser: FlaskClient) -> None:
    answer = browser.get("/")
    inside = re.search(r"<style>(.+)</style>", text(answer), re.DOTALL)
    assert inside is not None
    digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}' " in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_a_page_that_is_put_into_another_brings_no_stylesheet(
    shelves: None, browser: FlaskClient, header: str
) -> None:
    answer = browser.get("/", headers={header: "true"})
    assert "<style" not in text(answer)
    assert "<title>" in text(answer)


def test_what_is_personal_is_never_kept(shelves: None, owner: Person) -> None:
    for path in (*personal_paths(), "/orders/unknown"):
        assert owner.get(path).headers["Cache-Control"] == "no-store", path


@pytest.mark.parametrize("path", ["/", "/shop/tr", f"/plans/{PLAN}"])
def test_public_pages_are_the_same_for_everybody(
    shelves: None, nobody: Person, owner: Person, path: str
) -> None:
    make_esim(make_order("ready"))
    assert text(nobody.get(path)) == text(owner.get(path))
    assert nobody.get(path).headers["Cache-Control"].startswith("public")


# --- what stands in the pages


def offences(html: str) -> list[str]:
    """Scripts, styles and handlers inside the page, but for our stylesheet; or anything from elsewhere."""
    html = html.replace(f"<style>{assets.build().stylesheet}</style>", "")
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style[^>]*>|\sstyle=|\son[a-z]+=|javascript:", html)
    return inline + re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', html)


@pytest.mark.parametrize(
    "bad",
    ["<script>x</script>", '<p style="a">', "<style>", '<a onclick="x">', '<img src="https://x.example/a">'],
)
def test_an_offence_would_be_found(bad: str) -> None:
    assert offences(bad)


def test_no_page_holds_inline_code_or_foreign_files(shelves: None, owner: Person) -> None:
    Order.delete().execute()
    paths = [*PUBLIC, *personal_paths()]
    for number, stage in enumerate(STATUS):
        paths.append(f"/orders/{make_order(stage, plan_id=f'plan-{number}').reference}")
    for path in paths:
        html = text(owner.browser.get(path, headers={"Authorization": owner.headers["Authorization"]}))
        assert html.startswith("<!doctype html>"), path
        assert offences(html) == [], path


def test_what_a_customer_types_is_never_markup(shelves: None, browser: FlaskClient) -> None:
    html = text(browser.get("/", query_string={"q": "<script>alert(1)</script>\"'"}))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


# --- the shop


def test_empty_shelves_say_so_and_look_again(browser: FlaskClient, database: object) -> None:
    html = text(browser.get("/"))
    assert "The shelves are being filled" in html
    assert 'hx-trigger="every 2s"' in html


def test_search_shows_what_fits_and_helps_when_nothing_does(shelves: None, browser: FlaskClient) -> None:
    assert 'href="/shop/tr"' in text(browser.get("/?q=турция"))
    nothing = text(browser.get("/?q=atlantis"))
    assert "Nothing found for “atlantis”" in nothing
    assert 'href="/shop/tr"' not in nothing
    assert "Popular" in text(browser.get("/?q=%20%20"))


@pytest.mark.parametrize("path", ["/shop/xx", "/plans/none", "/nowhere", "/shop/%00", "/plans/%F0%9F"])
def test_what_is_not_there_is_a_page_with_a_way_on(shelves: None, browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "To the shop" in text(answer)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("none", None),
        ("short", "slow to answer"),
        ("long", "is not answering"),
        ("funds", "Sales are paused for a moment"),
        ("payments", "payments are not answering"),
        ("catalogue", "Prices have not been refreshed"),
        ("jobs", "Sales are paused: the shop is being restarted"),
    ],
)
def test_the_shop_says_honestly_what_it_cannot_do(
    shelves: None, browser: FlaskClient, advance: Advance, trouble: str, says: str | None
) -> None:
    if trouble == "payments":
        outages.payments_reachable(False)
    if trouble == "catalogue":
        Setting.write_time("catalogue.synced_at", clock.now() - timedelta(hours=3))
    if trouble == "jobs":
        advance(600 + 61)
    if trouble in {"short", "long"}:
        provider_state.reachable(False)
    if trouble == "long":
        advance(61)
    if trouble == "funds":
        provider_state.out_of_funds(1)
    notice = re.search(r'<div id="page-notice">(.*?)</div>', text(browser.get("/")), re.DOTALL)
    assert notice is not None
    assert says in notice[1] if says else notice[1].strip() == ""


# --- language


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "ru-RU,ru;q=0.9", "ru"),
        ("", "de", "en"),
        ("?lang=ru", "en", "ru"),
        ("?lang=en", "ru", "en"),
        ("?lang=xx", "ru", "ru"),
    ],
)
def test_public_pages_speak_as_asked_by_address_then_by_header(
    shelves: None, browser: FlaskClient, query: str, header: str, language: str
) -> None:
    html = text(browser.get(f"/{query}", headers={"Accept-Language": header}))
    assert f'<html lang="{language}" ' in html
    assert ("Турция" in html) is (language == "ru")


def test_links_keep_the_language_that_was_asked_for(shelves: None, browser: FlaskClient) -> None:
    assert 'href="/shop/tr?lang=ru"' in text(browser.get("/?lang=ru"))
    assert 'href="/shop/tr"' in text(browser.get("/", headers={"Accept-Language": "ru"}))


@pytest.mark.parametrize(("phone", "header"), [*product(["en", "ru"], repeat=2)])
def test_personal_pages_speak_the_customers_language(
    shelves: None, owner: Person, phone: str, header: str
) -> None:
    owner.language = phone
    html = text(owner.get("/esims", **{"Accept-Language": header}))
    assert ("Мои eSIM" in html) is (phone == "ru")
    assert Customer.get().language == phone


def test_a_language_that_was_chosen_stays(shelves: None, owner: Person) -> None:
    assert "Мои eSIM" in text(owner.get("/esims?lang=ru"))
    assert (Customer.get().language, Customer.get().language_chosen) == ("ru", True)
    assert "Мои eSIM" in text(owner.get("/esims"))


def test_a_link_in_the_language_of_the_phone_is_no_choice(shelves: None, owner: Person) -> None:
    owner.get("/esims?lang=en")
    owner.language = "ru"
    assert "Мои eSIM" in text(owner.get("/esims"))
    assert not Customer.get().language_chosen


def test_whoever_has_chosen_keeps_it_when_a_link_asks_for_the_language_of_the_phone(
    shelves: None, owner: Person
) -> None:
    owner.get("/esims?lang=ru")
    owner.get("/esims?lang=en")
    assert (Customer.get().language, Customer.get().language_chosen) == ("en", True)
    owner.language = "ru"
    assert "My eSIMs" in text(owner.get("/esims"))
