"""Every method of the Bot API in use against every kind of answer; what was sent, on real sockets."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from tests.esimgo.loopback import Line, Script, Server, nobody_listens
from webapp.clients.telegram import errors
from webapp.clients.telegram.botapi import (
    BotApi,
    copy_button,
    inline_keyboard,
    pre_checkout_answer,
    web_app_button,
)

TOKEN = "4242:secret-of-the-bot"
BASE = "https://telegram.test"
LINK = "https://t.me/$abc"
SENT = {"message_id": 31, "date": 1791191564, "chat": {"id": 777, "type": "private"}}
KEYBOARD = inline_keyboard([[web_app_button("Open", "https://shop.test/")]])

METHODS: dict[str, tuple[Callable[[BotApi], Any], object]] = {
    "getMe": (
        lambda b: b.get_me(),
        {"id": 4242, "is_bot": True, "first_name": "Shop", "username": "shop_bot"},
    ),
    "setWebhook": (lambda b: b.set_webhook("https://shop.test/hook", "s3cret", ["message"]), True),
    "getWebhookInfo": (
        lambda b: b.get_webhook_info(),
        {"url": "https://shop.test/hook", "pending_update_count": 2},
    ),
    "setMyCommands": (lambda b: b.set_my_commands({"start": "Open the shop"}, "ru"), True),
    "setChatMenuButton": (lambda b: b.set_chat_menu_button("Shop", "https://shop.test/"), True),
    "getMyCommands": (lambda b: b.get_my_commands("ru"), [{"command": "start", "description": "Open"}]),
    "getChatMenuButton": (
        lambda b: b.get_chat_menu_button(),
        {"type": "web_app", "text": "Shop", "web_app": {"url": "https://shop.test/"}},
    ),
    "sendChatAction": (lambda b: b.send_chat_action(777), True),
    "sendMessage": (lambda b: b.send_message(777, "<b>Ready</b>", KEYBOARD), SENT),
    "sendPhoto": (lambda b: b.send_photo(777, b"\x89PNG", "Your eSIM", KEYBOARD), SENT),
    "sendDocument": (lambda b: b.send_document(777, "r.pdf", b"%PDF", "application/pdf", "Yours"), SENT),
    "createInvoiceLink": (lambda b: b.create_invoice_link("Turkey", "3 GB, 30 days", "order-1", 250), LINK),
    "refundStarPayment": (lambda b: b.refund_star_payment(777, "charge-1"), True),
    "getStarTransactions": (lambda b: b.get_star_transactions(0, 10), {"transactions": []}),
    "getMyStarBalance": (lambda b: b.get_my_star_balance(), {"amount": 407, "nanostar_amount": 700_000_000}),
    "answerCallbackQuery": (lambda b: b.answer_callback_query("c1", "Done"), True),
}


def refused(code: int, description: str, **parameters: object) -> dict[str, Any]:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return {"status": code, "json": body}


FAULTS: list[tuple[dict[str, Any], type[errors.TelegramError]]] = [
    (refused(400, "Bad Request: message is too long"), errors.BadCall),
    (refused(400, "Bad Request: chat not found"), errors.Blocked),
    (refused(400, "Bad Request: CHARGE_ALREADY_REFUNDED"), errors.AlreadyRefunded),
    (refused(400, "Bad Request: BALANCE_TOO_LOW"), errors.BalanceTooLow),
    (refused(401, "Unauthorized"), errors.BadCall),
    (refused(403, "Forbidden: bot was blocked by the user"), errors.Blocked),
    (refused(403, "Forbidden: bot can't initiate conversation with a user"), errors.Blocked),
    (refused(403, "Forbidden: user is deactivated"), errors.Blocked),
    (refused(404, "Not Found"), errors.BadCall),
    (refused(429, "Too Many Requests: retry after 7", retry_after=7), errors.SlowDown),
    (refused(500, "Internal Server Error"), errors.Lost),
    (refused(200, "odd") | {"status": 200}, errors.Lost),
    ({"status": 200, "json": {"ok": False, "error_code": 429}}, errors.SlowDown),
    ({"status": 502, "body": "<html>Bad Gateway</html>"}, errors.Lost),
    ({"status": 403, "body": "<html>a proxy says no</html>"}, errors.Lost),
    ({"status": 429, "body": "slow down", "headers": {"Retry-After": "5"}}, errors.SlowDown),
    ({"status": 302, "headers": {"Location": "https://elsewhere.test"}}, errors.Lost),
    ({"status": 200, "body": b""}, errors.Lost),
    ({"status": 200, "body": b"\xff["}, errors.Lost),
    ({"status": 200, "body": b"[" * 200_000}, errors.Lost),
    ({"status": 200, "body": b'{"ok": true}'}, errors.Lost),
    ({"status": 200, "body": b"[true]"}, errors.Lost),
    ({"status": 200, "body": b" " * (5 * 1024 * 1024)}, errors.Lost),
]


@pytest.fixture
def telegram() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def address(method: str, base: str = BASE) -> str:
    return f"{base}/bot{TOKEN}/{method}"


def sent(telegram: responses.RequestsMock) -> dict[str, Any]:
    body: Any = telegram.calls[0].request.body
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_its_happy_answer(method: str, telegram: responses.RequestsMock) -> None:
    call, result = METHODS[method]
    telegram.post(address(method), json={"ok": True, "result": result, "extra": 1})
    call(BotApi(TOKEN, BASE))


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_named_error_for_every_fault(
    method: str, fault: dict[str, Any], expected: type, telegram: responses.RequestsMock
) -> None:
    telegram.post(address(method), **fault)
    with pytest.raises(errors.TelegramError) as caught:
        METHODS[method][0](BotApi(TOKEN, BASE))
    assert type(caught.value) is expected
    assert TOKEN not in str(caught.value)
    assert len(telegram.calls) == 1


@pytest.mark.parametrize(
    "method", ["getMe", "getWebhookInfo", "sendMessage", "sendPhoto", "createInvoiceLink"]
)
@pytest.mark.parametrize("result", [None, 7, "text", [], {}, {"id": "x"}])
def test_a_result_of_another_kind_is_lost(
    method: str, result: object, telegram: responses.RequestsMock
) -> None:
    if method == "getWebhookInfo" and result in ({}, {"id": "x"}):
        result = 7  # all that it tells is optional
    telegram.post(address(method), json={"ok": True, "result": result})
    with pytest.raises(errors.Lost):
        METHODS[method][0](BotApi(TOKEN, BASE))


@pytest.mark.parametrize(
    ("told", "seconds"), [(7, 7.0), ("7", 7.0), (0, 1.0), (None, 1.0), ("soon", 1.0), (10**9, 3600.0)]
)
def test_slow_down_says_how_long(told: object, seconds: float, telegram: responses.RequestsMock) -> None:
    telegram.post(address("getMe"), **refused(429, "Too Many Requests", retry_after=told))
    with pytest.raises(errors.SlowDown) as caught:
        BotApi(TOKEN, BASE).get_me()
    assert caught.value.retry_after_s == seconds


def test_a_message_is_html_without_a_preview(telegram: responses.RequestsMock) -> None:
    telegram.post(address("sendMessage"), json={"ok": True, "result": SENT})
    assert BotApi(TOKEN, BASE).send_message(777, "<b>Ready</b>", KEYBOARD) == 31
    assert sent(telegram) == {
        "chat_id": 777,
        "text": "<b>Ready</b>",
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Open", "web_app": {"url": "https://shop.test/"}}]]},
    }


def test_a_photo_goes_as_a_file_with_its_keyboard_as_text(telegram: responses.RequestsMock) -> None:
    telegram.post(address("sendPhoto"), json={"ok": True, "result": SENT})
    assert BotApi(TOKEN, BASE).send_photo(777, b"\x89PNG-bytes", "Your <b>eSIM</b>", KEYBOARD) == 31
    body: Any = telegram.calls[0].request.body
    assert b'name="photo"; filename="qr.png"' in body
    assert b"\x89PNG-bytes" in body
    assert b'{"inline_keyboard": [[{"text": "Open"' in body
    assert b"protect_content" not in body


def test_an_invoice_is_in_stars_and_fits(telegram: responses.RequestsMock) -> None:
    telegram.post(address("createInvoiceLink"), json={"ok": True, "result": LINK})
    assert BotApi(TOKEN, BASE).create_invoice_link("T" * 40, "D" * 300, "order-1", 250) == LINK
    body = sent(telegram)
    assert (len(body["title"]), len(body["description"]), body["currency"]) == (32, 255, "XTR")
    assert body["prices"] == [{"label": body["title"], "amount": 250}]
    assert body["payload"] == "order-1"
    assert "provider_token" not in body


@pytest.mark.parametrize("payload", ["", "я" * 65])
def test_a_payload_that_does_not_fit_is_not_even_sent(payload: str) -> None:
    with pytest.raises(errors.BadCall):
        BotApi(TOKEN, BASE).create_invoice_link("Turkey", "3 GB", payload, 250)


def test_setting_up_the_bot(telegram: responses.RequestsMock) -> None:
    for method in ("setWebhook", "setMyCommands", "setChatMenuButton"):
        telegram.post(address(method), json={"ok": True, "result": True})
        METHODS[method][0](BotApi(TOKEN, BASE))
    bodies = [json.loads(str(call.request.body, "utf-8")) for call in telegram.calls]  # type: ignore[arg-type]
    assert bodies == [
        {"url": "https://shop.test/hook", "secret_token": "s3cret", "allowed_updates": ["message"]},
        {"commands": [{"command": "start", "description": "Open the shop"}], "language_code": "ru"},
        {"menu_button": {"type": "web_app", "text": "Shop", "web_app": {"url": "https://shop.test/"}}},
    ]


def test_buttons_and_the_answer_to_a_pre_checkout() -> None:
    assert copy_button("Copy", "LPA:1$h$m") == {"text": "Copy", "copy_text": {"text": "LPA:1$h$m"}}
    for text in ("", "x" * 257):
        with pytest.raises(ValueError, match="256"):
            copy_button("Copy", text)
    yes = {"method": "answerPreCheckoutQuery", "pre_checkout_query_id": "q1", "ok": True}
    assert pre_checkout_answer("q1", True) == yes
    assert pre_checkout_answer("q1", False, "Sold out") == yes | {"ok": False, "error_message": "Sold out"}


@pytest.mark.parametrize("token", ["", "a/b", "a b", "a?b", "a#b", "a%2fb", "ключ", "a\n"])
def test_a_token_that_cannot_be_part_of_an_address_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValueError, match="bot token") as caught:
        BotApi(token, BASE)
    assert not token or token not in str(caught.value)


# On real sockets


def bot_at(base: str, timeout_s: float = 60) -> BotApi:
    return BotApi(TOKEN, base, timeout=(timeout_s, timeout_s))


def hangs(line: Line) -> None:
    line.read_request()
    line.hang()


def resets(line: Line) -> None:
    line.read_request()
    line.reset()


def drips_head(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    line.drip(b"x")


def drips_body(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    line.drip(b" ")


def endless(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    line.pour(b" " * 65536)


def redirects(line: Line) -> None:
    line.read_request()
    line.sock.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
    line.pour(b" " * 65536)


@pytest.mark.parametrize("script", [hangs, resets, drips_head, drips_body, endless, redirects])
@pytest.mark.parametrize("method", ["createInvoiceLink", "sendPhoto"])
def test_a_call_whose_answer_is_lost_is_given_up_and_sent_once(method: str, script: Script) -> None:
    with Server(script) as server:
        with pytest.raises(errors.Lost) as caught:
            METHODS[method][0](bot_at(server.address, 0.3))
        assert server.was_left()
        assert server.connections == 1
    assert caught.value.__context__ is None
    assert TOKEN not in repr(caught.value)


def test_what_never_left_is_not_reached() -> None:
    with nobody_listens() as base, pytest.raises(errors.NotReached) as caught:
        bot_at(base).get_me()
    assert caught.value.__context__ is None
    assert TOKEN not in repr(caught.value)
    with Server(lambda line: line.hang()) as server, pytest.raises(errors.NotReached):
        bot_at(server.address.replace("http:", "https:"), 0.3).get_me()


def test_a_proxy_of_the_environment_never_sees_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Server(answers_me) as server:
        assert bot_at(server.address).get_me().username == "shop_bot"


def answers_me(line: Line) -> None:
    while True:
        line.read_request()
        line.answer(json.dumps({"ok": True, "result": METHODS["getMe"][1]}).encode())


def test_many_threads_share_one_bot_and_its_connections() -> None:
    with Server(answers_me) as server:
        bot, found = BotApi(TOKEN, server.address), list[int]()
        threads = [
            threading.Thread(target=lambda: found.extend(bot.get_me().id for _ in range(10)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == [4242] * 80
        assert server.connections <= 16


def test_no_log_line_and_no_traceback_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    def spoiled(line: Line) -> None:
        line.read_request()
        line.sock.sendall(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n{}")

    with caplog.at_level(logging.DEBUG), Server(spoiled) as server:
        try:
            bot_at(server.address).get_me()
        except errors.Lost:
            logging.getLogger("shop").exception("no answer")
    assert "/bot…/getMe" in caplog.text
    assert "no answer" in caplog.text
    assert TOKEN not in caplog.text


def test_a_lower_error_does_not_carry_the_token_out(telegram: responses.RequestsMock) -> None:
    telegram.post(address("getMe"), body=requests.ConnectionError(address("getMe")))
    with pytest.raises(errors.TelegramError) as caught:
        BotApi(TOKEN, BASE).get_me()
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert TOKEN not in str(caught.value)
