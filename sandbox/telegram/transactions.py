"""Lines of getStarTransactions and sums of Stars, as Telegram writes them. Source: Bot API 10.2."""

from typing import Any

NANO = 10**9
"""Nanostars in a Star."""
MOST_PERMILLE = 800
AFFILIATE = {"id": 77_000, "is_bot": False, "first_name": "Affiliate"}


def came(payment: dict[str, Any]) -> dict[str, Any]:
    """StarTransaction of a charge: net of the affiliate's part, which stands beside it."""
    return _line(payment, payment["date"], "source", 1)


def went_back(payment: dict[str, Any], at: int) -> dict[str, Any]:
    """StarTransaction of its refund, with the same id: the affiliate's part comes back, and is negative."""
    return _line(payment, at, "receiver", -1)


def nano(line: dict[str, Any]) -> int:
    """What the line has done to the bot's balance, in nanostars."""
    amount: int = line["amount"] * NANO + line.get("nanostar_amount", 0)
    return amount if "source" in line else -amount


def withdrawn(amount: int, at: int, number: int) -> dict[str, Any]:
    """StarTransaction of Stars that its owner took out by Fragment."""
    return {
        "id": f"withdrawal-{number}",
        "amount": amount,
        "date": at,
        "receiver": {"type": "fragment", "withdrawal_state": {"type": "pending"}},
    }


def balance(data: dict[str, Any]) -> int:
    """What the bot has, in nanostars."""
    return sum(map(nano, data["transactions"]))


def net(payment: dict[str, Any]) -> int:
    """What of a payment has arrived, in nanostars."""
    return nano(came(payment))


def star_amount(nanostars: int) -> dict[str, int]:
    """StarAmount: both parts have the sign of the whole; no nanostars where there are none."""
    sign = -1 if nanostars < 0 else 1
    whole, rest = divmod(abs(nanostars), NANO)
    return {"amount": sign * whole} | ({"nanostar_amount": sign * rest} if rest else {})


def _line(payment: dict[str, Any], at: int, side: str, sign: int) -> dict[str, Any]:
    permille = payment.get("affiliate_permille", 0)
    part = payment["amount"] * NANO * permille // 1000
    partner = payment["source"]
    if permille:
        taken = {"affiliate_user": AFFILIATE, "commission_per_mille": permille, **star_amount(sign * part)}
        partner = {**partner, "affiliate": taken}
    net = star_amount(payment["amount"] * NANO - part)
    return {"id": payment["id"], **net, "date": at, side: partner}
