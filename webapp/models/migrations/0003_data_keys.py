"""Activation data that lies there plain is sealed with DATA_KEYS: matching ids, and what eSIM Go told us."""

from collections.abc import Callable, Iterator
from typing import Any

from peewee import *

from webapp.base import sealing

# What was plain is to be gone from the files as well, and no database does that inside a transaction. Each
# step may be repeated: what is sealed already is left as it is.
atomic = False

BATCH = 500


class Esim(Model):
    secret = CharField(column_name="matching_id")

    class Meta:
        table_name = "esim"


class Callback(Model):
    secret = TextField(column_name="raw")

    class Meta:
        table_name = "callback"


def up(migrator: Any, db: Any) -> None:
    if any(_rewritten(db, lambda text: text if sealing.is_sealed(text) else db.keys.seal(text))):
        db.scrub("esim", "callback")


def down(migrator: Any, db: Any) -> None:
    list(_rewritten(db, lambda text: db.keys.unseal(text) if sealing.is_sealed(text) else text))


def _rewritten(db: Any, change: Callable[[str], str]) -> list[bool]:
    with db.bind_ctx([Esim, Callback]):
        return [True for model in (Esim, Callback) for _ in _batches(model, change)]


def _batches(model: Any, change: Callable[[str], str]) -> Iterator[None]:
    last = 0
    while rows := list(model.select().where(model.id > last).order_by(model.id).limit(BATCH)):
        for row in rows:
            row.secret = str(change(row.secret))
        model.bulk_update(rows, [model.secret])
        last = rows[-1].id
        yield
