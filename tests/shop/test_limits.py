"""Who asks too often is told so in words; webhooks and health are never counted."""

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.settings import changed
from tests.shop.conftest import Person, text
from tests.shop.factories import make_order
from tests.shop.test_webhooks import SECRET
from webapp.views.limits import EXEMPT, Limits
from webapp.views.wiring import Shop

FAR = {"REMOTE_ADDR": "203.0.113.7"}
OTHER = {"REMOTE_ADDR": "203.0.113.8"}
FAST = {"en": "That was very fast", "ru": "Слишком быстро"}


@pytest.fixture(autouse=True)
def strict(app: Flask, shelves: None) -> None:
    """Two requests a minute, for whoever it is."""
    wired: Shop = app.extensions["shop"]
    two = changed(wired.config, rate_limits="customer=2/minute address=2/minute")
    app.extensions["shop"] = replace(wired, limits=Limits(two))
    app.before_request_funcs[None] = [
        app.extensions["shop"].limits.count_address
        if getattr(hook, "__self__", None) == wired.limits
        else hook
        for hook in app.before_request_funcs[None]
    ]


def often(person: Person, path: str, **caller: str) -> list[TestResponse]:
    return [person.browser.get(path, environ_base=caller) for _ in range(3)]


def test_an_address_that_asks_too_often_is_told_so_on_a_page(nobody: Person) -> None:
    *fine, refused = often(nobody, "/?lang=en", **FAR)
    assert [answer.status_code for answer in (*fine, refused)] == [200, 200, 429]
    assert FAST["en"] in text(refused)
    assert refused.headers["Retry-After"] == "60"
    assert nobody.browser.get("/", environ_base=OTHER).status_code == 200, "another address is not held up"


@pytest.mark.parametrize("language", sorted(FAST))
def test_a_customer_who_asks_too_often_is_told_so_in_their_language(owner: Person, language: str) -> None:
    owner.language = language
    answers = [owner.get("/esims") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert FAST[language] in text(answers[-1])


def test_one_customer_does_not_use_up_what_another_may(owner: Person, stranger: Person) -> None:
    assert [owner.get("/esims").status_code for _ in range(3)][-1] == 429
    assert stranger.get("/esims").status_code == 200


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("knows_it", "second"), [(True, 304), (False, 200)])
def test_polls_that_are_answered_from_the_cache_are_counted_too(
    owner: Person, knows_it: bool, second: int
) -> None:
    path = f"/orders/{make_order('paid').reference}/status"
    first = owner.get(path)
    known = {"HX-PTag": first.headers["HX-PTag"]} if knows_it else {}
    again = [owner.get(path, **known).status_code for _ in range(2)]
    assert (first.status_code, *again) == (200, second, 429)


def test_a_proxy_of_this_machine_is_nobody(nobody: Person) -> None:
    assert {answer.status_code for answer in often(nobody, "/", REMOTE_ADDR="127.0.0.1")} == {200}


def test_webhooks_and_health_are_never_counted(app: Flask, nobody: Person) -> None:
    for number in range(5):
        update = {"update_id": number}
        told = nobody.browser.post("/api/telegram/webhook", json=update, headers=SECRET, environ_base=FAR)
        assert told.status_code == 200
        assert nobody.browser.post("/api/esimgo/webhook", data=b"{}", environ_base=FAR).status_code == 401
        assert nobody.browser.get("/healthz", environ_base=FAR).status_code == 200
    assert set(app.view_functions) >= EXEMPT, "an exemption names a view that is there"
