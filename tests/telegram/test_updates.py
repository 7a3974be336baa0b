import json
from datetime import UTC, datetime
from typing import Any

import pytest

from webapp.clients.telegram.updates import parse_update, star_page

ANNA = {"id": 777, "is_bot": False, "first_name": "Анна", "language_code": "ru", "is_premium": True}
CHAT = {"id": 777, "type": "private", "first_name": "Анна"}
CHARGE = {
    "currency": "XTR",
    "total_amount": 250,
    "invoice_payload": "order-1",
    "telegram_payment_charge_id": "charge-1",
    "provider_payment_charge_id": "p-1",
}


def message(**more: object) -> dict[str, Any]:
    return {"message_id": 5, "from": ANNA, "chat": CHAT, "date": 1791191564} | more


def update(**more: object) -> bytes:
    return json.dumps({"update_id": 9} | more).encode()


def test_a_message_is_read() -> None:
    found = parse_update(update(message=message(text="/start tr-3gb", entities=[{"type": "bot_command"}])))
    assert found is not None
    assert found.message is not None
    assert found.message.from_user is not None
    assert (found.update_id, found.message.text, found.message.chat.type) == (9, "/start tr-3gb", "private")
    assert (found.message.from_user.id, found.message.from_user.first_name) == (777, "Анна")
    assert found.message.date == datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC)


def test_a_payment_and_its_refund_are_read() -> None:
    paid = parse_update(update(message=message(successful_payment=CHARGE)))
    back = parse_update(update(message=message(refunded_payment=CHARGE)))
    assert paid is not None
    assert back is not None
    assert paid.message is not None
    assert back.message is not None
    assert paid.message.successful_payment is not None
    assert back.message.refunded_payment is not None
    assert paid.message.successful_payment.telegram_payment_charge_id == "charge-1"
    assert paid.message.successful_payment.total_amount == 250
    assert back.message.refunded_payment.invoice_payload == "order-1"


def test_a_pre_checkout_a_button_and_a_block_are_read() -> None:
    query = {"id": "q1", "from": ANNA, "currency": "XTR", "total_amount": 250, "invoice_payload": "order-1"}
    asked = parse_update(update(pre_checkout_query=query))
    pressed = parse_update(
        update(callback_query={"id": "c1", "from": ANNA, "chat_instance": "1", "data": "x"})
    )
    member = {
        "chat": CHAT,
        "from": ANNA,
        "date": 1,
        "old_chat_member": {},
        "new_chat_member": {"status": "kicked"},
    }
    blocked = parse_update(update(my_chat_member=member))
    assert asked is not None
    assert asked.pre_checkout_query is not None
    assert (asked.pre_checkout_query.from_user.id, asked.pre_checkout_query.total_amount) == (777, 250)
    assert pressed is not None
    assert pressed.callback_query is not None
    assert pressed.callback_query.data == "x"
    assert blocked is not None
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.blocked


def test_write_access_is_told_even_by_an_empty_object() -> None:
    found = parse_update(update(message=message(write_access_allowed={})))
    assert found is not None
    assert found.message is not None
    assert found.message.write_access_allowed is not None


def test_an_update_of_an_unknown_kind_is_still_an_update() -> None:
    found = parse_update(update(business_message={"x": 1}))
    assert found is not None
    assert (found.message, found.pre_checkout_query) == (None, None)


def test_halves_of_characters_in_a_name_do_not_stop_a_payment() -> None:
    person = ANNA | {"first_name": "x\ud83c\0", "last_name": 5}
    found = parse_update(update(message=message(successful_payment=CHARGE) | {"from": person}))
    assert found is not None
    assert found.message is not None
    assert found.message.from_user is not None
    assert (found.message.from_user.first_name, found.message.from_user.last_name) == ("x?", "")
    assert found.message.successful_payment is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 200_000,
        b'{"update_id": "x"}',
        b'{"update_id": true}',
        update(message={"chat": {}}),
        update(message=message(successful_payment=CHARGE | {"total_amount": "much"})),
        update(message=message(successful_payment=CHARGE | {"telegram_payment_charge_id": ""})),
        update(pre_checkout_query={"id": "q1"}),
    ],
)
def test_what_is_no_update_is_none(body: bytes) -> None:
    assert parse_update(body) is None


def test_star_transactions_tell_their_direction_and_survive_a_broken_row() -> None:
    partner = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": ANNA,
        "invoice_payload": "order-1",
    }
    rows = [
        {"id": "charge-1", "amount": 250, "date": 1791191564, "source": partner},
        {"broken": True},
        {"id": "charge-1", "amount": 250, "date": 1791191570, "receiver": partner},
    ]
    page = star_page({"transactions": rows})
    paid, back = page.transactions
    assert page.length == 3
    assert (paid.id, paid.amount, paid.incoming, back.incoming) == ("charge-1", 250, True, False)
    assert paid.source is not None
    assert paid.source.user is not None
    assert (paid.source.user.id, paid.source.invoice_payload) == (777, "order-1")
    assert star_page({"transactions": None}) == ((), 0)
