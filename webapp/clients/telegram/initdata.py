"""Who opened the Mini App? Source: core.telegram.org/bots/webapps, "Validating data received"."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from urllib.parse import parse_qsl

from pydantic import ValidationError

from .updates import User

LONGEST = 8192
MOST_FIELDS = 64
REMEMBERED = 2048
SCHEME = "tma"


class Refusal(StrEnum):
    MALFORMED = "malformed"  # no initData at all, or nothing Telegram would sign
    FORGED = "forged"  # not signed with this bot's token
    STALE = "stale"  # genuine and too old: ask to open the shop again
    EARLY = "early"  # genuine and from the future: a clock is wrong


@dataclass(frozen=True)
class InitData:
    user_id: int
    first_name: str
    last_name: str
    username: str
    language_code: str
    allows_write_to_pm: bool
    start_param: str
    auth_date: datetime


def init_data_from_header(value: str | None) -> str | None:
    """The raw initData of "Authorization: tma <raw>"; None when it is not of that kind."""
    scheme, _, raw = (value or "").partition(" ")
    return raw.strip() or None if scheme.lower() == SCHEME else None


class Checker:
    """Checks initData for the bot of `bot_token`. Safe to share between threads.

    A Mini App sends the same string with every request of a day, so the signature of one is checked once and
    remembered. How old it is, is asked each time.
    """

    def __init__(self, bot_token: str) -> None:
        self._signed = lru_cache(maxsize=REMEMBERED)(partial(_signed, bot_token))

    def check(
        self, raw: str, *, now: datetime, max_age_s: float = 86400, max_ahead_s: float = 60
    ) -> InitData | Refusal:
        """The person whom Telegram vouches for, or why not. Never raises; exactly max_age_s old passes."""
        try:
            found = self._signed(raw)
        except _Refused as error:
            return error.refusal
        if found.auth_date + timedelta(seconds=max_age_s) < now:
            return Refusal.STALE
        if found.auth_date > now + timedelta(seconds=max_ahead_s):
            return Refusal.EARLY
        return found


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def _signed(bot_token: str, raw: str) -> InitData:
    """A refusal is an error, which a cache does not keep: nobody fills it with junk."""
    pairs = _pairs(raw)
    given = pairs.pop("hash", "") if pairs else ""
    if not re.fullmatch("[0-9a-f]{64}", given) or not pairs:
        raise _Refused(Refusal.MALFORMED)
    if not hmac.compare_digest(_expected(pairs, bot_token), given):
        raise _Refused(Refusal.FORGED)
    person, signed_at = _person(pairs.get("user", "")), _moment(pairs.get("auth_date", ""))
    if person is None or signed_at is None:
        raise _Refused(Refusal.MALFORMED)
    return _init_data(person, pairs.get("start_param", ""), signed_at)


def _pairs(raw: str) -> dict[str, str] | None:
    """Decoded once, as they were signed. Twice the same key has two meanings and is refused."""
    if not raw or len(raw) > LONGEST or not raw.isascii():
        return None
    try:
        found = parse_qsl(
            raw, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None
    pairs = dict(found)
    return pairs if len(pairs) == len(found) else None


def _expected(pairs: dict[str, str], bot_token: str) -> str:
    """Everything but `hash` is signed, also `signature` and keys that we do not know."""
    lines = "\n".join(f"{key}={pairs[key]}" for key in sorted(pairs))
    key = hmac.new(b"WebAppData", bot_token.encode(), hashlib.sha256).digest()
    return hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()


def _person(text: str) -> User | None:
    try:
        return User.model_validate(json.loads(text))
    except (ValueError, RecursionError, ValidationError):
        return None


def _moment(digits: str) -> datetime | None:
    """Only digits: a line break in a value could pass for the border between two signed lines."""
    return datetime.fromtimestamp(int(digits), UTC) if re.fullmatch("[0-9]{1,11}", digits) else None


def _init_data(person: User, start_param: str, signed_at: datetime) -> InitData:
    return InitData(
        user_id=person.id,
        first_name=person.first_name,
        last_name=person.last_name,
        username=person.username,
        language_code=person.language_code,
        allows_write_to_pm=person.allows_write_to_pm,
        start_param=start_param if re.fullmatch(r"[A-Za-z0-9_-]{0,512}", start_param) else "",
        auth_date=signed_at,
    )
