"""How updates reach the webhook, and what a person in the chat causes."""

import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from sandbox import clock
from sandbox.faults import FaultBook
from sandbox.telegram.courier import Courier
from sandbox.telegram.errors import Refused
from sandbox.telegram.methods import webhook
from sandbox.telegram.telegram import UPDATE_FAULTS
from sandbox.telegram.world import World
from tests.sandbox.esimgo import until
from tests.sandbox.telegram import ANNA, SECRET, Stage, running


@pytest.fixture
def stage() -> Iterator[Stage]:
    with running() as stage:
        stage.connect()
        yield stage


def test_what_a_person_writes_arrives_in_order_with_the_secret(stage: Stage) -> None:
    for text in ("/start", "hello", "bye"):
        stage.write(text)
    stage.hears(3)

    assert [message["text"] for message in stage.shop.of_kind("message")] == ["/start", "hello", "bye"]
    ids = [update["update_id"] for update in stage.shop.heard]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert set(stage.shop.secrets) == {SECRET}
    first = stage.shop.of_kind("message")[0]
    assert first["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert (first["chat"]["id"], first["from"]["language_code"]) == (ANNA, "ru")


def test_an_update_that_failed_is_sent_again_until_it_succeeds(stage: Stage) -> None:
    answers = iter([500, 404])
    stage.shop.react = lambda update: (next(answers, 200), None)
    stage.write("hello")

    until(lambda: stage.state()["updates"][0]["state"] == "delivered")
    assert len(stage.shop.heard) == 3
    assert stage.state()["updates"][0]["attempts"] == 3
    assert "404" in stage.call("getWebhookInfo")["last_error_message"]


def test_one_persons_failing_update_does_not_hold_up_another(stage: Stage) -> None:
    stage.shop.react = lambda update: (500 if update["message"]["from"]["id"] == ANNA else 200, None)
    stage.write("stuck")
    stage.write("behind it")
    stage.write("free", user_id=1002)
    until(lambda: "free" in [message["text"] for message in stage.shop.of_kind("message")])
    assert "behind it" not in [message["text"] for message in stage.shop.of_kind("message")]
    until(lambda: stage.call("getWebhookInfo")["pending_update_count"] == 2)


def test_updates_wait_until_a_webhook_is_set() -> None:
    with running() as stage:
        stage.write("early bird")
        assert stage.call("getWebhookInfo")["pending_update_count"] == 1
        stage.connect()
        stage.hears(1)


def test_a_webhook_that_is_set_during_a_try_is_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    courier = Courier(World(), FaultBook(UPDATE_FAULTS), lambda method, parameters: None)
    tries: list[int] = []

    def deliver(update_id: int) -> float | None:
        tries.append(update_id)
        if len(tries) == 2:
            return None
        courier.hurry()
        return 3600.0  # there was none when it looked

    monkeypatch.setattr(courier, "deliver", deliver)
    courier.start()
    courier.queue(ANNA, 1)
    until(lambda: tries == [1, 1])
    courier.stop()


def test_a_late_update_is_overtaken_by_the_next(stage: Stage) -> None:
    stage.fault("late", "UPDATE /message", times=1, after_s=3600)
    stage.write("first")
    stage.write("second")
    stage.hears(1)
    stage.control("POST", "clock", {"advance_s": 3600})
    stage.hears(2)
    assert [message["text"] for message in stage.shop.of_kind("message")] == ["second", "first"]


def test_after_a_day_an_update_is_dropped(stage: Stage) -> None:
    stage.shop.react = lambda update: (500, None)
    stage.write("stale")
    stage.hears(1)
    stage.control("POST", "clock", {"advance_s": 24 * 3600 + 1})
    until(lambda: stage.state()["updates"][0]["state"] == "dropped")


def test_only_the_kinds_asked_for_are_sent(stage: Stage) -> None:
    stage.connect(allowed_updates=["my_chat_member"])
    stage.write("not for you")
    stage.control("POST", "block", {"user_id": ANNA, "blocked": True})
    stage.hears(1)
    assert stage.shop.kinds() == ["my_chat_member"]
    change = stage.shop.of_kind("my_chat_member")[0]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")


def test_leaving_out_allowed_updates_keeps_them(stage: Stage) -> None:
    stage.connect(allowed_updates=["message"])
    stage.connect()
    assert stage.call("getWebhookInfo")["allowed_updates"] == ["message"]
    stage.connect(allowed_updates=[])
    assert "allowed_updates" not in stage.call("getWebhookInfo")


def test_a_stored_update_can_be_delivered_again(stage: Stage) -> None:
    stage.shop.react = lambda update: (200, {"seen": update["update_id"]})
    stage.write("once")
    stage.hears(1)
    update_id = stage.shop.heard[0]["update_id"]

    again = stage.control("POST", "resend", {"update_id": update_id})
    assert (again["status"], str(update_id) in again["body"]) == (200, True)
    assert stage.shop.heard[0] == stage.shop.heard[1]
    stage.control("POST", "resend", {"update_id": 1}, expect=400)


def test_a_pressed_button_gets_the_bots_answer(stage: Stage) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Russian", "callback_data": "lang:ru"}]]}
    message = stage.call("sendMessage", chat_id=ANNA, text="Language?", reply_markup=keyboard)

    def answer(update: dict[str, Any]) -> tuple[int, Any]:
        query = update["callback_query"]
        call = {"method": "answerCallbackQuery", "callback_query_id": query["id"], "text": query["data"]}
        return 200, call

    stage.shop.react = answer
    pressed = {"user_id": ANNA, "message_id": message["message_id"], "data": "lang:ru"}
    assert stage.control("POST", "press", pressed)["answer"] == {"text": "lang:ru", "show_alert": False}
    assert stage.shop.of_kind("callback_query")[0]["message"]["text"] == "Language?"


def test_consent_to_messages_reaches_the_shop(stage: Stage) -> None:
    stage.control("GET", "init-data?user_id=77&allows_write_to_pm=false")
    assert stage.refused("sendMessage", chat_id=77, text="hi") == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )
    stage.control("POST", "write-access", {"user_id": 77, "allowed": True})
    stage.hears(1)
    assert stage.shop.of_kind("message")[0]["write_access_allowed"] == {"from_request": True}
    stage.call("sendMessage", chat_id=77, text="hi")


def test_a_method_in_the_webhooks_answer_is_carried_out(stage: Stage) -> None:
    stage.shop.react = lambda update: (200, {"method": "sendMessage", "chat_id": ANNA, "text": "Welcome!"})
    stage.write("/start")
    until(lambda: stage.state()["calls"][-1].get("via") == "webhook")
    call = stage.state()["calls"][-1]
    assert (call["path"], call["status"]) == ("/sendMessage", 200)
    assert [message["text"] for message in stage.messages()] == ["/start", "Welcome!"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"url": "http://shop.example/hook"}, "HTTPS url must be provided"),
        ({"url": "https://shop.example:8000/hook"}, "ports 80, 88, 443 or 8443"),
        ({"secret_token": "no spaces"}, "unallowed characters"),
        ({"secret_token": "x" * 257}, "unallowed characters"),
        ({"allowed_updates": {"message": True}}, "allowed_updates"),
    ],
)
def test_a_webhook_is_checked_as_documented(stage: Stage, wrong: dict[str, Any], reason: str) -> None:
    status, description = stage.refused("setWebhook", **{"url": f"{stage.shop_url}/hook", **wrong})
    assert (status, reason in description) == (400, True)


@pytest.mark.parametrize(("address", "here"), [("127.0.0.1", True), ("203.0.113.7", False)])
def test_a_webhook_with_a_name_has_to_lead_here(
    monkeypatch: pytest.MonkeyPatch, address: str, here: bool
) -> None:
    """Behind a proxy with a certificate, as a shop that goes live has it."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: found)
    with nullcontext() if here else pytest.raises(Refused, match="loopback addresses only"):
        webhook.check_url("https://shop.example.com/hook")


def test_a_deleted_webhook_can_drop_what_is_waiting(stage: Stage) -> None:
    stage.shop.react = lambda update: (500, None)
    stage.write("never mind")
    stage.hears(1)
    stage.call("deleteWebhook", drop_pending_updates=True)
    info = stage.call("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == ("", 0)


def test_a_restart_keeps_chats_payments_and_what_is_still_owed(tmp_path: Path) -> None:
    state = tmp_path / "telegram.json"
    with running(state) as stage:
        stage.connect()
        charge_id = stage.pay(stage.invoice(5))["charge_id"]
        stage.call("setMyCommands", commands=[{"command": "start", "description": "Begin"}])
        unpaid, stars, before = stage.invoice(7), stage.stars(), stage.messages()
        stage.call("deleteWebhook")
        stage.write("are you there?")

    with running(state) as stage:
        assert stage.stars() == stars
        assert stage.messages()[:-1] == before
        assert stage.call("getMyCommands") == [{"command": "start", "description": "Begin"}]
        stage.connect()
        stage.hears(1)
        assert stage.shop.of_kind("message")[0]["text"] == "are you there?"
        assert stage.pay(unpaid)["status"] == "paid"
        stage.call("refundStarPayment", user_id=ANNA, telegram_payment_charge_id=charge_id)
        numbers = [entry["update"]["update_id"] for entry in stage.state()["updates"]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_reset_forgets_people_but_not_the_bot_nor_the_numbers(stage: Stage) -> None:
    stage.write("/start")
    stage.hears(1)
    offset = stage.control("POST", "clock", {"advance_s": 60})["offset_s"]
    stage.fault("502", times=5)

    stage.control("POST", "reset")

    assert stage.messages() == []
    assert stage.state()["calls"] == []
    assert stage.call("getWebhookInfo")["url"].endswith("/hook")
    assert clock.offset_s() == offset
    stage.write("/start")
    stage.hears(2)
    assert stage.shop.heard[1]["update_id"] == stage.shop.heard[0]["update_id"] + 1
