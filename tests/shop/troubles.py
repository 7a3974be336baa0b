"""What can happen to a database: each is done to a real file, and undone at the end."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from tests.shop.disks import fill
from webapp.models import db

PAGE = 4096
KEPT_PAGES = 1
"""The first page has the schema: without it no statement is even understood."""


@contextmanager
def full(file: Path) -> Iterator[None]:
    """Its disk is. Only on a small one (disks.py)."""
    db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    ballast = fill(file.parent)
    yield
    ballast.unlink()


@contextmanager
def damaged(file: Path) -> Iterator[None]:
    """All pages of its tables and indexes are overwritten."""
    db.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.database.close()
    whole = file.read_bytes()
    file.write_bytes(whole[: KEPT_PAGES * PAGE] + b"\xa5" * (len(whole) - KEPT_PAGES * PAGE))
    yield
    db.database.close()
    file.write_bytes(whole)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Somebody begins to write, and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def moved(file: Path) -> Iterator[None]:
    """With what lies beside it, as `mv simka.db* elsewhere` does."""
    parts = sorted(file.parent.glob(f"{file.name}*"))
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    for part in parts:
        shutil.move(part, elsewhere)
    yield
    for part in elsewhere.iterdir():
        shutil.move(part, file.parent / part.name)
    elsewhere.rmdir()


TROUBLES: Mapping[str, Callable[[Path], AbstractContextManager[None]]] = {
    "full": full,
    "damaged": damaged,
    "locked": locked,
    "away": moved,
}
"""By the word that `db.trouble` has for it."""
