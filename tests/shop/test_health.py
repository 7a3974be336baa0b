"""For supervisors: alive, and ready to take and serve orders."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import Advance, text
from tests.shop.factories import lead
from webapp.base.config import Config
from webapp.models import db
from webapp.operations import readiness


def test_alive_needs_nobody(browser: FlaskClient) -> None:
    assert browser.get("/healthz").json == {"status": "ok"}


def look(browser: FlaskClient) -> tuple[int, dict[str, bool]]:
    """What /readyz says after its thread has looked."""
    browser.application.extensions["shop"].readiness.look()
    answer = browser.get("/readyz")
    return answer.status_code, answer.json or {}


WELL = {"database", "orders", "migrations", "scheduler", "write", "integrity"}


def test_ready_once_a_jobs_process_was_seen(browser: FlaskClient, advance: Advance, config: Config) -> None:
    assert browser.get("/readyz").status_code == 503, "nobody has looked yet"
    assert look(browser)[0] == 503
    lead(config.lease_s)
    assert look(browser) == (200, dict.fromkeys(WELL, True))


def test_not_ready_once_a_part_has_not_worked_for_ten_seconds(
    browser: FlaskClient, advance: Advance, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(config.lease_s)
    look(browser)
    advance(4 * config.lease_s)
    assert look(browser)[0] == 200, "it was there a moment ago"
    monkeypatch.setattr(readiness, "FAILS_AFTER_S", 0.0)
    status, parts = look(browser)
    assert (status, parts["scheduler"]) == (503, False)


def test_not_ready_while_a_migration_is_missing(browser: FlaskClient) -> None:
    lead()
    db.database.execute_sql("DELETE FROM schema_migration")
    status, parts = look(browser)
    assert (status, parts["migrations"], parts["database"]) == (503, False, True)


@pytest.fixture
def no_database(browser: FlaskClient, tmp_path: Path) -> None:
    """Where the database should be is a folder."""
    db.bind(f"sqlite:///{tmp_path}")


def test_not_ready_without_a_database(no_database: None, browser: FlaskClient) -> None:
    status, parts = look(browser)
    assert (status, parts["database"]) == (503, False)
    assert browser.get("/healthz").status_code == 200, "it is alive all the same"


def test_without_a_database_a_page_still_says_so_in_words(no_database: None, browser: FlaskClient) -> None:
    answer = browser.get("/")
    assert (answer.status_code, "so nothing is charged" in text(answer)) == (503, True)
