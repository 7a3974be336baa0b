"""Which keys the database needs, and how all of it comes under the newest one.

Rotation: put the new key first in DATA_KEYS and restart web and jobs, `flask --app wsgi rotate-keys`, then
take the old one away.
"""

from collections.abc import Iterator
from typing import Any

from peewee import SQL, PeeweeException, fn

from webapp.base import sealing
from webapp.base.config import ConfigError
from webapp.models import TABLES, db
from webapp.models.db import SecretField, SecretTextField

BATCH = 500


def check() -> None:
    """Raises ConfigError when the database holds what no key at hand opens.

    A database that is away, or has no tables yet, is not this check's business.
    """
    try:
        missing = {name: rows for name, rows in in_use().items() if name not in db.database.keys.names}
    except PeeweeException:
        return
    finally:
        db.database.close()
    if missing:
        told = ", ".join(f"{name} ({rows} rows)" for name, rows in sorted(missing.items()))
        raise ConfigError(f"DATA_KEYS lacks a key that the database was written with: {told}")


def in_use() -> dict[str, int]:
    """The names of the keys that are needed, and how many rows lie under each."""
    counted: dict[str, int] = {}
    for field in _secrets():
        name = fn.SUBSTR(field, 1, sealing.NAME_LENGTH).coerce(False)
        rows = field.model.select(name, fn.COUNT(field.model.id)).where(_is_sealed(field))
        for key, count in rows.group_by(SQL("1")).tuples():
            counted[key] = counted.get(key, 0) + count
    return counted


def rotate() -> int:
    """Seal with the newest key what lies under another; returns how many rows. May be broken off and run
    again, while the shop sells.
    """
    return sum(len(batch) for field in _secrets() for batch in _rotated(field))


def _rotated(field: Any) -> Iterator[list[Any]]:
    """Each batch on its own: nobody waits long for its locks."""
    name = fn.SUBSTR(field, 1, sealing.NAME_LENGTH)
    old = _is_sealed(field) & (name != db.database.keys.names[0])
    query = field.model.select(field.model.id, field).where(old).order_by(field.model.id).limit(BATCH)
    while batch := list(query.clone()):
        for row in batch:
            setattr(row, field.name, getattr(row, field.name))  # opened here, and sealed when it is written
        field.model.bulk_update(batch, [field])
        yield batch


def _secrets() -> list[Any]:
    fields = (field for model in TABLES for field in model._meta.sorted_fields)
    return [field for field in fields if isinstance(field, SecretField | SecretTextField)]


def _is_sealed(field: Any) -> Any:
    """What a migration has still to seal lies there as it is, and needs no key."""
    return fn.SUBSTR(field, sealing.NAME_LENGTH + 1, len(sealing.MARK)) == sealing.MARK
