"""A shop's callback address, for tests: it keeps what comes in and answers as it was told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Shop:
    """A callback receiver that answers with the statuses it was given, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[tuple[bytes, str | None]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for raw, _ in self.received]

    def kinds(self) -> list[str]:
        return [event.get("alertType", "-") for event in self.events()]


@contextmanager
def listening() -> Iterator[Shop]:
    shop = Shop()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            shop.received.append((raw, self.headers["X-Signature-SHA256"]))
            self.send_response(shop.answers.pop(0) if shop.answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}/callback"
    yield shop
    server.shutdown()
    server.server_close()
