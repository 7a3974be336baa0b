"""Is a callback really from eSIM Go?"""

import base64
import hashlib
import hmac
from collections.abc import Sequence


def verify(raw: bytes, header: str | None, keys: Sequence[str]) -> str | None:
    """The encoding ("base64" or "hex") in which `header` is the HMAC-SHA256 of the raw body under one of the
    API keys; None when it is not. Never raises.

    Source: eSIM Go webhook guide, callback version 3, X-Signature-SHA256. The API reference encodes the
    digest in base64, the guide in hex, so both are taken, each in its one canonical spelling: comparing
    texts instead of decoding refuses junk that a tolerant base64 decoder would skip.
    """
    if not header or not header.isascii():
        return None
    given = header.encode("ascii")
    expected = [spelling for key in keys if key for spelling in _spellings(raw, key).items()]
    # All are compared, so that the time it takes does not tell which of them was near.
    matches = [encoding for text, encoding in expected if hmac.compare_digest(given, text)]
    return next(iter(matches), None)


def _spellings(raw: bytes, key: str) -> dict[bytes, str]:
    digest = hmac.new(key.encode(), raw, hashlib.sha256).digest()
    return {base64.b64encode(digest): "base64", digest.hex().encode(): "hex"}
