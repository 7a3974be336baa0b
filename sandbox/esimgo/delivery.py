"""How a callback gets to the shop: compact JSON, signed, from a thread of its own, tried again.

Source: eSIM Go callbacks guide. X-Signature-SHA256 is HMAC-SHA256 of the raw body under the API key, base64
by the API reference and hex by the guide. How often they are repeated is not public; here it is five tries.
"""

import base64
import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Any

PAUSES_S = (0.5, 1.0, 2.0, 4.0)
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Letter:
    """One callback on its way; `era` tells whether its world still exists."""

    era: int
    raw: bytes
    headers: dict[str, str]
    tries: int = 0


class Delivery:
    """Sends to `url` in the order of the asking, or keeps silent without one."""

    def __init__(self, url: str | None, api_key: str) -> None:
        self.url, self._key = url, api_key.encode()
        self._era = 0
        self._waiting: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if url:
            threading.Thread(target=self._deliver_all, daemon=True).start()

    def forget(self) -> None:
        """What was not delivered yet belongs to a world that is gone."""
        self._era += 1

    def send(self, body: dict[str, Any], signature: str) -> None:
        """`signature` is base64, hex, none, or forged: a right form made with a wrong key."""
        if self.url:
            raw = json.dumps(body, separators=(",", ":")).encode()
            self._waiting.put(Letter(self._era, raw, self._signed(raw, signature)))

    def _deliver_all(self) -> None:
        while True:
            letter = self._waiting.get()
            if letter.era == self._era and not self._deliver(letter) and letter.tries < len(PAUSES_S):
                once_more = replace(letter, tries=letter.tries + 1)
                again = threading.Timer(PAUSES_S[letter.tries], self._waiting.put, [once_more])
                again.daemon = True
                again.start()

    def _deliver(self, letter: Letter) -> bool:
        headers = {"Content-Type": "application/json", **letter.headers}
        request = urllib.request.Request(str(self.url), data=letter.raw, headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return 200 <= int(answer.status) < 300
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except (OSError, HTTPException):
            return False

    def _signed(self, raw: bytes, signature: str) -> dict[str, str]:
        if signature == "none":
            return {}
        key = b"somebody else's key" if signature == "forged" else self._key
        digest = hmac.new(key, raw, hashlib.sha256)
        text = digest.hexdigest() if signature == "hex" else base64.b64encode(digest.digest()).decode()
        return {"X-Signature-SHA256": text}
