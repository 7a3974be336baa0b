"""The catalogue's number: it grows whenever something that pages show of the catalogue has changed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.models import Setting
from webapp.models.db import locking, transaction

_NAME = "catalogue.generation"


def current() -> int:
    number: int = Setting.read(_NAME, 0)
    return number


class StaleGeneration(Exception):
    """Somebody else has changed the catalogue in the meantime."""


@contextmanager
def change(since: int | None = None) -> Iterator[int]:
    """A writing transaction that changes the catalogue, one at a time; gives the new number.

    Errors: StaleGeneration when the number is not the one of `since` any more.
    """
    with transaction():
        before = _locked()
        if since is not None and before != since:
            raise StaleGeneration
        Setting.write(_NAME, before + 1)
        yield before + 1


def _locked() -> int:
    Setting.insert(name=_NAME, value="0").on_conflict_ignore().execute()
    row = locking(Setting.select().where(Setting.name == _NAME), "FOR UPDATE").get()
    return int(json.loads(row.value))
