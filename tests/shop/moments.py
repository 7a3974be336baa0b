"""The middle of a piece of work, reached from outside: at one of its statements somebody else writes, or it
fails. A race is lost between two statements, so this needs no hook inside the shop.
"""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from webapp.models import db

Action = Callable[[], object]


@dataclass
class Moment:
    """The next statement in which `statement` (a regular expression) is found; `act` is done once."""

    statement: str
    act: Action


class Moments:
    """Of the statements of one thread, the one that makes this, on the database that is bound."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._database = db.database.obj
        self._execute = self._database.execute_sql
        self._thread = threading.get_ident()
        self._before: list[Moment] = []
        self._after: list[Moment] = []
        patch.setattr(self._database, "execute_sql", self._watched)

    @property
    def to_come(self) -> list[str]:
        """A test whose moment never came has shown nothing."""
        return [moment.statement for moment in (*self._before, *self._after)]

    def before(self, statement: str, action: Action) -> None:
        """Somebody else does `action` right before it."""
        self._before.append(Moment(statement, lambda: self._elsewhere(action)))

    def after(self, statement: str, action: Action) -> None:
        """Somebody else does `action` right after it was answered."""
        self._after.append(Moment(statement, lambda: self._elsewhere(action)))

    def meanwhile(self, statement: str, action: Action) -> None:
        """Something happens right before it that needs no database, also in the middle of a transaction."""
        self._before.append(Moment(statement, action))

    def fail(self, statement: str, error: BaseException) -> None:
        """It raises, and the database never hears of it."""

        def refuse() -> None:
            raise error

        self._before.append(Moment(statement, refuse))

    def _elsewhere(self, action: Action) -> None:
        """On a connection of its own, as another process would."""
        assert not self._database.in_transaction(), "SQLite would let nobody else write here"

        def work() -> None:
            try:
                action()
            finally:
                db.database.close()

        with ThreadPoolExecutor(1) as threads:
            threads.submit(work).result()

    def _watched(self, sql: str, *values: Any, **more: Any) -> Any:
        self._come(self._before, sql)
        answer = self._execute(sql, *values, **more)
        self._come(self._after, sql)
        return answer

    def _come(self, moments: list[Moment], sql: str) -> None:
        if threading.get_ident() != self._thread:
            return
        for moment in [moment for moment in moments if re.search(moment.statement, sql)]:
            moments.remove(moment)
            moment.act()
