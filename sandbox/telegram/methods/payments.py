"""Telegram Stars: invoice links, pre-checkout answers, refunds, transactions, balance."""

import secrets
from typing import Any

from sandbox.telegram import transactions
from sandbox.telegram.errors import bad_request
from sandbox.telegram.params import Params
from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import now_s, post

STARS = "XTR"
SUBSCRIPTION_S = 2_592_000
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def create_invoice_link(telegram: Telegram, params: Params) -> str:
    """Bot API, createInvoiceLink, for Stars only. The words of its refusals are not documented."""
    invoice = {
        "title": _sized(params, "title", 32),
        "description": _sized(params, "description", 255),
        "payload": _payload(params),
        "amount": _price(params),
        "photo_url": params.text("photo_url"),
    }
    slug = secrets.token_urlsafe(12)
    with telegram.world.change() as data:
        data["invoices"][slug] = invoice
    return f"https://t.me/${slug}"


def answer_pre_checkout_query(telegram: Telegram, params: Params) -> bool:
    """Bot API, answerPreCheckoutQuery: within 10 seconds of the query."""
    answer = {"ok": params.boolean("ok"), "error_message": params.text("error_message")}
    if not answer["ok"] and not answer["error_message"]:
        raise bad_request("error_message is required when ok is False")
    if not telegram.questions.answer(params.required_text("pre_checkout_query_id"), answer):
        raise bad_request(TOO_OLD)
    return True


def refund_star_payment(telegram: Telegram, params: Params) -> bool:
    """Bot API, refundStarPayment: the whole amount, once, from the bot's balance. What it says where that is
    too low is not documented.
    """
    user_id, charge_id = params.integer("user_id"), params.required_text("telegram_payment_charge_id")
    with telegram.world.change() as data:
        payment = _payment(data, user_id, charge_id)
        if charge_id not in data["refunds"] and transactions.balance(data) < transactions.net(payment):
            raise bad_request("BALANCE_TOO_LOW")
        _record_refund(data, user_id, payment)
        user = data["users"][str(user_id)]
        user["stars"] += payment["amount"]
        data["transactions"].append(transactions.went_back(payment, now_s()))
        message = _refund_message(telegram, data, user, payment)
    telegram.courier.send("message", user_id, message)
    return True


def _record_refund(data: dict[str, Any], user_id: int, payment: dict[str, Any]) -> None:
    """count is how often money went back, asked how often the bot wanted it to."""
    charge_id = payment["id"]
    if charge_id in data["refunds"]:
        data["refunds"][charge_id]["asked"] += 1
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    data["refunds"][charge_id] = {
        "user_id": user_id,
        "telegram_payment_charge_id": charge_id,
        "amount": payment["amount"],
        "at": now_s(),
        "count": 1,
        "asked": 1,
    }


def get_star_transactions(telegram: Telegram, params: Params) -> dict[str, Any]:
    offset, limit = params.integer("offset", 0), params.integer("limit", 100)
    if offset < 0 or not 1 <= limit <= 100:
        raise bad_request("limit must be between 1 and 100, offset 0 or more")
    with telegram.world.look() as data:
        return {"transactions": list(data["transactions"][offset : offset + limit])}


def get_my_star_balance(telegram: Telegram, params: Params) -> dict[str, int]:
    with telegram.world.look() as data:
        return transactions.star_amount(transactions.balance(data))


def _sized(params: Params, name: str, most: int) -> str:
    text = params.required_text(name)
    if len(text) > most:
        raise bad_request(f"{name} must be 1-{most} characters")
    return text


def _payload(params: Params) -> str:
    payload = params.required_text("payload")
    if len(payload.encode()) > 128:
        raise bad_request("INVOICE_PAYLOAD_INVALID: payload must be 1-128 bytes")
    return payload


def _price(params: Params) -> int:
    """Exactly one price, in whole Stars."""
    if params.required_text("currency") != STARS:
        raise bad_request("CURRENCY_INVALID: this stand-in takes XTR only")
    if params.text("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID: provider_token must be empty for Stars")
    if params.integer("subscription_period", SUBSCRIPTION_S) != SUBSCRIPTION_S:
        raise bad_request("SUBSCRIPTION_PERIOD_INVALID")
    prices = params.nested("prices")
    if not isinstance(prices, list) or len(prices) != 1 or not isinstance(prices[0], dict):
        raise bad_request("prices must contain exactly one item for payments in Telegram Stars")
    amount = prices[0].get("amount")
    if type(amount) is not int or amount < 1 or not str(prices[0].get("label") or ""):
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID: label and a positive whole amount")
    return amount


def _payment(data: dict[str, Any], user_id: int, charge_id: str) -> dict[str, Any]:
    payment: dict[str, Any] | None = data["payments"].get(charge_id)
    if payment is None or payment["source"]["user"]["id"] != user_id:
        raise bad_request("CHARGE_NOT_FOUND")
    return payment


def _refund_message(
    telegram: Telegram, data: dict[str, Any], user: dict[str, Any], payment: dict[str, Any]
) -> dict[str, Any]:
    refunded = {
        "currency": STARS,
        "total_amount": payment["amount"],
        "invoice_payload": payment["source"]["invoice_payload"],
        "telegram_payment_charge_id": payment["id"],
    }
    return post(data, user, {"refunded_payment": refunded}, author=telegram.bot)
