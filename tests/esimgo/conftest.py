from collections.abc import Iterator

import pytest
import responses

from webapp import clock
from webapp.esimgo.budget import Budget
from webapp.esimgo.client import ESIMGoClient

KEY = "key-that-must-not-show"
BASE = "https://esimgo.test/v2.5"


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
