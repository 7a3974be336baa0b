"""Bodies that never end, sent through nginx and Caddy with the files of deploy/, stop nobody else (R29).

The web process has sixteen threads, and one that waits for a body would serve nobody else: the proxies have
to wait instead.
"""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.proof import proved
from tests.proxies import DOMAIN, NAMES, Proxy, caddy_version, running
from tests.stack import SECRET, STARTS_IN_S, Stack, until
from webapp.base import clock

pytestmark = pytest.mark.flow

STALLED = 24
STALLED_IN_FULL = (16, 64, 256)
NEVER = "3600s"
OTHERS = ("GET /healthz", "GET /", "GET /help", "POST /api/telegram/webhook")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stack]:
    """The web process alone, as behind a proxy."""
    stack = Stack(tmp_path, {"TRUSTED_PROXIES": "1"})
    stack.flask("migrate")
    stack.start_web()
    until(lambda: stack.answers(f"{stack.web}/healthz"), STARTS_IN_S, "the shop")
    yield stack
    stack.stop()


def post(path: str, length: int, body: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode() + body


@contextmanager
def stalled(proxy: Proxy, count: int) -> Iterator[list[ssl.SSLSocket]]:
    """So many who have sent the beginning of a body and nothing more."""
    with ExitStack() as stack:
        yield [stack.enter_context(_stalled(proxy)) for _ in range(count)]


def _stalled(proxy: Proxy) -> ssl.SSLSocket:
    connection = proxy.connect()
    connection.sendall(post("/api/telegram/webhook", 1000, b"{"))
    connection.setblocking(False)
    return connection


def stands(connection: ssl.SSLSocket) -> bool:
    """Neither answered nor closed."""
    try:
        connection.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    return False


def answer(proxy: Proxy, request: str) -> int:
    """Its status."""
    method, path = request.split()
    update = json.dumps({"update_id": 1, "unknown": {}}).encode()
    asked = f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode()
    with proxy.connect() as connection:
        connection.sendall(asked if method == "GET" else post(path, len(update), update))
        response = HTTPResponse(connection)
        response.begin()
        response.read()
        return response.status


def seconds(proxy: Proxy, request: str) -> float:
    began = clock.monotonic()
    assert answer(proxy, request) == 200
    return clock.monotonic() - began


@pytest.mark.proof
@pytest.mark.parametrize("name", NAMES)
def test_others_are_answered_while_bodies_stand_still(
    name: str,
    shop: Stack,
    tmp_path: Path,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    for count in STALLED_IN_FULL if in_full else (STALLED,):
        with running(name, tmp_path, shop.web_port, NEVER) as proxy, stalled(proxy, count) as bodies:
            took = sorted(seconds(proxy, request) for _ in range(25) for request in OTHERS)
            assert [stands(body) for body in bodies] == [True] * count
        p95 = f"{took[int(len(took) * 0.95)] * 1000:.0f} ms"
        run = f"{count} bodies that never end, {len(took)} requests of others beside them"
        promise = f"R29 slow strangers stop nobody: {count} through {name}"
        print(f"{promise}: p95 {p95}")
        figure = f"all answered, p95 {p95}; all {count} still stood"
        record_property(proved.ROW, [promise, run, figure, "–"])


@pytest.mark.parametrize("name", NAMES)
def test_a_body_that_stands_still_is_ended_by_the_proxy(name: str, shop: Stack, tmp_path: Path) -> None:
    if name == "caddy" and caddy_version() >= (2, 7):
        pytest.skip("newer ones leave a body that they buffer alone: it costs the shop nothing")
    with running(name, tmp_path, shop.web_port, "1s") as proxy, stalled(proxy, 3) as bodies:
        for body in bodies:
            until(partial(_is_over, body), what="the end of the body")


def _is_over(body: ssl.SSLSocket) -> bool:
    return not stands(body)
