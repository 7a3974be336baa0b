"""What the database of a released version looked like, with orders in each stage.

`python -m tests.databases.dumps 0.2.0`, run with the code of that version, writes 0.2.0.sqlite.sql and
0.2.0.postgresql.sql into tests/databases/versions/.
"""

import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg

from tests.databases.servers import postgresql, wheel
from tests.shop.factories import make_customer, make_order, make_plan
from webapp.base import sealing
from webapp.models import db

FOLDER = Path(__file__).parent / "versions"
KEY = sealing.derived_key("of the tests")
STAGES = (
    "awaiting_payment",
    "expired",
    "paid",
    "submitting",
    "unknown",
    "accepted",
    "ready",
    "active",
    "returned",
    "failed",
)
OF_THE_SESSION = re.compile(r"^(?:SET |SELECT pg_catalog\.set_config|\\|--).*\n", re.MULTILINE)
"""Lines of pg_dump that other versions of PostgreSQL may not know, and remarks."""


def fill() -> None:
    make_plan()
    for number, stage in enumerate(STAGES):
        make_order(stage, make_customer(5000 + number, first_name=f"Customer {number}"))


def of(version: str, engine: str) -> Path:
    return FOLDER / f"{version}.{engine}.sql"


def load(dump: Path, url: str) -> None:
    """Into the empty database at `url`."""
    text = dump.read_text()
    if not url.startswith("postgresql"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.executescript(text)
            file.execute("PRAGMA journal_mode = wal")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def _dumped(url: str) -> str:
    if not url.startswith("postgresql"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return "\n".join(file.iterdump()) + "\n"
    options = ("--inserts", "--no-owner", "--no-privileges", f"--dbname={url}")
    said = subprocess.run([wheel() / "bin/pg_dump", *options], capture_output=True, text=True, check=True)
    return re.sub(r"\n{2,}", "\n", OF_THE_SESSION.sub("", said.stdout)).lstrip()


def write(version: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        for engine, url in (
            ("sqlite", f"sqlite:///{folder}/simka.db"),
            ("postgresql", server.empty(Path(folder))),
        ):
            db.bind(url, (KEY,))
            db.migrate()
            fill()
            db.database.close()
            of(version, engine).write_text(_dumped(url))


if __name__ == "__main__":
    write(sys.argv[1])
