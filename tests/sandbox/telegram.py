"""A running Telegram stand-in for tests, and a small shop of its own that the updates go to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from sandbox import clock
from sandbox.server import SandboxServer
from sandbox.telegram.app import create_app, fault_book
from tests.sandbox.esimgo import free_port, until

TOKEN = "123456:TEST"
SECRET = "a-secret_42"
ANNA = 1001
SCRIPT = Path(__file__).parents[2] / "static" / "vendor" / "telegram-web-app.js"

Reply = tuple[int, Any]
React = Callable[[dict[str, Any]], Reply]


def agree(update: dict[str, Any]) -> Reply:
    """Answer a pre-checkout in the body of the webhook's response, as a shop should."""
    query = update.get("pre_checkout_query")
    if not query:
        return 200, None
    return 200, {"method": "answerPreCheckoutQuery", "pre_checkout_query_id": query["id"], "ok": True}


def decline(reason: str) -> React:
    def answer(update: dict[str, Any]) -> Reply:
        status, call = agree(update)
        return status, call and {**call, "ok": False, "error_message": reason}

    return answer


@dataclass
class Shop:
    """Receives updates, and serves a Mini App of one page."""

    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    react: React = agree
    heard: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [next(key for key in update if key != "update_id") for update in self.heard]

    def of_kind(self, kind: str) -> list[Any]:
        return [update[kind] for update in self.heard if kind in update]

    @contextmanager
    def open(self, port: int) -> Iterator[None]:
        server = ThreadingHTTPServer(("127.0.0.1", port), self._connection())
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _connection(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Connection(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                shop.heard.append(update)
                shop.secrets.append(self.headers["X-Telegram-Bot-Api-Secret-Token"])
                status, answer = shop.react(update)
                self._send(status, "application/json", json.dumps(answer).encode())

            def do_GET(self) -> None:
                kind, body = shop.pages.get(self.path.partition("?")[0], ("text/plain", b""))
                self._send(200 if body else 404, kind, body)

            def _send(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Tests look at what was heard."""

        return Connection


@dataclass
class Stage:
    """The stand-in at this port, and the shop that its updates go to."""

    port: int
    shop_port: int
    shop: Shop = field(default_factory=Shop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.shop_port}"

    def method(self, name: str, *, timeout: float = 5, files: Any = None, **values: Any) -> requests.Response:
        url = f"{self.url}/bot{TOKEN}/{name}"
        if files:
            return requests.post(url, data=values, files=files, timeout=timeout)
        return requests.post(url, json=values, timeout=timeout)

    def call(self, name: str, **values: Any) -> Any:
        answer = self.method(name, **values).json()
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, name: str, **values: Any) -> tuple[int, str]:
        """The HTTP status and the description of a refusal; error_code must be the same number."""
        answer = self.method(name, **values)
        body = answer.json()
        assert body["ok"] is False
        assert body["error_code"] == answer.status_code
        return answer.status_code, body["description"]

    def control(self, method: str, path: str, json: Any = None, *, expect: int = 200) -> Any:
        url = f"http://127.0.0.1:{self.port + 100}/_sandbox/{path}"
        answer = requests.request(method, url, json=json, timeout=25)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def state(self) -> Any:
        return self.control("GET", "state")

    def fault(self, kind: str, match: str = "", **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, "match": match, **more})

    def messages(self, user_id: int = ANNA) -> Any:
        return self.control("GET", f"messages?user_id={user_id}")["messages"]

    def connect(self, **more: Any) -> None:
        self.call("setWebhook", url=f"{self.shop_url}/hook", secret_token=SECRET, **more)

    def invoice(self, amount: int = 385, **other: Any) -> str:
        wish = {
            "title": "Turkey, 3 GB",
            "description": "30 days",
            "payload": "order-7",
            "currency": "XTR",
            "prices": [{"label": "Turkey", "amount": amount}],
            **other,
        }
        return str(self.call("createInvoiceLink", **wish))

    def pay(self, link: str, user_id: int = ANNA, **more: int) -> Any:
        return self.control("POST", "pay", {"invoice": link, "user_id": user_id, **more})

    def write(self, text: str, user_id: int = ANNA) -> Any:
        return self.control("POST", "send", {"user_id": user_id, "text": text})["message"]

    def stars(self, user_id: int = ANNA) -> int:
        return int(next(user["stars"] for user in self.state()["users"] if user["id"] == user_id))

    def hears(self, count: int) -> None:
        until(lambda: len(self.shop.heard) >= count)


@contextmanager
def running(state: Path | None = None, *, port: int = 0, esimgo_url: str = "") -> Iterator[Stage]:
    """A stand-in and a listening shop, not yet connected by setWebhook."""
    clock.use_offset_file(None)
    stage = Stage(port or free_port(), free_port())
    app = create_app(token=TOKEN, app_url=f"{stage.shop_url}/", esimgo_url=esimgo_url, state=state)
    server = SandboxServer(app, stage.port, fault_book(app))
    try:
        with stage.shop.open(stage.shop_port):
            yield stage
    finally:
        app.extensions["telegram"].courier.stop()
        server.close()
        clock.use_offset_file(None)
