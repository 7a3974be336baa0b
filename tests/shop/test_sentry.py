"""What reaches Sentry, read from a server that takes what the library really sends."""

import gzip
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest
import sentry_sdk

from webapp.base import sentry
from webapp.clients.telegram.initdata import SCHEME

ICCID, CODE, CUSTOMER = "8944500000000000123", "LPA:1$rsp.example$AAAAA-BBBBB-CCCCC-DDDDD", "7900123456"
HASH = "hash=" + "a1" * 32


UNPACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}


class Taker(BaseHTTPRequestHandler):
    taken: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack = UNPACK[self.headers.get("Content-Encoding", "")]
        self.taken.append(unpack(body).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """What has been sent, after a flush."""
    taken: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("OneTaker", (Taker,), {"taken": taken}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sentry.begin(f"http://key@127.0.0.1:{server.server_port}/1")
    yield taken
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()


def test_an_error_arrives_without_anything_secret_or_personal(sent: list[str]) -> None:
    log = logging.getLogger("shop")
    log.info("what came before: %s", CODE)
    try:
        raise ValueError(f"{CODE} for {CUSTOMER} with {ICCID} and {SCHEME} user=1&{HASH}")
    except ValueError:
        log.exception("it failed for %s", CUSTOMER, extra={"order": "AbCdEf"})
    sentry_sdk.flush(timeout=30)
    told = "\n".join(sent)
    assert "it failed for [number]" in told
    assert "ValueError" in told
    longer_than_their_ids = "a1" * 17
    secrets = (ICCID, CODE, "AAAAA-BBBBB", CUSTOMER, "hash=a1", longer_than_their_ids)
    assert [secret for secret in secrets if secret in told] == []


def test_a_warning_is_nobody_elses_business(sent: list[str]) -> None:
    logging.getLogger("shop").warning("slow today")
    sentry_sdk.flush(timeout=30)
    assert [line for line in sent if "slow today" in line] == []


def test_without_an_address_nothing_is_begun() -> None:
    sentry.begin(None)
    assert not sentry_sdk.get_client().is_active()
