"""What an answer means: pure functions from what came back to the error that the caller acts on."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from webapp.base import clock
from webapp.clients.http import Answer, NoAnswer

from .errors import (
    AccessDenied,
    EsimGoError,
    Gone,
    NotSent,
    NotThere,
    OutOfFunds,
    RateLimited,
    Refused,
    TryLater,
    Unavailable,
    Unclear,
    Unusable,
)

LONGEST_RETRY_AFTER_S = 300.0
LONGEST_PATIENCE_S = 5.0
ATTEMPTS = 3
FIRST_DELAY_S = 0.5
LONGEST_MESSAGE = 200

_FUNDS = re.compile(r"balance|credit(?!ential)|(?<!re)fund", re.IGNORECASE)
_ADDRESS = re.compile(r"\bIP\b|white-?list", re.IGNORECASE)
_KEY = re.compile(r"\b(?:api|access)[ _-]?(?:key|token)\b|\[key\]", re.IGNORECASE)
_SECRETS = re.compile(r"LPA:1\S*|\b[0-9A-Z]{2,}(?:-[0-9A-Z]{3,}){2,}\b|\d{15,}")


class Purpose(Enum):
    READ = auto()  # costs nothing, may be repeated
    LOOKUP = auto()  # the same, about one thing that may not be there
    PURCHASE = auto()  # costs, and must never happen twice


def refusal(purpose: Purpose, answer: Answer, key: str) -> EsimGoError | None:
    """The error that an answer stands for; None for a 2xx, whose body is judged elsewhere.

    The key is given so that no message repeats it, should the answer do so.

    Source: eSIM Go API v2.5; POST /orders documents 400, 401 and 503, the guides 403 and 429.
    """
    if 200 <= answer.status < 300:
        return None
    answer = replace(answer, body=_without(key, answer.body))
    if answer.status == 429:
        return RateLimited(retry_after_s(answer, default=1.0))
    if _speaks_of_funds(answer):
        return OutOfFunds(answer.status, message_of(answer))
    return (_purchase_error if purpose is Purpose.PURCHASE else _read_error)(purpose, answer)


def no_answer(purpose: Purpose, failure: NoAnswer) -> EsimGoError:
    if purpose is not Purpose.PURCHASE:
        return (Unusable if failure.unparsable else Unavailable)(failure.reason)
    return (Unclear if failure.body_was_sent else NotSent)(failure.reason)


def retry_delay(method: str, attempt: int, error: EsimGoError) -> float | None:
    """Seconds to wait before attempt + 1 (the first is 1); None when it is not to be repeated at all."""
    if method != "GET" or attempt >= ATTEMPTS:
        return None
    if isinstance(error, TryLater):
        return error.retry_after_s if error.retry_after_s <= LONGEST_PATIENCE_S else None
    if isinstance(error, Unavailable) and error.asked and not isinstance(error, Unusable):
        return float(FIRST_DELAY_S * 2 ** (attempt - 1))
    return None


def retry_after_s(answer: Answer, *, default: float) -> float:
    """Retry-After in seconds, 0 to 300: v2.5 sends seconds, older documents speak of a date."""
    given = answer.headers.get("Retry-After", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        then = moment(given)
        now = provider_now(answer) or clock.now()
        seconds = (then - now).total_seconds() if then else default
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else default


def provider_now(answer: Answer) -> datetime | None:
    """eSIM Go's own clock, from the header Date."""
    return moment(answer.headers.get("Date", ""))


def moment(given: str) -> datetime | None:
    """A time in a header, either as HTTP writes it or as ISO 8601; UTC when it does not say."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(given)
        except (ValueError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def message_of(answer: Answer) -> str:
    """What the body says, cleaned: {"message"} or plain text, one line, no activation data, no ICCID."""
    said = " ".join(_said(answer).split())
    visible = "".join(c for c in said if c.isprintable())
    return _SECRETS.sub("…", visible)[:LONGEST_MESSAGE] or "no reason given"


def _without(key: str, body: bytes) -> bytes:
    """A key with a slash or a quotation mark in it has several spellings in JSON."""
    for spelling in (key, json.dumps(key)[1:-1], key.replace("/", "\\/")):
        body = body.replace(spelling.encode(), b"[key]")
    return body


def _purchase_error(_purpose: Purpose, answer: Answer) -> EsimGoError:
    if answer.status == 400:
        return Refused(400, message_of(answer))
    if answer.status in (401, 403):
        return _access_denied(answer)
    return Unclear(f"status {answer.status}: {message_of(answer)}")


def _read_error(purpose: Purpose, answer: Answer) -> EsimGoError:
    status, message = answer.status, message_of(answer)
    if status == 404 or (purpose is Purpose.LOOKUP and _is_about_the_thing(answer)):
        return NotThere(f"{status}: {message}")
    if status in (401, 403):
        return _access_denied(answer)
    if status == 410:
        return Gone(message)
    if status == 503 and "Retry-After" in answer.headers:
        return TryLater(retry_after_s(answer, default=1.0), message)
    if status == 408 or status >= 500:
        return Unavailable(f"status {status}")
    return Refused(status, message) if status >= 400 else Unusable(f"status {status}")


def _is_about_the_thing(answer: Answer) -> bool:
    """400 and 403 are documented for an ICCID that is unknown or another's; a bare Forbidden is the key's."""
    return answer.status == 400 or (answer.status == 403 and _access_denied(answer).is_about_the_request)


def _is_bare_refusal(answer: Answer) -> bool:
    return _said(answer).strip(" .").lower() in {"", "forbidden", "unauthorized", "unauthorised"}


def _access_denied(answer: Answer) -> AccessDenied:
    """A wrong key and an address that is not on the whitelist get the very same 403 (guides of v2.5)."""
    said = message_of(answer)
    if answer.status == 401:
        return AccessDenied(401, f"the API key is not accepted ({said})", ("wrong_key",))
    if _is_bare_refusal(answer):
        reason = "the API key is wrong or missing, or this address is not on the organisation's whitelist"
        return AccessDenied(403, reason, ("wrong_key", "address_not_whitelisted"))
    if _ADDRESS.search(said):
        reason = f"this address is not on the organisation's whitelist ({said})"
        return AccessDenied(403, reason, ("address_not_whitelisted",))
    if _KEY.search(said):
        return AccessDenied(403, f"the API key is not accepted ({said})", ("wrong_key",))
    return AccessDenied(403, f"no access: {said}", ("no_access",))


def _speaks_of_funds(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and answer.status != 408 and bool(_FUNDS.search(_said(answer)))


def _said(answer: Answer) -> str:
    """A JSON body's message; any other body as it is, unless it is a page of markup."""
    start = answer.text[:4000]
    try:
        body = json.loads(answer.text)
    except (ValueError, RecursionError):
        return "" if start.lstrip().startswith("<") else start
    said = body.get("message", body.get("error", "")) if isinstance(body, dict) else body
    return said[:4000] if isinstance(said, str) else ""
