"""What is asked of the shop, row by row of the table: pages, polls and knocks, signed as real ones are."""

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Sequence

import requests

from bench.wrk import Ask
from tests.shop.factories import make_customer, make_esim, make_order, quoted
from tests.telegram.signing import fields, sign
from webapp.base import clock
from webapp.models import Order

KEY, TOKEN, HOOK = "sandbox-key", "123456:SANDBOX", "hook"
KNOCKS = 20_000
BUYER, TRAVELLER = 7001, 7002
TRAVELS = 20

_numbers = itertools.count(1)


def fill() -> dict[str, str]:
    """Rows for whoever asks below; the references of an order under way and of one that is to be paid for."""
    buyer, traveller = make_customer(BUYER), make_customer(TRAVELLER)
    for _ in range(TRAVELS):
        make_esim(make_order("ready", traveller))
    quoted()
    unpaid = make_order("awaiting_payment", buyer, plan_id="of-its-own", invoiced_at=clock.now())
    return {"paid": make_order("paid", buyer).reference, "unpaid": unpaid.reference}


def page(path: str) -> list[Ask]:
    return [Ask(path, headers={"Accept-Encoding": "br"})]


def personal(path: str, user: int) -> list[Ask]:
    about = {"id": user, "first_name": "Ann", "language_code": "en"}
    signed = sign(fields(int(clock.timestamp()), about), TOKEN)
    return [Ask(path, headers={"Authorization": f"tma {signed}", "HX-Request": "true"})]


def unchanged(url: str, asks: Sequence[Ask]) -> list[Ask]:
    """The same again, from a page that has it already."""
    (ask,) = asks
    tag = requests.get(url + ask.path, headers=dict(ask.headers), timeout=10).headers["HX-PTag"]
    return [Ask(ask.path, headers={**ask.headers, "HX-PTag": tag})]


def callbacks(count: int = KNOCKS) -> list[Ask]:
    return [_callback(next(_numbers)) for _ in range(count)]


def _callback(number: int) -> Ask:
    body = json.dumps({"iccid": f"8999{number:015d}", "alertType": "Utilisation", "number": number})
    digest = hmac.new(KEY.encode(), body.encode(), hashlib.sha256).digest()
    proof = base64.b64encode(digest).decode()
    headers = {"X-Signature-SHA256": proof, "Content-Type": "application/json"}
    return Ask("/api/esimgo/webhook", "POST", headers, body)


def updates(count: int = KNOCKS) -> list[Ask]:
    return [_update({"message": _message()}) for _ in range(count)]


def pre_checkouts(reference: str, count: int = KNOCKS) -> list[Ask]:
    return [_update({"pre_checkout_query": _question(reference)}) for _ in range(count)]


def _message() -> dict[str, object]:
    chat = {"id": BUYER, "type": "private"}
    person = {"id": BUYER, "first_name": "Ann", "language_code": "en"}
    return {"message_id": 1, "date": int(clock.timestamp()), "chat": chat, "from": person, "text": "hello"}


def _question(reference: str) -> dict[str, object]:
    return {
        "id": f"query-{next(_numbers)}",
        "from": {"id": BUYER, "first_name": "Ann"},
        "currency": "XTR",
        "total_amount": Order.get(Order.reference == reference).stars,
        "invoice_payload": reference,
    }


def _update(what: dict[str, object]) -> Ask:
    body = json.dumps({"update_id": next(_numbers), **what})
    headers = {"X-Telegram-Bot-Api-Secret-Token": HOOK, "Content-Type": "application/json"}
    return Ask("/api/telegram/webhook", "POST", headers, body)
