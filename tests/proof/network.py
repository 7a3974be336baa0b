"""The way from the shop to the two stand-ins: their WSGI apps are called, and bad luck is drawn on the way.

The shop's own clients prepare each request and judge each answer; only the socket is missing.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import requests
from flask import Flask
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from sandbox import server
from sandbox.faults import FaultBook
from tests.proof.hub import Hub

Environ = dict[str, Any]
Work = Callable[[], server.Answer]
Mix = dict[str, float]
"""Kinds of bad luck, each with its share of the calls. What the stand-in plays itself has its names."""
MixOf = Callable[[str, str, bytes], Mix]
"""By method, path and body of a call."""

PLAYED_HERE = {"down", "hang", "commit_late", "500_after_commit"}


class Refusal(NamedTuple):
    """A call that got no good answer, with the body that it had."""

    at_s: float
    path: str
    fate: str
    body: bytes


@dataclass
class Place:
    """One stand-in: its app, and how the way to it is."""

    name: str
    app: Flask
    faults: FaultBook
    calm_s: tuple[float, float]
    path_of: Callable[[str], str]
    mix: MixOf
    late_s: tuple[float, float] = (35.0, 1500.0)
    down_until_s: float = 0.0
    hangs_until_s: float = 0.0
    refusals: list[Refusal] = field(default_factory=list)
    next_fates: list[str] = field(default_factory=list)
    makes_no_sense: Callable[[str], bool] = lambda fate: False
    """Of a fate, as things are now: it is left out."""
    witness: Callable[[Environ, Work], server.Answer] = lambda environ, work: work()
    """Sees every piece of work done, also when nobody hears of it."""


class Network:
    def __init__(self, hub: Hub, chance: Random) -> None:
        self.hub, self.chance = hub, chance
        self.places: dict[str, Place] = {}
        self.told: Counter[str] = Counter()
        self.late = 0  # calls whose work is still to be done
        self.sender: Callable[[], int] = lambda: 0

    def adapter(self, *_given: Any, **_options: Any) -> HTTPAdapter:
        """What the clients take for requests' adapter."""
        return _Line(self)

    def carry(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        parts = urlsplit(str(request.url))
        place = self.places[f"{parts.hostname}:{parts.port}"]
        fate = self._fate(place, request)
        if fate:
            self.told[f"{place.name} {fate}"] += 1
        body = _peeked(request)
        try:
            if fate == "down":
                raise requests.ConnectionError("refused")
            environ = _environ(request, parts.path, parts.query, self.sender())
            response = self._answer(place, environ, fate, timeout[1])
        except requests.RequestException:
            place.refusals.append(Refusal(self.hub.now_s, place.path_of(parts.path), fate, body))
            raise
        if response.status_code == 429 or response.status_code >= 500:
            place.refusals.append(Refusal(self.hub.now_s, place.path_of(parts.path), fate, body))
        return response

    def _fate(self, place: Place, request: requests.PreparedRequest) -> str:
        fate = self._drawn(place, request)
        return "" if place.makes_no_sense(fate) else fate

    def _drawn(self, place: Place, request: requests.PreparedRequest) -> str:
        if self.hub.now_s < place.down_until_s:
            return "down"
        if self.hub.now_s < place.hangs_until_s:
            return "hang"
        if place.next_fates:
            return place.next_fates.pop(0)
        body = _peeked(request)
        path = place.path_of(urlsplit(str(request.url)).path)
        drawn = self.chance.random()
        for kind, share in place.mix(str(request.method), path, body).items():
            drawn -= share
            if drawn < 0:
                return kind
        return ""

    def _answer(self, place: Place, environ: Environ, fate: str, timeout_s: float) -> requests.Response:
        self.hub.sleep(self.chance.uniform(*place.calm_s))
        if fate == "hang":
            self.hub.sleep(timeout_s)
            raise requests.ReadTimeout
        if fate == "commit_late":
            after_s = self.chance.uniform(*place.late_s)
            self.late += 1
            self.hub.spawn(self.hub.outside, self._work_late, place, environ, after_s=after_s)
            self.hub.sleep(timeout_s)
            raise requests.ReadTimeout
        if fate and fate not in PLAYED_HERE:
            match = f"{environ['REQUEST_METHOD']} {place.path_of(environ['PATH_INFO'])}"
            place.faults.add({"match": match, "kind": fate, "times": 1})
        answer = self._work(place, environ)
        self.hub.sleep(self.chance.uniform(*place.calm_s))
        if fate == "500_after_commit":
            answer = server.Answer("500 Internal Server Error", [], b'{"message": "oops"}')
        if answer is None:
            raise requests.ConnectionError("reset")
        return _response(answer, self.hub)

    def _work_late(self, place: Place, environ: Environ) -> None:
        self.late -= 1
        self._work(place, environ)

    def _work(self, place: Place, environ: Environ) -> server.Answer | None:
        """What the stand-in does and says; None when it hangs up instead."""
        answer = place.witness(environ, lambda: server.run(place.app.wsgi_app, environ))
        return None if environ.get("sandbox.drop") else answer


class _Line(HTTPAdapter):
    def __init__(self, network: Network) -> None:
        self._network = network

    def send(
        self, request: requests.PreparedRequest, *_given: Any, timeout: Any = (3.0, 30.0), **_options: Any
    ) -> requests.Response:
        return self._network.carry(request, timeout)

    def close(self) -> None:
        pass


def _peeked(request: requests.PreparedRequest) -> bytes:
    """The body without reading it: to read it means that it has left."""
    content: Any = request.body
    return content.getvalue() if isinstance(content, io.BytesIO) else b""


def _environ(request: requests.PreparedRequest, path: str, query: str, sender: int) -> Environ:
    content: Any = request.body
    body = b"".join(iter(lambda: content.read(65536), b"")) if content is not None else b""
    environ: Environ = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "REQUEST_METHOD": str(request.method),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "proof.sender": sender,
    }
    for name, value in request.headers.items():
        environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
    return environ


def _response(answer: server.Answer, hub: Hub) -> requests.Response:
    response = requests.Response()
    response.status_code = int(answer.status.split()[0])
    date = format_datetime(hub.now().astimezone(UTC), usegmt=True)
    response.headers = CaseInsensitiveDict({"Date": date, **dict(answer.headers)})
    response.raw = HTTPResponse(
        body=io.BytesIO(answer.body), status=response.status_code, preload_content=False
    )
    return response


@contextmanager
def uncut(_seconds: float, _cut: Callable[[], object]) -> Iterator[None]:
    """Stands in for http.cut_off: an answer that is there whole needs no deadline timer."""
    yield
