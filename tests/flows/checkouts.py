"""Telegram's last question before it takes the money, asked of the webhook itself."""

import json
from typing import Any

import requests

from sandbox import clock
from tests.stack import SECRET, Stack, Traveller, until


def question(number: int, person: Traveller, order: dict[str, Any]) -> dict[str, Any]:
    """An update; `number` tells those apart that are made at the same time."""
    invoice = order["invoice_url"]
    slug = person.stack.telegram("GET", f"invoice?slug={invoice.rpartition('/')[2].removeprefix('$')}")
    query = {
        "id": f"question-{order['id']}",
        "from": {"id": person.user_id, "is_bot": False, "first_name": "John", "language_code": "en"},
        "currency": "XTR",
        "total_amount": slug["amount"],
        "invoice_payload": order["id"],
    }
    return {"update_id": int(clock.monotonic() * 1e6) + number, "pre_checkout_query": query}


def ask(shop: Stack, update: dict[str, Any]) -> dict[str, Any]:
    """The answer."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
    told = requests.post(f"{shop.web}/api/telegram/webhook", json.dumps(update), headers=headers, timeout=60)
    assert told.status_code == 200, told.text
    return dict(told.json())


def questions_of(shop: Stack, people: list[Traveller]) -> list[dict[str, Any]]:
    """One for an order of each, when the first would be allowed: eSIM Go has said that it sells the plan."""
    asked = [question(number, person, person.order_to_pay()) for number, person in enumerate(people)]
    until(shop.confirmed, 20, "the word of eSIM Go")
    until(lambda: ask(shop, asked[0] | {"update_id": int(clock.monotonic() * 1e6)})["ok"], 20)
    return asked


def let_hang(shop: Stack, silent: str) -> None:
    """From now on "esimgo" takes no order, or "telegram" makes no invoice."""
    match = "POST /orders" if silent == "esimgo" else "POST /createInvoiceLink"
    getattr(shop, silent)("POST", "faults", {"match": match, "kind": "hang"})
