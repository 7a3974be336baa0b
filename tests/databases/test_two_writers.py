"""Web and jobs read, then write, at the same time: nobody fails, and nobody overwrites the other."""

import sqlite3
from pathlib import Path

import pytest

from tests.databases.servers import Files
from tests.databases.writing import together
from webapp.base.config import Config
from webapp.models import Setting

SOME, ALL = 200, 500
"""Transactions of each."""


@pytest.mark.proof
def test_two_processes_that_read_then_write_never_fail(database: Config, in_full: bool) -> None:
    times = ALL if in_full else SOME
    Setting.create(name="counter", value="0")
    failed = sum(int(line) for told in together("count", database.database_url, times) for line in told)
    assert (int(Setting.get_by_id("counter").value), failed) == (2 * times, 0)


def test_a_deferred_transaction_fails_as_soon_as_another_has_written(
    sqlite_files: Files, tmp_path: Path
) -> None:
    """Why every writing transaction is IMMEDIATE: waiting does not help one that has read too early."""
    path = sqlite_files.migrated(tmp_path).removeprefix("sqlite:///")
    first, second = (sqlite3.connect(path, isolation_level=None, timeout=100) for _ in range(2))
    first.execute("BEGIN")
    first.execute("SELECT * FROM setting").fetchall()
    second.execute("INSERT INTO setting (name, value) VALUES ('second', '')")
    with pytest.raises(sqlite3.OperationalError, match="locked") as caught:
        first.execute("INSERT INTO setting (name, value) VALUES ('first', '')")
    assert caught.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT", "no lock that one could wait for"
    first.close()
    second.close()
