import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses

from webapp.base import clock
from webapp.clients import http
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.http import Answer

KEY = "key-that-must-not-show"
BASE = "https://esimgo.test/v2.5"


NEVER = re.compile(r"POST .*/organisation/balance|DELETE .*/esims(?:/[^/]*)?")


def must_never_be_sent(request: requests.PreparedRequest) -> bool:
    """Charging a card, destroying an eSIM, and a purchase that may come back as another eSIM."""
    path = urlsplit(request.url or "").path.rstrip("/")
    asked = json.loads(request.body or "null")
    return bool(NEVER.fullmatch(f"{request.method} {path}")) or '"allowReassign": true' in json.dumps(asked)


@pytest.fixture(autouse=True)
def nothing_irreversible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever any test here makes the client do, some requests never leave it."""

    def send(adapter: Any, request: requests.PreparedRequest, *more: Any) -> Answer:
        assert not must_never_be_sent(request), f"{request.method} {request.url}"
        return http.send(adapter, request, *more)

    monkeypatch.setattr("webapp.clients.esimgo.calls.send", send)


@pytest.fixture
def client() -> ESIMGoClient:
    return ESIMGoClient(KEY, BASE, budget=Budget(per_second=10_000))


@pytest.fixture
def esimgo() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which are noted instead of waited for."""
    noted: list[float] = []
    monkeypatch.setattr(clock, "sleep", noted.append)
    return noted
