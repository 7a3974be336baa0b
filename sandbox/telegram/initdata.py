"""initData as a Telegram client hands it to a Mini App."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import quote, urlencode

_ED25519_BYTES = 64


def sign(token: str, user: dict[str, Any], auth_date: int, start_param: str = "") -> str:
    """The raw query string, signed with the bot's token; auth_date in Unix seconds.

    Telegram Mini Apps, "Validating data received via the Mini App": every field but `hash` is part
    of the checked string, `signature` included.
    """
    fields = {
        "query_id": "AA" + secrets.token_urlsafe(15),
        "user": json.dumps(user, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/"),
        "auth_date": str(auth_date),
        "signature": _third_party_signature(),
    }
    if start_param:
        fields["start_param"] = start_param
    fields["hash"] = _hash(token, fields)
    return urlencode(fields, quote_via=quote, safe="")


def _hash(token: str, fields: dict[str, str]) -> str:
    checked = "\n".join(f"{key}={fields[key]}" for key in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest()


def _third_party_signature() -> str:
    """Right in form only: Telegram's Ed25519 key is Telegram's."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_ED25519_BYTES)).decode().rstrip("=")
