"""Rows with few states, each left by compare-and-set, with a journal: who, when, from, to, note."""

from collections.abc import Mapping
from typing import Any, ClassVar

from peewee import CharField, Expression, TextField

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
    """`state` is written by `move` alone."""

    TRANSITIONS: ClassVar[Mapping[str, set[str]]] = {}

    state = CharField()

    def move(self, to: str, *, actor: str, note: str = "", **changes: Any) -> bool:
        """Leave the state that was read for `to`, once, with a journal row in the same transaction.

        False when somebody was first.
        """
        if to not in self.TRANSITIONS[self.state]:
            raise ValueError(f"a {self._meta.table_name} cannot go from {self.state} to {to}")
        before = self.state
        with transaction():
            if type(self).update(state=to, **changes).where(self._as_read()).execute() != 1:
                return False
            self._note(from_state=before, to_state=to, actor=actor, note=note[:500])
        self.state = to
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _as_read(self) -> Expression:
        model = type(self)
        return (model.id == self.id) & (model.state == self.state)

    def _note(self, **row: str) -> None:
        raise NotImplementedError
