"""Fixtures of the shop's rooms: a clock that a test moves, the app, and people with signed initData."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.settings import changed
from tests.shop.factories import OWNER, SHOPKEEPER, STRANGER, lead, make_plan
from tests.shop.moments import Moments
from tests.shop.standins import Bot, Provider
from tests.telegram.signing import fields, sign
from webapp import create_app
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import db

Advance = Callable[[float], None]


@pytest.fixture
def advance(database: Config) -> Advance:
    """Play time forward by so many seconds."""

    def move(seconds: float) -> None:
        assert database.clock_file is not None
        before = float(database.clock_file.read_text()) if database.clock_file.exists() else 0.0
        database.clock_file.write_text(str(before + seconds))

    return move


@pytest.fixture
def still(database: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still but for `advance`: on no machine does a minute end in the middle of the test."""
    stop_at(clock.now(), monkeypatch)


@pytest.fixture
def noon(database: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, at noon: twelve hours of today are over, and no day ends in the middle of the test."""
    stop_at(datetime(2026, 11, 25, 12, tzinfo=UTC), monkeypatch)


def stop_at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.zero()  # read while the machine's clock still goes
    monkeypatch.setattr(clock, "counted", lambda: (moment - clock.zero()).total_seconds())


@pytest.fixture
def moments(database: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moments]:
    """What happens between the statements of whatever the test calls."""
    moments = Moments(monkeypatch)
    yield moments
    assert moments.to_come == [], "it never came to this"


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def app(database: Config, bot: Bot) -> Iterator[Flask]:
    app = create_app(changed(database, admin_telegram_ids=(SHOPKEEPER,)))
    app.extensions["shop"] = replace(app.extensions["shop"], bot=bot)
    yield app
    db.database.close()


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def shelves(database: Config) -> None:
    """Something to sell, and a jobs process that would deliver it."""
    lead()
    make_plan()


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


@dataclass
class Person:
    """Somebody in front of the Mini App; without a token nobody knows who."""

    browser: FlaskClient
    token: str | None = None
    user_id: int = OWNER
    language: str = "en"

    @property
    def headers(self) -> dict[str, str]:
        if self.token is None:
            return {"HX-Request": "true"}
        return {"HX-Request": "true", "Authorization": f"tma {self.init_data()}"}

    def init_data(self, age_s: float = 0) -> str:
        assert self.token is not None
        user = {"id": self.user_id, "first_name": "Ann", "language_code": self.language}
        return sign(fields(int(clock.timestamp() - age_s), user), self.token)

    def get(self, path: str, **headers: str) -> TestResponse:
        """As htmx asks: a fragment."""
        return self.browser.get(path, headers=self.headers | headers)

    def post(self, path: str, **form: str) -> TestResponse:
        return self.browser.post(path, data=form, headers=self.headers)


@pytest.fixture
def nobody(browser: FlaskClient) -> Person:
    return Person(browser)


@pytest.fixture
def owner(browser: FlaskClient, config: Config) -> Person:
    return Person(browser, config.telegram_bot_token)


@pytest.fixture
def stranger(browser: FlaskClient, config: Config) -> Person:
    return Person(browser, config.telegram_bot_token, STRANGER)


@pytest.fixture
def shopkeeper(browser: FlaskClient, config: Config) -> Person:
    return Person(browser, config.telegram_bot_token, SHOPKEEPER)
