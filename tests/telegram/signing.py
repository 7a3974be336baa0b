"""initData as Telegram signs it, with a token of our own."""

import hashlib
import hmac
import json
from urllib.parse import quote, urlencode

TOKEN = "4242:invented-for-tests"


def sign(pairs: dict[str, str], token: str = TOKEN) -> str:
    lines = "\n".join(f"{key}={pairs[key]}" for key in sorted(pairs))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    digest = hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()
    return urlencode(pairs | {"hash": digest}, quote_via=quote)


def fields(auth_date: int, user: object, **more: str) -> dict[str, str]:
    return {"query_id": "AAtest", "user": json.dumps(user), "auth_date": str(auth_date)} | more
