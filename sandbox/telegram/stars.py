"""A person pays an invoice: pre-checkout, then the Stars move, then successful_payment."""

import secrets
from typing import Any

from sandbox.telegram import transactions
from sandbox.telegram.methods.payments import STARS
from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import now_s, post, user_json

ANSWER_S = 10.0


def slug_of(invoice: str) -> str:
    """The slug in https://t.me/$slug, https://t.me/invoice/slug or the slug alone."""
    return invoice.rpartition("/")[2].removeprefix("$")


def pay(telegram: Telegram, slug: str, user_id: int, affiliate_permille: int = 0) -> dict[str, Any]:
    """Pay as Telegram does; links can be paid many times. Whoever brought the buyer gets that share of it.
    LookupError: no such invoice or user. ValueError: no such share.

    Returns {"status": "paid", "charge_id", "delivered"} or {"status": "failed", "error_message"}.
    Takes at most 10 real seconds for the bot's answer and as long again for the delivery.
    """
    if not 0 <= affiliate_permille <= transactions.MOST_PERMILLE:
        raise ValueError(f"affiliate_permille must be from 0 to {transactions.MOST_PERMILLE}")
    with telegram.world.look() as data:
        invoice, user = data["invoices"][slug], data["users"][str(user_id)]
        too_poor = user["stars"] < invoice["amount"]
    if too_poor:
        return _failed("BALANCE_TOO_LOW")
    answer = _ask_the_bot(telegram, invoice, user)
    if answer is None:
        return _failed("BOT_PRECHECKOUT_TIMEOUT")
    if not answer["ok"]:
        return _failed(answer["error_message"])
    return _settle(telegram, invoice, user, affiliate_permille)


def _failed(message: str) -> dict[str, Any]:
    return {"status": "failed", "error_message": message}


def _ask_the_bot(telegram: Telegram, invoice: dict[str, Any], user: dict[str, Any]) -> dict[str, Any] | None:
    question_id = telegram.questions.ask()
    query = {
        "id": question_id,
        "from": user_json(user),
        "currency": STARS,
        "total_amount": invoice["amount"],
        "invoice_payload": invoice["payload"],
    }
    telegram.courier.send("pre_checkout_query", user["id"], query)
    return telegram.questions.wait(question_id, ANSWER_S)


def _settle(
    telegram: Telegram, invoice: dict[str, Any], user: dict[str, Any], affiliate_permille: int
) -> dict[str, Any]:
    charge_id = "stx" + secrets.token_urlsafe(24)
    with telegram.world.change() as data:
        user["stars"] -= invoice["amount"]
        payment = _payment(charge_id, invoice, user)
        if affiliate_permille:
            payment["affiliate_permille"] = affiliate_permille
        data["payments"][charge_id] = payment
        data["transactions"].append(transactions.came(payment))
        message = post(data, user, {"successful_payment": _proof(charge_id, invoice)}, author=user_json(user))
    update_id = telegram.courier.send("message", user["id"], message)
    delivered = update_id is not None and telegram.courier.wait(update_id, ANSWER_S)
    return {"status": "paid", "charge_id": charge_id, "delivered": delivered}


def _payment(charge_id: str, invoice: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    """What was paid, all of it; transactions.py lists it."""
    source = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": user_json(user),
        "invoice_payload": invoice["payload"],
    }
    return {"id": charge_id, "amount": invoice["amount"], "date": now_s(), "source": source}


def _proof(charge_id: str, invoice: dict[str, Any]) -> dict[str, Any]:
    return {
        "currency": STARS,
        "total_amount": invoice["amount"],
        "invoice_payload": invoice["payload"],
        "telegram_payment_charge_id": charge_id,
        "provider_payment_charge_id": "",
    }
