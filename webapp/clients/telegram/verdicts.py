"""What an answer of the Bot API means: pure functions.

Source: Bot API 10.2, "Making requests": {"ok", "result"}, or {"ok", "error_code", "description"} and, after
a 429, {"parameters": {"retry_after"}}.
"""

import json
from typing import Any

from webapp.clients.http import Answer

from .errors import AlreadyRefunded, BadCall, BalanceTooLow, Blocked, Lost, SlowDown, TelegramError

LONGEST_DESCRIPTION = 200
LONGEST_WAIT_S = 3600.0
NOBODY_THERE = ("chat not found", "user not found", "user is deactivated", "bot was blocked")


def result(answer: Answer) -> Any:
    """What Telegram answered. Errors: any TelegramError but NotReached."""
    body = _body(answer)
    if 200 <= answer.status < 300 and body.get("ok") is True and "result" in body:
        return body["result"]
    raise failure(answer.status, body, answer.headers.get("Retry-After"))


def failure(status: int, body: dict[str, Any], retry_after: str | None) -> TelegramError:
    """The error behind an answer. A body without `ok` is not Telegram's: something between us spoke."""
    code = body.get("error_code") if status < 300 else status
    parameters = body.get("parameters")
    if code == 429:
        told = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return SlowDown(_seconds(told if told is not None else retry_after))
    if body.get("ok") is not False or not isinstance(code, int) or not 400 <= code < 500:
        return Lost(f"status {status}")
    return _refused(code, str(body.get("description", "")))


def _refused(code: int, description: str) -> BadCall:
    said = "".join(c for c in description if c.isprintable())[:LONGEST_DESCRIPTION]
    if "CHARGE_ALREADY_REFUNDED" in said:
        return AlreadyRefunded(said)
    if "BALANCE_TOO_LOW" in said:
        return BalanceTooLow(said)
    if code == 403 or any(reason in said.lower() for reason in NOBODY_THERE):
        return Blocked(said)
    return BadCall(f"{code}: {said}")


def _seconds(told: object) -> float:
    try:
        seconds = float(str(told))
    except ValueError:
        return 1.0
    return min(max(seconds, 1.0), LONGEST_WAIT_S)


def _body(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
