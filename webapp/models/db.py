"""The database of DATABASE_URL: one kept connection per thread, tables, transactions, migrations."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from peewee import (
    AutoField,
    CharField,
    DatabaseProxy,
    Field,
    FieldAccessor,
    Model,
    ModelSelect,
    OperationalError,
    PeeweeException,
    TextField,
)
from playhouse.migrations import Runner

from webapp.base import clock, sealing
from webapp.models.engines import Busy as Busy
from webapp.models.engines import Trouble as Trouble
from webapp.models.engines import engine

T = TypeVar("T")

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
RETRY_PAUSES_S = (0.05, 0.2)
TURN_WITHIN_S = 2.0
NOTED_WITHIN_S = 0.1

database: Any = DatabaseProxy()
"""Has whatever the database has that `bind` chose."""


class Whole(ModelSelect):
    """Read to its end before anybody loops over it, so that the loop may write.

    A statement that SQLite reads row by row keeps the database as it was when it began. Once another process
    has committed, our own write is refused at once ("database is locked"), whatever the timeout says.
    `iterator()` still reads row by row.
    """

    def __iter__(self) -> Iterator[Any]:
        return iter(list(super().__iter__()))


class BaseModel(Model):
    class Meta:
        database = database
        legacy_table_names = False

    @classmethod
    def select(cls, *fields: Any) -> "ModelSelect[Self]":
        rows: Any = Whole(cls, fields or cls._meta.sorted_fields, is_default=not fields)
        whole: ModelSelect[Self] = rows  # only the stubs know of the parameter
        return whole


class Row(BaseModel):
    """A table with a numbered key."""

    id = AutoField()

    def compare_and_set(self, expected: Mapping[str, Any], **changes: Any) -> bool:
        """Write `changes` where the row still has the values of `expected`; False when somebody was first.

        This object stays as it was read.
        """
        model = type(self)
        as_read = [getattr(model, name) == value for name, value in expected.items()]
        return bool(model.update(changes).where(model.id == self.id, *as_read).execute())

    def as_written(self, name: str) -> Any:
        """What the column had when this row was read, also where time has ended it since (StateField)."""
        return self.__data__[name]


class UtcField(Field):
    """A moment in UTC: timezone-aware in Python, TIMESTAMPTZ in PostgreSQL, sortable text in SQLite."""

    field_type = "DATETIME"
    _FORM = "%Y-%m-%d %H:%M:%S.%f"

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else value.astimezone(UTC).strftime(self._FORM)

    def python_value(self, value: str | datetime | None) -> datetime | None:
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class _ByNow(FieldAccessor):
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return super().__get__(instance, owner)  # type: ignore[no-untyped-call] # the stubs lack it
        return instance.state_at(clock.now())


class StateField(CharField):
    """A state that time alone can end. A row tells what it is by now (its `state_at`), so that it ends for
    every reader at once, whenever a job comes by to write it down. Queries and compare-and-set go by what is
    written: a query about now says so (Order.overdue, Assignment.waiting).
    """

    accessor_class = _ByNow


class _Opening(FieldAccessor):
    """A secret is opened when somebody asks for it: a list that shows none pays for none."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        value = super().__get__(instance, owner)  # type: ignore[no-untyped-call] # the stubs lack it
        if isinstance(value, sealing.Sealed):
            value = instance.__data__[self.name] = database.keys.unseal(value)
        return value


class _Secret(Field):
    """Plain in Python, sealed in the database. Nothing can be looked for by it."""

    accessor_class = _Opening

    def db_value(self, value: str | None) -> str | None:
        if value is None or isinstance(value, sealing.Sealed):
            return value
        sealed: sealing.Sealed = database.keys.seal(value)
        return sealed

    def python_value(self, value: str | None) -> str | None:
        return None if value is None else sealing.Sealed(value)


class SecretField(_Secret, CharField):
    """A short secret."""


class SecretNameField(SecretField):
    """A secret that the version before, which still runs while this one starts, writes plain. The empty one
    is none.
    """

    def db_value(self, value: str | None) -> str | None:
        return super().db_value(value) if value else value

    def python_value(self, value: str | None) -> str | None:
        return super().python_value(value) if value is not None and sealing.is_sealed(value) else value


class SecretTextField(_Secret, TextField):
    """A long text with secrets in it."""


def bind(url: str, keys: Sequence[str] = ()) -> None:
    """Point the models at `url`: sqlite:///path or postgresql://user:password@host/name. What is secret in it
    is sealed with the first of `keys` and opened with any (sealing.Keys).
    """
    if database.obj is not None:
        database.close()
    database.initialize(engine(url, sealing.Keys(keys)))


def rebind(url: str) -> None:
    """Point the models at another database, with the same keys."""
    keys = database.keys
    database.close()
    database.initialize(engine(url, keys))


def transaction() -> AbstractContextManager[Any]:
    """A writing transaction, or a savepoint inside the one that is open.

    On PostgreSQL two of them can end in a deadlock, and one is taken back with OperationalError. Nobody
    repeats it by hand: jobs run again by themselves, and a request is repeated as a whole.
    """
    writing: AbstractContextManager[Any] = database.writing()
    return writing


def turn(wait_s: float = TURN_WITHIN_S) -> AbstractContextManager[Any]:
    """A transaction for what is counted before it is allowed: no other turn runs beside it, on either
    database, so that two never count the same room. No network call and no sleep in it, and none around it
    that is a transaction already.

    Raises Busy when its turn has not come within `wait_s` seconds.
    """
    alone: AbstractContextManager[Any] = database.turn(wait_s)
    return alone


def note(work: Callable[[], object]) -> bool:
    """Write what a page only notes in passing, and what is noted again next time: a page waits for no lock
    longer than a blink, and is shown whatever is wrong with the database. False when it is not written.
    """
    try:
        with database.briefly(NOTED_WITHIN_S):
            work()
    except PeeweeException as error:
        if not trouble(error):
            raise
        log.warning("not noted: the database is %s", trouble(error))
        return False
    return True


def retry_on_deadlock(work: Callable[[], T]) -> T:
    """Do `work`, and all of it again where PostgreSQL ended its transaction to resolve a deadlock: what was
    read by then may no longer be so. Retried twice, each time after a pause: PostgreSQL gives a row that was
    freed to whoever comes first, so that a retry without a pause can run into the same deadlock.
    """
    for pause_s in RETRY_PAUSES_S:
        try:
            return work()
        except OperationalError as error:
            if not database.is_deadlock(error):
                raise
            log.warning("deadlock: the transaction is retried")
        clock.sleep(pause_s)
    return work()


def trouble(error: BaseException) -> Trouble | None:
    """What is wrong with the database itself, where `error` says so: then nothing is wrong with what was
    asked of it, and the same may be asked again.
    """
    if not isinstance(error, PeeweeException):
        return None
    found: Trouble | None = database.trouble(error)
    return found


def damage() -> str:
    """What is broken in the database's files, "" for nothing that can be seen. Reads all of a SQLite file."""
    found: str = database.damage()
    return found


def group_commit(work: Callable[[], T]) -> T:
    """Write something small that many bring at once; returns when it is committed. `work` may be done by
    another thread, so it knows nothing of the request at hand. Not inside a transaction.
    """
    result: T = database.group_commit(work)
    return result


def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """One statement as it stands, `?` for each value. For what is read every two seconds by everybody: there
    building a query and its models costs several times what the database does.
    """
    found: list[tuple[Any, ...]] = database.execute_sql(sql.replace("?", database.param), values).fetchall()
    return found


def locking(query: Any, strength: Literal["FOR UPDATE", "FOR SHARE"]) -> Any:
    """The rows that `query` reads stay as read until the transaction ends.

    SQLite needs no words for it: its transactions are alone from their start.
    """
    return query.for_update(strength) if database.for_update else query


def keep_connection() -> None:
    """Before each request and each job. A thread keeps its connection, because opening one costs more than
    a query; a broken one is left here, and the next query opens another.
    """
    if database.is_lost():
        database.close()


def migrate() -> list[str]:
    """Apply what is missing; returns the names. Run before web and jobs start, never by them."""
    keep_connection()
    with database.migrating():
        return list(_runner().up())


def pending_migrations() -> list[str]:
    """What this code has and the database lacks. A SQLite file that is not there lacks all of it."""
    if not database.is_there():
        return [migration.name for migration in _runner().migrations()]
    return [migration.name for migration in _runner().status() if migration.applied is None]


def unknown_migrations() -> list[str]:
    """What the database has and this code does not know."""
    if not database.is_there():
        return []
    return [migration.name for migration in _runner().status() if migration.path is None]


def _runner() -> Any:
    return Runner(database, str(MIGRATIONS))  # type: ignore[no-untyped-call] # the stubs lack it
