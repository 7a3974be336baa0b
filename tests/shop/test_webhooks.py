"""Where eSIM Go and Telegram knock: proven, stored, and only then acknowledged."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.settings import changed
from tests.shop.factories import OWNER, charge, lead, make_order, quoted
from tests.shop.test_callbacks import signed
from webapp.esims import callbacks
from webapp.models import Callback, Order, Payment, TelegramUpdate
from webapp.orders import telegram_updates

ESIMGO, TELEGRAM = "/api/esimgo/webhook", "/api/telegram/webhook"
SECRET = {"X-Telegram-Bot-Api-Secret-Token": "hook"}
EVENT = b'{"iccid": "8944000000000000001", "alertType": "Utilisation"}'


def tell(browser: FlaskClient, content: Any, **headers: str) -> TestResponse:
    return browser.post(TELEGRAM, json=content, headers=SECRET | headers)


def call_back(browser: FlaskClient, raw: bytes, signature: str | None) -> TestResponse:
    headers = {} if signature is None else {"X-Signature-SHA256": signature}
    return browser.post(ESIMGO, data=raw, headers=headers)


def test_a_signed_callback_is_stored_before_it_is_acknowledged(browser: FlaskClient) -> None:
    assert call_back(browser, EVENT, signed(EVENT)).status_code == 200
    assert Callback.get().body.encode() == EVENT


def test_a_repeated_callback_is_stored_once(browser: FlaskClient) -> None:
    answers = [call_back(browser, EVENT, signed(EVENT)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert Callback.select().count() == 1


@pytest.mark.parametrize(
    "signature",
    [None, "", "junk", signed(EVENT, "another"), signed(EVENT) + "=", " " + signed(EVENT)[1:], "é"],
)
def test_a_forged_callback_is_refused_and_not_stored(browser: FlaskClient, signature: str | None) -> None:
    answer = call_back(browser, EVENT, signature)
    assert (answer.status_code, Callback.select().count()) == (401, 0)
    assert answer.json is not None
    assert set(answer.json["error"]) == {"code", "message"}


@pytest.mark.parametrize(("setting", "status", "stored"), [("off", 401, 0), ("on", 200, 1)])
def test_an_unsigned_callback_is_refused_unless_the_owner_takes_it_as_a_hint(
    app: Flask, setting: str, status: int, stored: int
) -> None:
    shop = app.extensions["shop"]
    told = changed(shop.config, esimgo_unsigned_hints=setting)
    app.extensions["shop"] = replace(shop, config=told)
    answers = [call_back(app.test_client(), EVENT, None).status_code for _ in range(2)]
    assert (answers, Callback.select().count()) == ([status] * 2, stored)


def test_a_changed_callback_is_refused(browser: FlaskClient) -> None:
    assert call_back(browser, EVENT + b" ", signed(EVENT)).status_code == 401


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe\x00", b"[1]", b"x" * 60_000])
def test_signed_nonsense_is_stored_and_applied_without_harm(browser: FlaskClient, raw: bytes) -> None:
    assert call_back(browser, raw, signed(raw)).status_code == 200
    assert callbacks.apply_waiting() == 1
    assert callbacks.apply_waiting() == 0


def test_a_callback_that_is_too_large_is_refused(browser: FlaskClient) -> None:
    raw = b"x" * (callbacks.MAX_BYTES + 1)
    assert call_back(browser, raw, signed(raw)).status_code == 413


@pytest.mark.parametrize("secret", [None, "", "hook2", "Hook", "hoo", "hök"])
def test_an_update_without_the_secret_is_refused(browser: FlaskClient, secret: str | None) -> None:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    answer = browser.post(TELEGRAM, json={"update_id": 1}, headers=headers)
    assert (answer.status_code, TelegramUpdate.select().count()) == (401, 0)


def test_a_payment_is_booked_before_it_is_acknowledged(browser: FlaskClient) -> None:
    order = make_order()
    message = {
        "message_id": 1,
        "chat": {"id": OWNER},
        "from": {"id": OWNER},
        "successful_payment": charge(order).model_dump(),
    }
    for _ in range(2):
        answer = tell(browser, {"update_id": 7, "message": message})
        assert (answer.status_code, answer.json) == (200, {})
    assert (Order.get().stage, Payment.select().count()) == ("paid", 1)


def test_a_question_is_answered_in_the_response_and_the_same_way_again(browser: FlaskClient) -> None:
    lead()
    quoted()
    order = make_order()
    query = {
        "id": "q",
        "from": {"id": OWNER},
        "currency": "XTR",
        "total_amount": order.stars,
        "invoice_payload": order.reference,
    }
    first = tell(browser, {"update_id": 8, "pre_checkout_query": query})
    order.move("expired", actor="test")
    again = tell(browser, {"update_id": 8, "pre_checkout_query": query})
    assert first.json == again.json
    assert first.json is not None
    assert (first.json["method"], first.json["ok"]) == ("answerPreCheckoutQuery", True)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"1", b"{}", b'{"update_id": "x"}', b'{"update_id": true}', b"\xff"]
)
def test_what_is_no_update_is_a_bad_request(browser: FlaskClient, raw: bytes) -> None:
    answer = browser.post(TELEGRAM, data=raw, headers=SECRET)
    assert (answer.status_code, TelegramUpdate.select().count()) == (400, 0)


def test_deeply_nested_updates_are_a_bad_request(browser: FlaskClient) -> None:
    assert browser.post(TELEGRAM, data=b"[" * 100_000, headers=SECRET).status_code == 400


def test_an_update_that_is_too_large_is_refused(browser: FlaskClient) -> None:
    raw = json.dumps({"update_id": 1, "pad": "x" * telegram_updates.MAX_BYTES}).encode()
    assert browser.post(TELEGRAM, data=raw, headers=SECRET).status_code == 413
