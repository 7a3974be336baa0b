"""What a page costs the web: statements counted, nothing made twice, nothing shown that is out of date."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    PLAN,
    STRANGER,
    after,
    make_customer,
    make_esim,
    make_order,
    make_refund,
    make_top_up,
)
from webapp.catalogue import generation
from webapp.customers import identity
from webapp.models import Assignment, Esim, Order, Payment, Plan, Refund, ReturnRequest, Setting, db
from webapp.orders import limits
from webapp.state import funnel, outages
from webapp.state import provider as provider_state
from webapp.views import response_cache

Counted = Callable[[Callable[[], Any]], int]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """How many statements `work` asks of the database."""

    def during(work: Callable[[], Any]) -> int:
        said: list[str] = []

        def execute(sql: str, params: Any = None, *rest: Any) -> Any:
            said.append(sql)
            return real(sql, params, *rest)

        real = db.database.obj.execute_sql
        with monkeypatch.context() as patch:
            patch.setattr(db.database.obj, "execute_sql", execute)
            work()
        return len(said)

    return during


@pytest.fixture
def stocked(still: None, shelves: None, app: Flask) -> None:
    """The catalogue has been read once, and every request looks.
    No minute ends, so whatever is made anew is so for the reason that the test names.
    """
    Setting.write("catalogue.generation", 1)
    app.extensions["shop"].state.ttl_s = 0


# --- statements


PUBLIC = [("/", 6), ("/countries", 6), ("/shop/tr", 14), (f"/plans/{PLAN}", 8), ("/?q=tur", 8), ("/help", 2)]


@pytest.mark.parametrize(("path", "most"), PUBLIC)
def test_a_public_page_asks_a_few_statements(
    stocked: None, browser: FlaskClient, counted: Counted, path: str, most: int
) -> None:
    assert counted(lambda: browser.get(path)) <= most


@pytest.mark.parametrize("path", ["/", "/countries", "/shop/tr", f"/plans/{PLAN}"])
def test_a_public_page_that_is_known_asks_one(
    stocked: None, browser: FlaskClient, counted: Counted, path: str
) -> None:
    first = browser.get(path)
    assert counted(lambda: browser.get(path)) == 1
    again = browser.get(path)
    assert (again.data, dict(again.headers)) == (first.data, dict(first.headers) | changing(again))


def changing(answer: Any) -> dict[str, str]:
    return {"X-Request-ID": answer.headers["X-Request-ID"]}


@pytest.mark.parametrize(("esims", "most"), [(1, 8), (20, 8)])
def test_a_page_of_many_asks_as_much_as_a_page_of_one(
    stocked: None, owner: Person, counted: Counted, esims: int, most: int
) -> None:
    for _ in range(esims):
        make_esim(make_order("ready"))
    owner.get("/account")
    assert counted(lambda: owner.get("/esims")) <= most


def test_personal_pages_ask_a_few_statements(stocked: None, owner: Person, counted: Counted) -> None:
    order = make_order("ready")
    esim = make_esim(order)
    for path, most in (
        (f"/orders/{order.reference}", 13),
        (f"/orders/{order.reference}/status", 13),
        (f"/esims/{esim.reference}", 10),
        ("/esims/current", 10),
        ("/account", 10),
        ("/recent", 3),
    ):
        assert counted(lambda path=path: owner.get(path)) <= most, path


def test_an_unchanged_poll_asks_two(stocked: None, owner: Person, counted: Counted) -> None:
    path = f"/orders/{make_order('paid').reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    assert counted(lambda: owner.get(path, **{"HX-PTag": tag})) == 2
    assert counted(lambda: owner.get(path)) == 2, "whoever asks without the tag gets what was made"
    assert text(owner.get(path)) == text(owner.get(path))


# --- nothing is shown that is not so any more


def test_a_new_generation_is_shown_at_once(stocked: None, browser: FlaskClient) -> None:
    assert "453" in text(browser.get(f"/plans/{PLAN}"))
    with generation.change():
        Plan.update(stars=461).where(Plan.plan_id == PLAN).execute()
    assert "461" in text(browser.get(f"/plans/{PLAN}"))


def test_a_notice_is_shown_and_taken_away_at_once(stocked: None, browser: FlaskClient) -> None:
    plain = browser.get("/").data
    outages.payments_reachable(False)
    assert "payments are not answering" in text(browser.get("/"))
    outages.payments_reachable(True)
    assert browser.get("/").data == plain


def test_a_notice_that_comes_with_time_is_shown(
    stocked: None, browser: FlaskClient, advance: Advance
) -> None:
    browser.get("/")
    advance(600 + 61)
    assert "the shop is being restarted" in text(browser.get("/"))


def test_languages_forms_phones_and_encodings_are_kept_apart(stocked: None, browser: FlaskClient) -> None:
    path = f"/plans/{PLAN}"
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)"
    asked: list[dict[str, str]] = [
        {},
        {"Accept-Language": "ru"},
        {"HX-Request": "true"},
        {"HX-Request": "true", "HX-Boosted": "true"},
        {"User-Agent": iphone},
        {"Accept-Encoding": "br"},
        {"Accept-Encoding": "gzip"},
    ]
    bodies = [browser.get(path, headers=headers).data for headers in asked]
    assert len(set(bodies)) == len(asked)
    assert [browser.get(path, headers=headers).data for headers in asked] == bodies


@pytest.mark.parametrize("first", ["", "?lang=ru"])
def test_a_known_page_keeps_a_language_in_its_links_only_where_it_was_asked_for(
    stocked: None, browser: FlaskClient, first: str
) -> None:
    """Both are Russian: who has come by the language of the phone does not hand it on."""
    russian = {"Accept-Language": "ru"}
    browser.get(f"/{first}", headers=russian)
    assert 'href="/shop/tr"' in text(browser.get("/", headers=russian))
    assert 'href="/shop/tr?lang=ru"' in text(browser.get("/?lang=ru", headers=russian))


@pytest.mark.parametrize("languages", [("en", "ru"), ("ru", "en")])
def test_a_known_page_speaks_the_language_of_its_address(
    stocked: None, browser: FlaskClient, languages: tuple[str, str]
) -> None:
    for language in languages:
        assert f'<html lang="{language}"' in text(browser.get(f"/?lang={language}"))


def test_a_page_that_is_not_there_is_not_kept(stocked: None, browser: FlaskClient) -> None:
    assert browser.get("/plans/later").status_code == 404
    with generation.change():
        Plan.update(plan_id="later").where(Plan.plan_id == PLAN).execute()
    assert browser.get("/plans/later").status_code == 200


def test_known_pages_count_in_the_funnel_and_errors_and_searches_do_not(
    stocked: None, app: Flask, browser: FlaskClient
) -> None:
    for path in ("/", "/?lang=ru", "/?q=tur", "/shop/tr", "/shop/xx", f"/plans/{PLAN}", "/plans/none"):
        browser.get(path)
    app.extensions["shop"].funnel.write_down()
    assert funnel.counted(after(-3600), after(3600)) == {"shop": 2, "area": 1, "plan": 1}


def test_a_known_page_is_a_304_for_who_has_it(stocked: None, browser: FlaskClient) -> None:
    tag = browser.get("/").headers["ETag"]
    same = browser.get("/", headers={"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")


def test_the_cache_drops_the_least_recently_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "MAX_RESPONSES", 2)
    pages = response_cache.ResponseCache()
    pages.put("now", "a", response_cache.CachedResponse(b"a", ()))
    pages.put("now", "b", response_cache.CachedResponse(b"b", ()))
    assert pages.get("now", "a")
    pages.put("now", "c", response_cache.CachedResponse(b"c", ()))
    assert [name for name in "abc" if pages.get("now", name)] == ["a", "c"]
    assert pages.get("later", "a") is None, "another state of the shop"


def test_in_a_moment_the_state_is_asked_for_once(
    stocked: None, app: Flask, browser: FlaskClient, counted: Counted
) -> None:
    state = app.extensions["shop"].state
    state.ttl_s = float("inf")
    browser.get("/")
    assert counted(lambda: browser.get("/")) == 0
    state.ttl_s = 0
    assert counted(lambda: browser.get("/")) == 1


# --- polls

CHANGES: dict[str, Callable[[Order], Any]] = {
    "stage": lambda order: order.move("submitting", actor="test"),
    "deadline": lambda order: Order.update(deadline_at=after(100)).execute(),
    "held": lambda order: limits.hold(order.customer, "burst"),
    "language": lambda order: identity.speak(order.customer, "ru", chosen=True),
    "refund": lambda order: make_refund(order),
    "refund done": lambda order: Refund.update(state="done").execute(),
    "refund stuck": lambda order: Refund.update(attempts=8).execute(),
    "return": lambda order: ReturnRequest.create(order=order, why="wish"),
    "return denied": lambda order: ReturnRequest.update(state="denied", verdict="used").execute(),
    "plan in use": lambda order: Assignment.update(state="active", starts_at=after(0)).execute(),
    "installed": lambda order: Esim.update(profile_status="installed", installed_at=after(0)).execute(),
    "dead": lambda order: Esim.update(state="deactivated").execute(),
    "suspended": lambda order: Esim.update(state="suspended").execute(),
    "pressed": lambda order: Esim.update(activate_pressed_at=after(0)).execute(),
    "provider": lambda order: provider_state.reachable(False),
}
AT = {"stage": "paid", "deadline": "paid", "provider": "paid", "held": "awaiting_payment"}
AFTER_REFUND = {"refund done", "refund stuck"}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_on_the_page_ends_the_silence(stocked: None, owner: Person, what: str) -> None:
    refunded = what in AFTER_REFUND
    order = make_order("failed" if refunded else AT.get(what, "ready"))
    if what == "return denied":
        ReturnRequest.create(order=order, why="wish")
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 304
    CHANGES[what](order)
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 200


@pytest.mark.parametrize("by", ["address", "phone"])
def test_a_poll_in_another_language_ends_the_silence(stocked: None, owner: Person, by: str) -> None:
    path = f"/orders/{make_order('paid').reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    owner.language, query = ("en", "?lang=ru") if by == "address" else ("ru", "")
    answer = owner.get(f"{path}{query}", **{"HX-PTag": tag})
    assert answer.status_code == 200
    assert "Оплачен" in text(answer)


def test_two_orders_that_look_alike_are_not_taken_for_each_other(
    stocked: None, owner: Person, stranger: Person
) -> None:
    mine, theirs = make_order(), make_order(customer=make_customer(STRANGER))
    created = {"created_at": after(0)}
    Order.update(created).execute()
    first = owner.get(f"/orders/{mine.reference}/status")
    other = stranger.get(f"/orders/{theirs.reference}/status")
    assert first.headers["HX-PTag"] != other.headers["HX-PTag"]
    assert mine.reference in text(first) and mine.reference not in text(other)


def test_a_tag_opens_nobody_elses_order(stocked: None, owner: Person, stranger: Person) -> None:
    path = f"/orders/{make_order('paid').reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    assert stranger.get(path, **{"HX-PTag": tag}).status_code == 404
    assert Person(owner.browser).get(path, **{"HX-PTag": tag}).status_code == 401


def test_known_initdata_still_grows_old(stocked: None, owner: Person, advance: Advance) -> None:
    path = f"/orders/{make_order('paid').reference}/status"
    headers = owner.headers
    assert owner.browser.get(path, headers=headers).status_code == 200
    advance(86_400 + 60)
    stale = owner.browser.get(path, headers=headers)
    assert stale.status_code == 401
    assert "Tap to reopen" in text(stale)


def test_an_unpaid_order_runs_out_on_the_page_too(stocked: None, owner: Person, advance: Advance) -> None:
    path = f"/orders/{make_order().reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    advance(31 * 60)
    gone = owner.get(path, **{"HX-PTag": tag})
    assert gone.status_code == 200
    assert "<form" not in text(gone)


def test_a_top_up_is_followed_like_an_esim(stocked: None, owner: Person) -> None:
    order = make_top_up("ready")
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    Assignment.update(state="active", starts_at=after(0)).where(Assignment.order == order).execute()
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 200


def test_a_second_charge_is_no_second_page(stocked: None, owner: Person) -> None:
    order = make_order("ready")
    Payment.create(order=order, telegram_user_id=owner.user_id, amount=453, charge_id="again")
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    assert owner.get(path, **{"HX-PTag": tag}).status_code == 304
