"""What a client may send, and the one form of every refusal."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asking import ORDER, ask, refusal, told
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import PLAN, after, make_esim, make_order
from webapp.models import Assignment, Order
from webapp.views import api
from webapp.views.limits import Limits
from webapp.views.wiring import Shop

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

pytestmark = pytest.mark.usefixtures("shelves")


def send(person: Person, raw: bytes, kind: str = "application/json", **headers: str) -> TestResponse:
    return person.browser.post(ORDER, data=raw, content_type=kind, headers=person.headers | headers)


def wanting(plan_id: str) -> bytes:
    return json.dumps({"plan_id": plan_id}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"plan_id=" + PLAN.encode(),
        b"\xff\xfe{}",
        b'{"plan_id": "\xff"}',
        b'{"plan_id": "\\ud800"}',
        b"[" * 10_000,
        b'{"plan_id": NaN',
        b"\x00",
    ],
)
def test_what_is_no_json_is_refused(owner: Person, raw: bytes) -> None:
    assert refusal(send(owner, raw)) == (400, "not_json")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
def test_json_has_to_call_itself_json(owner: Person, kind: str) -> None:
    assert refusal(send(owner, wanting(PLAN), kind)) == (400, "not_json")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/merge-patch+json", "APPLICATION/JSON"]
)
def test_json_may_say_more_about_itself(owner: Person, kind: str) -> None:
    told(send(owner, wanting(PLAN), kind))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [{"plan_id": PLAN}],
        "x",
        1,
        True,
        {"plan_id": None},
        {"plan_id": 1},
        {"plan_id": 1.5, "bundle_id": None},
        {"plan_id": [PLAN]},
        {"plan_id": {"plan_id": PLAN}},
        {"Plan_Id": PLAN},
        {"plan_id": "a\0b"},
        {"plan_id": "line\nbreak"},
        {"plan_id": "x" * 256},
        {"bundle_id": "\x7f"},
    ],
)
def test_a_body_that_names_no_plan_is_refused(owner: Person, body: object) -> None:
    assert refusal(send(owner, json.dumps(body).encode())) == (400, "plan_missing")


def test_an_empty_body_names_no_plan(owner: Person) -> None:
    assert refusal(send(owner, b"")) == (400, "plan_missing")
    assert refusal(send(owner, b"", "text/plain")) == (400, "plan_missing")


@pytest.mark.parametrize(
    "plan_id", ["", " ", "none", PLAN.upper(), f" {PLAN}", "' OR 1=1 --", "🇹🇷", "x" * 255]
)
def test_a_name_that_no_plan_has_is_not_for_sale(owner: Person, plan_id: str) -> None:
    assert refusal(ask(owner, body={"plan_id": plan_id})) == (422, "not_for_sale")


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "x" * 256, "ключ".encode().decode("latin-1"), "\x7f", "tab\there"]
)
def test_a_key_is_visible_ascii(owner: Person, key: str) -> None:
    assert refusal(ask(owner, key)) == (400, "idempotency_key_invalid")
    assert Order.select().count() == 0


@pytest.mark.parametrize("key", ["0", "x" * 255, '"quoted"', "~!@#$%^&*(),;:"])
def test_any_visible_ascii_is_a_key(owner: Person, key: str) -> None:
    assert told(ask(owner, key)) == told(ask(owner, key))


@pytest.mark.parametrize("bytes_more", [1, 2 * 1024 * 1024])
def test_a_body_that_is_too_large_is_not_read(owner: Person, bytes_more: int) -> None:
    room = api.MAX_BYTES - len(wanting(""))
    assert refusal(ask(owner, body={"plan_id": "x" * room})) == (400, "plan_missing")
    assert refusal(ask(owner, body={"plan_id": "x" * (room + bytes_more)})) == (413, "too_large")


def test_a_method_that_does_not_fit_names_those_that_do(owner: Person) -> None:
    answer = owner.browser.delete(ORDER, headers=owner.headers)
    assert refusal(answer) == (405, "method_not_allowed")
    assert set(answer.allow) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/esimgo/status/", "/api/esimgo/status/%00", "/api/x/../y"]
)
def test_what_is_not_there_is_not_found(owner: Person, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 404
    assert path == "/api" or refusal(answer) == (404, "not_found")


def test_who_asks_too_often_is_told_when_to_come_back(app: Flask, owner: Person) -> None:
    wired: Shop = app.extensions["shop"]
    slow = changed(wired.config, rate_limits="customer=2/minute address=100/minute")
    app.extensions["shop"] = replace(wired, limits=Limits(slow))
    answers = [ask(owner, "key") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert refusal(answers[-1]) == (429, "too_many_requests")
    assert answers[-1].headers["Retry-After"] == "60"


def test_who_is_not_known_is_told_before_anything_is_read(nobody: Person, owner: Person) -> None:
    assert refusal(ask(nobody, "")) == (401, "unauthorized")
    assert refusal(send(nobody, b"{")) == (401, "unauthorized")
    stale = {"Authorization": f"tma {owner.init_data(86_400 + 60)}"}
    answer = nobody.browser.post(ORDER, headers=stale)
    assert refusal(answer) == (401, "stale")
    assert answer.www_authenticate.type == "tma"


@pytest.mark.parametrize(
    ("tongue", "message"),
    [
        ("ru-RU,ru;q=0.9", "Откройте магазин из Telegram: так мы узнаем, кто вы."),
        ("de", "Please open the shop from Telegram: it tells us who you are."),
    ],
)
def test_somebody_unknown_is_answered_in_the_language_of_the_browser(
    browser: FlaskClient, tongue: str, message: str
) -> None:
    answer = browser.post(ORDER, headers={"Accept-Language": tongue})
    assert answer.json == {"error": {"code": "unauthorized", "message": message}}


def test_a_customer_is_answered_in_their_own(owner: Person) -> None:
    owner.language = "ru"
    answer = send(owner, b"{", **{"Accept-Language": "en"})
    assert answer.json is not None
    assert answer.json["error"]["message"].startswith("Пришлите объект JSON")


def test_every_time_is_utc_in_whole_seconds(owner: Person) -> None:
    esim = make_esim(make_order("active"))
    Assignment.update(starts_at=after(-60), ends_at=after(3600)).execute()
    answer: dict[str, Any] = owner.get(f"/api/esimgo/status/{esim.order.reference}").get_json()
    times = [answer[name] for name in ("created_at", "activated_at", "deadline_at")]
    times += [answer["usage"][name] for name in ("starts_at", "ends_at")]
    assert [time for time in times if not re.fullmatch(MOMENT, time)] == []


@pytest.mark.parametrize("code", ["TR", "tr", "tR"])
def test_a_country_is_found_in_any_case(browser: FlaskClient, code: str) -> None:
    assert len(browser.get(f"/api/esimgo/catalogue?country={code}").get_json()["plans"]) == 1


@pytest.mark.parametrize("code", ["", "XX", "%00", "x" * 3000, "%F0%9F%87%B9", "TR,FR", "%ff"])
def test_a_country_that_nobody_knows_has_no_plans(browser: FlaskClient, code: str) -> None:
    answer = browser.get(f"/api/esimgo/catalogue?country={code}")
    assert (answer.status_code, answer.json) == (200, {"plans": []})


def test_an_unchanged_catalogue_is_not_sent_again(browser: FlaskClient) -> None:
    first = browser.get("/api/esimgo/catalogue")
    tag = {"If-None-Match": first.headers["ETag"]}
    again = browser.get("/api/esimgo/catalogue", headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert browser.get("/api/esimgo/catalogue?lang=ru", headers=tag).status_code == 200
