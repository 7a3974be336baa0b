"""From SQLite to PostgreSQL: every row is copied, and then every row is compared, before anybody sells again.

Nobody writes meanwhile: the source is locked from the first row to the last. The copy is one transaction, so
that it is whole or not there.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from peewee import BooleanField, sort_models  # type: ignore[attr-defined] # the stubs lack the latter

from webapp.base import clock
from webapp.models import TABLES, Setting, db
from webapp.models.db import BaseModel, UtcField
from webapp.state import leases

AT_ONCE = 1000
"""Rows in memory."""

Row = tuple[Any, ...]


class MoveRefused(Exception):
    """One line for the merchant: why nothing was moved. The source is as it was."""


@dataclass(frozen=True)
class Moved:
    """`rows` by table; `copied_s` and `compared_s`: how long each took, while nobody could write."""

    rows: dict[str, int]
    copied_s: float
    compared_s: float


def move(source: str, target: str) -> Moved:
    """Copy the SQLite database at `source` to the empty PostgreSQL at `target`, compare, and put the file
    away under another name, so that no process can go on selling from it. MoveRefused.
    """
    path = _file(source, target)
    _refuse_unready(source)
    db.rebind(target)
    db.migrate()
    _refuse_rows()
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as old:
        with _alone(old), db.transaction():
            moved = _copy_and_compare(old)
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(path.with_name(path.name + ".moved"))
    return moved


# --- refused


def _file(source: str, target: str) -> Path:
    path = Path(source.removeprefix("sqlite:///"))
    if not source.startswith("sqlite:///") or not path.is_file():
        raise MoveRefused("DATABASE_URL has to name the SQLite database that is to be moved")
    if not target.startswith("postgresql://"):
        raise MoveRefused("the new address has to begin with postgresql://")
    return path


def _refuse_unready(source: str) -> None:
    db.rebind(source)
    if db.pending_migrations():
        raise MoveRefused("its tables are not up to date: run `make migrate` first")
    if leases.seen_within(0):
        raise MoveRefused("the jobs process is running: stop jobs and web first")
    db.database.close()


def _refuse_rows() -> None:
    """What `make migrate` notes down in a new database is no obstacle."""
    full = [name(model) for model in TABLES if model is not Setting and model.select().exists()]
    if full:
        raise MoveRefused(f"the new database holds rows already ({', '.join(full)}): name an empty one")


@contextmanager
def _alone(old: sqlite3.Connection) -> Iterator[None]:
    """Whoever wants to write waits, and is refused in the end."""
    try:
        old.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        raise MoveRefused("somebody is writing to the database: stop jobs and web first") from None
    try:
        yield
    finally:
        old.execute("ROLLBACK")


# --- moved


def _copy_and_compare(old: sqlite3.Connection) -> Moved:
    db.database.execute_sql("SET LOCAL statement_timeout = 0")
    db.database.execute_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    Setting.delete().execute()
    began = clock.monotonic()
    rows = {name(model): _copy(model, old) for model in sort_models(TABLES)}
    copied = clock.monotonic()
    for model in TABLES:
        _compare(model, old)
    return Moved(rows, copied - began, clock.monotonic() - copied)


def _copy(model: type[BaseModel], old: sqlite3.Connection) -> int:
    """Past the models, by COPY: a hundred thousand orders are to take seconds."""
    count = 0
    columns = ", ".join(f'"{column}"' for column in _columns(model))
    with db.database.cursor() as cursor, cursor.copy(f'COPY "{name(model)}" ({columns}) FROM STDIN') as copy:
        for row in _old_rows(model, old):
            copy.write_row(row)
            count += 1
    if "id" in _columns(model):
        last = f'(SELECT MAX(id) FROM "{name(model)}")'  # noqa: S608 - a table of ours
        db.rows(f"SELECT setval(pg_get_serial_sequence('{name(model)}', 'id'), {last})")
    return count


def _compare(model: type[BaseModel], old: sqlite3.Connection) -> None:
    for before, after in zip_longest(_old_rows(model, old), _new_rows(model)):
        if before != after:
            key = (before or after)[0]
            raise MoveRefused(f"{name(model)} {key} did not arrive as it was: nothing has been moved")


def name(model: type[BaseModel]) -> str:
    return str(model._meta.table_name)


def _columns(model: type[BaseModel]) -> list[str]:
    """The key first."""
    key = str(model._meta.primary_key.column_name)  # type: ignore[union-attr] # each table has one
    return [key, *(field.column_name for field in model._meta.sorted_fields if field.column_name != key)]


def _select(model: type[BaseModel]) -> str:
    key, *_ = columns = _columns(model)
    asked = ", ".join(f'"{column}"' for column in columns)
    return f'SELECT {asked} FROM "{name(model)}" ORDER BY "{key}"'  # noqa: S608 - names of ours


def _old_rows(model: type[BaseModel], old: sqlite3.Connection) -> Iterator[Row]:
    for row in old.execute(_select(model)):
        yield _as_told(model, row)


def _new_rows(model: type[BaseModel]) -> Iterator[Row]:
    """A portion at a time, by a cursor that the server keeps."""
    collate = "" if "id" in _columns(model) else ' COLLATE "C"'  # SQLite sorts text by its bytes
    with db.database.connection().cursor(name="moving") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(_select(model) + collate)
        for row in cursor:
            yield _as_told(model, row)


def _as_told(model: type[BaseModel], row: Sequence[Any]) -> Row:
    """The same value however each database spells it: moments, yes and no, text without NUL."""
    fields = model._meta.columns
    return tuple(_value(fields[column], value) for column, value in zip(_columns(model), row, strict=True))


def _value(field: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, UtcField):
        return field.python_value(value)
    if isinstance(field, BooleanField):
        return bool(value)
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value
