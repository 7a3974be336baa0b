"""For supervisors: alive, and ready to take and serve orders."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.shop.conftest import Advance, text
from tests.shop.factories import lead
from webapp.base.config import Config
from webapp.models import db


def test_alive_needs_nobody(browser: FlaskClient) -> None:
    assert browser.get("/healthz").json == {"status": "ok"}


def test_ready_once_a_jobs_process_was_seen(browser: FlaskClient, advance: Advance, config: Config) -> None:
    assert browser.get("/readyz").status_code == 503
    lead(config.lease_s)
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json) == (
        200,
        {"database": True, "migrations": True, "scheduler": True},
    )
    advance(4 * config.lease_s)
    late = browser.get("/readyz")
    assert (late.status_code, late.json and late.json["scheduler"]) == (503, False)


def test_not_ready_while_a_migration_is_missing(browser: FlaskClient) -> None:
    lead()
    db.database.execute_sql("DELETE FROM schema_migration")
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json and answer.json["migrations"]) == (503, False)


@pytest.fixture
def no_database(browser: FlaskClient, tmp_path: Path) -> None:
    """Where the database should be is a folder."""
    db.bind(f"sqlite:///{tmp_path}")


def test_not_ready_without_a_database(no_database: None, browser: FlaskClient) -> None:
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json and answer.json["database"]) == (503, False)
    assert browser.get("/healthz").status_code == 200, "it is alive all the same"


def test_without_a_database_a_page_still_says_so_in_words(no_database: None, browser: FlaskClient) -> None:
    answer = browser.get("/")
    assert (answer.status_code, "so nothing is charged" in text(answer)) == (503, True)
