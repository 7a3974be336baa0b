"""While somebody holds the database's lock for writing, every page is shown as ever, at once."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.shop.conftest import Person
from tests.shop.test_access import ACCESS, Goods, goods
from tests.shop.troubles import locked
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Boot, Incident, db, engines
from webapp.state import shop_time

__all__ = ["goods"]

GETS = [route for route in ACCESS if route.startswith("GET ") and route != "GET /readyz"]


@pytest.fixture
def config(config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Who would have to wait for the lock is refused at once."""
    monkeypatch.setattr(engines, "WAITS_S", 0)
    return config


@pytest.mark.parametrize("route", GETS)
def test_a_page_waits_for_no_write(
    app: Flask,
    route: str,
    goods: Goods,
    nobody: Person,
    stranger: Person,
    owner: Person,
    shopkeeper: Person,
    database: Config,
) -> None:
    people = (nobody, stranger, owner, shopkeeper)
    owner.language = "ru"  # not the one that is known of them
    with locked(Path(database.database_url.removeprefix("sqlite:///"))):
        assert db.database.pragma("busy_timeout") == 0
        seen = tuple(person.get(goods.path(route)).status_code for person in people)
    assert seen == ACCESS[route]


def test_who_is_refused_for_our_clock_waits_for_no_write_either(
    app: Flask, owner: Person, database: Config
) -> None:
    """That it may be wrong is noted for the owner with the next one."""
    shop_time.follow()
    headers, zero = dict(owner.headers), clock.zero()
    clock.count_from(zero - timedelta(hours=1))
    Boot.update(zero=clock.zero()).execute()
    with locked(Path(database.database_url.removeprefix("sqlite:///"))):
        assert owner.browser.get("/esims", headers=headers).status_code == 401
    assert Incident.select().count() == 0
    assert owner.browser.get("/esims", headers=headers).status_code == 401
    assert [incident.kind for incident in Incident.select()] == ["clock_wrong"]
