"""A copy of the database while the shop sells, and a shop that is brought back from one.

SQLite is copied by its online backup, PostgreSQL by pg_dump: both see one moment, and neither keeps anybody
from writing. A copy is whole or not there: it is written beside its name first.
"""

import os
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from peewee import fn

from webapp.base import clock
from webapp.base.config import Config
from webapp.customers import account
from webapp.models import Order, OrderEvent, db
from webapp.state import restoration, shop_time


class BackupRefused(Exception):
    """One line for the merchant: why nothing was copied, or nothing was brought back."""


def save(url: str, path: Path) -> None:
    """Copy the database at `url` (DATABASE_URL) to `path`, readable by its owner alone. BackupRefused."""
    if path.exists():
        raise BackupRefused(f"{path} is there already")
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        _copy(url, unfinished)
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def restore(url: str, path: Path, config: Config) -> int:
    """Bring the copy at `path` back into the empty database at `url`; returns how many orders it holds.

    The copy knows nothing of what was sold after it was made, but eSIM Go does: whatever is not finished in
    it is looked up there before anything is bought. BackupRefused.
    """
    if not path.is_file():
        raise BackupRefused(f"{path} is no file")
    _bring_back(url, path)
    db.rebind(url)
    db.migrate()
    shop_time.follow()  # never behind what the copy had reached, and put right with what is noted now
    with db.transaction():
        restoration.note(_last_word(), config.deadline_s)
    account.forget_again(config)
    return Order.select().count()


def _last_word() -> datetime:
    """The moment of the copy, as far as it tells: its last entry in a journal."""
    last: datetime | None = OrderEvent.select(fn.MAX(OrderEvent.at)).scalar()
    return last or clock.now()


# --- the two databases


def _copy(url: str, path: Path) -> None:
    if not url.startswith("sqlite:///"):
        _run("pg_dump", url, "--format=custom", f"--file={path}")
        return
    source = Path(url.removeprefix("sqlite:///"))
    if not source.is_file():
        raise BackupRefused(f"there is no database at {source}")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(path)) as copy:
        live.backup(copy)
        _check(copy)


def _bring_back(url: str, path: Path) -> None:
    _refuse_tables(url)
    if not url.startswith("sqlite:///"):
        _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", str(path))
        return
    with closing(sqlite3.connect(path)) as copy, closing(_file_at(url)) as live:
        _check(copy)
        copy.backup(live)


def _file_at(url: str) -> sqlite3.Connection:
    return sqlite3.connect(url.removeprefix("sqlite:///"))


def _check(copy: sqlite3.Connection) -> None:
    try:
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupRefused(f"the copy is damaged: {found}")


def _refuse_tables(url: str) -> None:
    db.rebind(url)
    if db.database.is_there() and db.database.get_tables():
        raise BackupRefused("the database that DATABASE_URL names is not empty: name a new one")
    db.database.close()


def _run(program: str, url: str, *arguments: str) -> None:
    """PostgreSQL's own tools. The password goes by the environment: a command line is seen by everybody."""
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    address = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")).geturl()
    command = [program, f"--dbname={address}", *arguments]
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    try:
        ended = subprocess.run(  # noqa: S603 - a fixed program, and no shell
            command, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BackupRefused(f"{program} is missing: install PostgreSQL's client programs") from None
    if ended.returncode:
        raise BackupRefused(f"{program}: {ended.stderr.strip()[-300:]}")
