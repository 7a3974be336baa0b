"""Rows with few states, each left by compare-and-set, with a journal: who, when, from, to, note."""

from collections.abc import Mapping
from typing import Any, ClassVar

from peewee import CharField, TextField

from webapp.base import clock
from webapp.models.db import Row, UtcField, transaction


class Journal(Row):
    """One move of one row."""

    at = UtcField(default=clock.now)
    from_state = CharField()
    to_state = CharField()
    actor = CharField()
    note = TextField(default="")


class Stateful(Row):
    """A row whose state (the field that STATE names) is written by `move` alone."""

    TRANSITIONS: ClassVar[Mapping[str, set[str]]]
    STATE: ClassVar[str] = "state"

    def move(self, to: str, *, actor: str, note: str = "", **changes: Any) -> bool:
        """Leave the state that was read for `to`, once, with a journal row in the same transaction.

        False when somebody was first.
        """
        before: str = getattr(self, self.STATE)
        if to not in self.TRANSITIONS[before]:
            raise ValueError(f"a row of {self._meta.table_name} cannot go from {before} to {to}")
        changes[self.STATE] = to
        with transaction():
            if not self.compare_and_set(self._as_read(), **changes):
                return False
            self._note(before, to, actor, note[:500])
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _as_read(self) -> dict[str, Any]:
        """What must not have changed since this row was read."""
        return {self.STATE: getattr(self, self.STATE)}

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        raise NotImplementedError
