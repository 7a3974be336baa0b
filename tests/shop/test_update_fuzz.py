"""Thousands of updates that Telegram would not send: no answer is 5xx, and none ends anything."""

import copy
import json
import random
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.shop.factories import OWNER, after, charge, lead, make_order, quoted
from webapp.models import Order, Payment, TelegramUpdate

TELEGRAM = "/api/telegram/webhook"
SECRET = {"X-Telegram-Bot-Api-Secret-Token": "hook"}
SOME, ALL = 1000, 3000
"""Updates."""
SEED = 20261123

ANN = {"id": OWNER, "is_bot": False, "first_name": "Ann", "language_code": "ru"}
CHAT = {"id": OWNER, "type": "private", "first_name": "Ann"}

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**52, 2**63, 10**30, 1.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", " ", "0", "\0", "\ud800", "a\0b", "😀", "ru\n", "/", "/start", "/\0", "@", "language:", "x" * 5000),
    *("'; DROP TABLE orders; --", "%s %(shop)s {0}", "<b>", "tma", "LPA:1$a$b", "-100", "true", "1e3"),
    *([], {}, [[]], [{}], {"id": 1}, {"": ""}, [None] * 50, {"text": {"text": {}}}),
)


def message(**content: Any) -> dict[str, Any]:
    return {"message": {"message_id": 1, "date": 1795000000, "chat": CHAT, "from": ANN} | content}


def samples(reference: str, paid: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"id": "q", "from": ANN, "currency": "XTR", "total_amount": 453, "invoice_payload": reference}
    return [
        message(text="/start ref-1", entities=[{"type": "bot_command", "offset": 0, "length": 6}]),
        message(text="/language"),
        message(text="hello"),
        message(successful_payment=paid),
        message(refunded_payment=paid),
        message(write_access_allowed={"from_request": True}),
        {"pre_checkout_query": query},
        {"callback_query": {"id": "q", "from": ANN, "data": "language:en", "chat_instance": "1"}},
        {"my_chat_member": {"chat": CHAT, "from": ANN, "date": 1, "new_chat_member": {"status": "kicked"}}},
        {"my_chat_member": {"chat": CHAT, "from": ANN, "date": 1, "new_chat_member": {"status": "member"}}},
        {"channel_post": {"message_id": 1, "chat": {"id": -100}, "text": "x"}, "poll": {"id": "1"}},
    ]


def mutated(update: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """One to three places replaced, dropped, doubled in depth, or taken from elsewhere."""
    changed = copy.deepcopy(update)
    for _ in range(chance.randint(1, 3)):
        holder = chance.choice(holders(changed))
        key = chance.choice([*holder, "chat", "from", "update_id"])
        wish = chance.random()
        if wish < 0.15:
            holder.pop(key, None)
        elif wish < 0.3:
            holder[key] = {key: holder.get(key)}
        else:
            holder[key] = copy.deepcopy(chance.choice(JUNK))
    return changed


def holders(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        return []
    return [value, *(inner for child in value.values() for inner in holders(child))]


@pytest.mark.proof
@pytest.mark.usefixtures("database")
def test_no_update_whatever_is_in_it_breaks_the_door(browser: FlaskClient, in_full: bool) -> None:
    tries = ALL if in_full else SOME
    lead()
    quoted()
    order = make_order()
    known = samples(order.reference, charge(order).model_dump())
    chance = random.Random(SEED)
    statuses: dict[int, int] = {}
    for number in range(1, tries + 1):
        update = mutated({"update_id": number} | chance.choice(known), chance)
        body = json.dumps(update).encode("utf-8", "replace")
        status = browser.post(TELEGRAM, data=body, headers=SECRET).status_code
        statuses[status] = statuses.get(status, 0) + 1
        assert status in {200, 400}, body
    print(f"\n{tries} mutated updates: {statuses}; {TelegramUpdate.select().count()} stored")
    assert min(statuses.values()) > tries / 20, "both kinds were met"
    kept = Payment.select().where(Payment.state == "confirmed").count()
    assert kept == to_be_bought(order.fresh()), "whatever pays for nothing goes back"


def to_be_bought(order: Order) -> bool:
    """Paid, and not told since that the charge went back."""
    return order.deadline_at is not None and order.deadline_at > after(60)


def test_a_body_that_was_cut_or_turned_is_a_bad_request_or_an_update(browser: FlaskClient) -> None:
    body = json.dumps({"update_id": 1} | message(text="/start")).encode()
    chance = random.Random(SEED)
    for _ in range(500):
        damaged = bytearray(body[: chance.randint(0, len(body))])
        for _ in range(chance.randint(0, 4)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        status = browser.post(TELEGRAM, data=bytes(damaged), headers=SECRET).status_code
        assert status in {200, 400}, damaged
