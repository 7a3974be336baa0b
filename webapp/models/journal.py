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
        """Leave the state that was read for `to`, once, with a journal row in the same transaction. What time
        has ended by now (StateField) is written down before anything follows from it.

        False when somebody was first.
        """
        now: str = getattr(self, self.STATE)
        with transaction():
            if now not in {to, self.as_written(self.STATE)}:
                self._move(now, "job", "its time was over", {})
                setattr(self, self.STATE, now)  # by us or by a job: the next compare-and-set finds out
            return self._move(to, actor, note, changes)

    def _move(self, to: str, actor: str, note: str, changes: dict[str, Any]) -> bool:
        before: str = self.as_written(self.STATE)
        if to not in self.TRANSITIONS[before]:
            raise ValueError(f"a row of {self._meta.table_name} cannot go from {before} to {to}")
        changes[self.STATE] = to
        if not self.compare_and_set(self._as_read(), **changes):
            return False
        self._note(before, to, actor, note[:500])
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _as_read(self) -> dict[str, Any]:
        """What must not have changed since this row was read."""
        return {self.STATE: self.as_written(self.STATE)}

    def _note(self, before: str, to: str, actor: str, note: str) -> None:
        raise NotImplementedError
