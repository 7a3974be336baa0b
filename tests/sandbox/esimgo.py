"""A running eSIM Go stand-in for tests: real sockets, one caller with the right key."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

import requests

from sandbox import clock
from sandbox.esimgo.app import create_app, fault_book
from sandbox.server import SandboxServer

KEY = "sandbox-key"
TURKEY = "esim_3GB_30D_TR_V2"
TURKEY_SMALL = "esim_1GB_7D_TR_V2"
FRANCE = "esim_3GB_30D_FR_V2"


WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
SHARE = 22_000 // WORKERS
PORTS = range(10_000 + WORKER * SHARE, 10_000 + (WORKER + 1) * SHARE - 100)

_given_out: set[int] = set()


def free_port() -> int:
    """A port that is free, as is the one 100 further on.

    Below those that the system lends to whoever calls out: one of these may be taken by any call before the
    server listens, or while it is down. Each worker has a share of them, and gives none out twice: most are
    listened on seconds later. By chance of its own: every worker seeds the common one alike.
    """
    while True:
        port = SystemRandom().choice(PORTS)
        if {port, port + 100} & _given_out:
            continue
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 100))
            _given_out.update((port, port + 100))
            return port


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "it never came true"
        clock.sleep(0.01)


@dataclass
class Provider:
    """The stand-in as seen from outside, at this port."""

    port: int

    def call(self, method: str, path: str, *, timeout: float = 60, **more: Any) -> requests.Response:
        headers = {"X-API-Key": KEY, **more.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}/v2.5{path}"
        return requests.request(method, url, headers=headers, timeout=timeout, **more)

    def get(self, path: str, **more: Any) -> Any:
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, method: str, path: str, json: Any = None, *, expect: int = 200) -> Any:
        url = f"http://127.0.0.1:{self.port + 100}/_sandbox/{path}"
        answer = requests.request(method, url, json=json, timeout=60)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def state(self) -> Any:
        return self.control("GET", "state")

    def fault(self, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **more})

    def order(
        self, item: str = TURKEY, *, timeout: float = 60, body: dict[str, Any] | None = None, **row: Any
    ) -> requests.Response:
        line = {"type": "bundle", "quantity": 1, "item": item, **row}
        wish = {"type": "transaction", "assign": True, "order": [line], **(body or {})}
        return self.call("POST", "/orders", json=wish, timeout=timeout)

    def buy(self, item: str = TURKEY, **row: Any) -> Any:
        answer = self.order(item, **row)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def buy_esim(self, item: str = TURKEY) -> str:
        """The ICCID of a new eSIM with this bundle on it."""
        return str(self.buy(item)["order"][0]["iccids"][0])

    def install(self, iccid: str) -> Any:
        return self.control("POST", f"esims/{iccid}/install")

    def use(self, iccid: str, megabytes: float) -> Any:
        return self.control("POST", f"esims/{iccid}/use", {"mb": megabytes})

    def bundle_states(self, iccid: str) -> list[str]:
        bundles = self.get(f"/esims/{iccid}/bundles?includeUsed=true")["bundles"]
        return [one["bundleState"] for bundle in bundles for one in bundle["assignments"]]


@contextmanager
def running(**settings: Any) -> Iterator[Provider]:
    """The stand-in in this process, its clock put right before and after; no rate limit unless given."""
    clock.use_offset_file(None)
    app = create_app(KEY, **{"rate_limit": 0, **settings})
    port = free_port()
    server = SandboxServer(app, port, fault_book(app))
    try:
        yield Provider(port)
    finally:
        server.close()
        clock.use_offset_file(None)
