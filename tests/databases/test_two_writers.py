"""Web and jobs read, then write, at the same time: nobody fails, and nobody overwrites the other."""

import sqlite3
from pathlib import Path

import pytest

from sandbox import clock
from tests.databases.servers import Files
from tests.databases.writing import together
from webapp import db
from webapp.config import Config
from webapp.models import Setting

TIMES = 500


def counted(work: str, url: str) -> tuple[int, int]:
    """The counter after two processes have counted, and how many of their transactions failed."""
    Setting.create(name="counter", value="0")
    began = clock.monotonic()
    failed = sum(int(line) for told in together(work, url, TIMES) for line in told)
    took = clock.monotonic() - began
    counter = int(Setting.get_by_id("counter").value)
    print(f"\n{work}, {url.partition(':')[0]}: {2 * TIMES} transactions, {failed} failed, {took:.1f} s")
    return counter, failed


def test_two_processes_that_read_then_write_never_fail(database: Config) -> None:
    assert counted("count", database.database_url) == (2 * TIMES, 0)


def test_the_transactions_of_peewee_itself_would_fail_on_sqlite(sqlite_files: Files, tmp_path: Path) -> None:
    db.bind(url := sqlite_files.migrated(tmp_path))
    counter, failed = counted("count_deferred", url)
    assert counter == 2 * TIMES - failed
    db.database.close()


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
