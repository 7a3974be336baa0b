"""The Bot API's envelope, messages, the bot's profile, and the faults of a call."""

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.esimgo import until
from tests.sandbox.telegram import ANNA, TOKEN, Stage, running


@pytest.fixture
def stage() -> Iterator[Stage]:
    with running() as stage:
        yield stage


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\x00" + b"\xff" * width for _ in range(height))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_wrong_token_and_an_unknown_method_are_refused_as_telegram_does(stage: Stage) -> None:
    stranger = requests.get(f"{stage.url}/bot999:WRONG/getMe", timeout=60)
    assert stranger.status_code == 401
    assert stranger.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert stage.refused("launchRocket") == (404, "Not Found")
    assert stage.call("GETME")["id"] == 123456


@pytest.mark.parametrize("way", ["params", "data", "json"])
def test_parameters_may_come_as_query_form_or_json(stage: Stage, way: str) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "LPA:1$host$id"}}]]}
    as_text = '{"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "LPA:1$host$id"}}]]}'
    values: dict[str, Any] = {"chat_id": ANNA, "text": "hi"}
    values["reply_markup"] = keyboard if way == "json" else as_text
    url = f"{stage.url}/bot{TOKEN}/sendMessage"
    answer = requests.request("GET" if way == "params" else "POST", url, timeout=60, **{way: values})  # type: ignore[arg-type]
    assert answer.json()["result"]["reply_markup"] == keyboard


def test_html_becomes_text_and_entities_counted_in_utf16(stage: Stage) -> None:
    message = stage.call("sendMessage", chat_id=ANNA, text="😀 <b>Готово &amp; ok</b>", parse_mode="HTML")
    assert message["text"] == "😀 Готово & ok"
    assert message["entities"] == [{"type": "bold", "offset": 3, "length": 11}]


@pytest.mark.parametrize("text", ["a < b", "<script>x</script>", "<b>open", "<b><i>x</b></i>", "</b>"])
def test_html_that_telegram_cannot_read_is_refused(stage: Stage, text: str) -> None:
    status, reason = stage.refused("sendMessage", chat_id=ANNA, text=text, parse_mode="HTML")
    assert (status, reason.startswith("Bad Request: can't parse entities")) == (400, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "message text is empty"), (" \n", "message text is empty"), ("x" * 4097, "message is too long")],
)
def test_a_text_has_1_to_4096_characters(stage: Stage, text: str, reason: str) -> None:
    assert stage.refused("sendMessage", chat_id=ANNA, text=text) == (400, f"Bad Request: {reason}")
    assert len(stage.call("sendMessage", chat_id=ANNA, text="x" * 4096)["text"]) == 4096


@pytest.mark.parametrize(
    "button",
    [
        {"text": "no action"},
        {"text": "", "callback_data": "x"},
        {"text": "two", "callback_data": "x", "url": "https://shop.example"},
        {"text": "long", "callback_data": "я" * 33},
        {"text": "copy", "copy_text": {"text": "x" * 257}},
        {"text": "plain http", "web_app": {"url": "http://shop.example/"}},
        {"text": "scheme", "url": "javascript:alert(1)"},
    ],
)
def test_a_keyboard_button_that_telegram_would_not_take_is_refused(
    stage: Stage, button: dict[str, Any]
) -> None:
    markup = {"inline_keyboard": [[button]]}
    assert stage.refused("sendMessage", chat_id=ANNA, text="hi", reply_markup=markup)[0] == 400
    assert stage.messages() == []


def test_someone_who_blocked_the_bot_gets_nothing_until_unblocked(stage: Stage) -> None:
    stage.control("POST", "block", {"user_id": ANNA, "blocked": True})
    reason = (403, "Forbidden: bot was blocked by the user")
    assert stage.refused("sendMessage", chat_id=ANNA, text="hi") == reason
    assert stage.messages() == []
    stage.control("POST", "block", {"user_id": ANNA, "blocked": False})
    stage.call("sendMessage", chat_id=ANNA, text="hi")


def test_a_stranger_has_no_chat(stage: Stage) -> None:
    assert stage.refused("sendMessage", chat_id=4040, text="hi") == (400, "Bad Request: chat not found")


def test_an_uploaded_photo_can_be_seen_and_sent_again_by_its_id(stage: Stage) -> None:
    picture = png(3, 2)
    sent = stage.call("sendPhoto", chat_id=str(ANNA), caption="<b>QR</b>", parse_mode="HTML",
                      files={"photo": ("qr.png", picture, "image/png")})  # fmt: skip
    assert (sent["photo"][0]["width"], sent["photo"][0]["height"]) == (3, 2)
    stage.call("sendPhoto", chat_id=ANNA, photo=sent["photo"][0]["file_id"])

    shown = stage.messages()
    assert (shown[0]["caption"], shown[0]["photo_type"]) == ("QR", "image/png")
    assert [base64.b64decode(message["photo"]) for message in shown] == [picture, picture]


def test_a_photo_by_url_is_fetched(stage: Stage) -> None:
    stage.shop.pages["/qr.png"] = ("image/png", png(1, 1))
    stage.call("sendPhoto", chat_id=ANNA, photo=f"{stage.shop_url}/qr.png")
    assert stage.refused("sendPhoto", chat_id=ANNA, photo=f"{stage.shop_url}/none.png")[0] == 400
    assert stage.refused("sendPhoto", chat_id=ANNA, photo="https://far.example/qr.png")[0] == 400


def test_something_that_is_no_picture_is_refused_as_a_photo_but_not_as_a_document(stage: Stage) -> None:
    note = ("note.txt", b"hello", "text/plain")
    assert stage.refused("sendPhoto", chat_id=ANNA, files={"photo": note})[0] == 400
    assert stage.call("sendDocument", chat_id=ANNA, files={"document": note})["document"]["file_size"] == 5


def test_commands_follow_the_language_and_the_menu_button_the_chat(stage: Stage) -> None:
    stage.call("setMyCommands", commands=[{"command": "help", "description": "Help"}])
    stage.call("setMyCommands", commands=[{"command": "help", "description": "Помощь"}], language_code="ru")
    button = {"type": "web_app", "text": "Shop", "web_app": {"url": f"{stage.shop_url}/"}}
    stage.call("setChatMenuButton", menu_button=button)

    profile = stage.control("GET", f"profile?user_id={ANNA}")
    assert profile["commands"] == [{"command": "help", "description": "Помощь"}]
    assert profile["menu_button"] == button
    assert stage.call("getChatMenuButton", chat_id=ANNA) == button
    assert stage.refused("setMyCommands", commands=[{"command": "Help!", "description": "x"}])[0] == 400


def test_too_many_requests_says_when_to_come_back(stage: Stage) -> None:
    stage.fault("429", "POST /sendMessage", times=1, after_s=7)
    answer = stage.method("sendMessage", chat_id=ANNA, text="hi")
    assert (answer.status_code, answer.json()["parameters"]) == (429, {"retry_after": 7})
    stage.call("sendMessage", chat_id=ANNA, text="hi")
    assert len(stage.messages()) == 1


@pytest.mark.parametrize(("kind", "status"), [("502", 502), ("403", 403)])
def test_a_failing_call_does_no_work(stage: Stage, kind: str, status: int) -> None:
    stage.fault(kind, times=1)
    assert stage.refused("sendMessage", chat_id=ANNA, text="hi")[0] == status
    assert stage.messages() == []


def test_a_lost_answer_leaves_the_message_in_the_chat(stage: Stage) -> None:
    stage.fault("lost_answer", times=1)
    with pytest.raises(requests.ConnectionError):
        stage.method("sendMessage", chat_id=ANNA, text="hi")
    assert len(stage.messages()) == 1


def test_a_broken_answer_is_no_json(stage: Stage) -> None:
    stage.fault("broken_json", times=1)
    with pytest.raises(ValueError):
        stage.method("sendMessage", chat_id=ANNA, text="hi").json()


def test_down_refuses_connections_while_people_can_still_act(stage: Stage) -> None:
    stage.fault("down")
    with pytest.raises(requests.ConnectionError):
        stage.method("getMe")
    assert stage.messages() == []
    stage.control("DELETE", "faults")
    assert stage.call("getMe")["is_bot"] is True


def test_a_hanging_call_does_no_work_and_ends_when_lifted(stage: Stage) -> None:
    stage.fault("hang", "POST /sendMessage", times=1)
    with pytest.raises(requests.Timeout):
        stage.method("sendMessage", timeout=0.3, chat_id=ANNA, text="hi")
    until(lambda: stage.control("GET", "faults") == {"faults": []})
    stage.control("DELETE", "faults")
    assert stage.messages() == []


def test_calls_are_listed_with_the_chat_they_concern(stage: Stage) -> None:
    stage.method("sendMessage", chat_id=ANNA, text="hi")
    stage.method("sendMessage", chat_id=ANNA, text="")
    calls = [(call["path"], call["status"], call["chat_id"]) for call in stage.state()["calls"]]
    assert calls == [("/sendMessage", 200, str(ANNA)), ("/sendMessage", 400, str(ANNA))]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "late"}),
        ("faults", {"kind": "502", "match": "UPDATE /message"}),
        ("clock", {"advance_s": -1}),
        ("clock", {"advance_s": "1"}),
        ("send", {"user_id": ANNA, "text": ""}),
        ("send", {"user_id": "Anna", "text": "hi"}),
        ("press", {"user_id": ANNA, "message_id": 1, "data": "x"}),
        ("block", {"user_id": ANNA, "blocked": "yes"}),
        ("block", []),
    ],
)
def test_bad_control_input_says_what_is_wrong(stage: Stage, path: str, body: Any) -> None:
    assert stage.control("POST", path, body, expect=400)["error"]


def test_pages_of_other_origins_may_use_the_control_plane(stage: Stage) -> None:
    for answer in (
        requests.get(f"{stage.url}/_sandbox/state", timeout=60),
        requests.options(f"{stage.url}/_sandbox/pay", timeout=60),
        requests.get(f"{stage.url}/_sandbox/init-data", timeout=60),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
