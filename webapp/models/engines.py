"""The two databases the shop runs on: how each is opened, known to be lost, and migrated by one at a time.

Peewee imports psycopg when it is installed; nothing here does, so that SQLite needs no driver.
"""

import fcntl
import os
import select
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from peewee import InterfaceError, OperationalError, PeeweeException, PostgresqlDatabase, SqliteDatabase

from webapp.base import clock
from webapp.base.sealing import Keys

T = TypeVar("T")


Trouble = Literal["full", "damaged", "locked", "away"]
"""Why a database does not do what it is asked, when the statement is not to blame."""


class Busy(OperationalError):
    """The database, or what was to be locked in it, was not free in time; nothing is written."""


class QueuedWrite(Generic[T]):
    """A small write that another thread may execute in its transaction, with its result or error."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self.done = False

    def run(self, savepoint: Callable[[], AbstractContextManager[Any]]) -> None:
        """In a savepoint: when it fails, the other writes of the transaction stay."""
        try:
            with savepoint():
                self._result = self._work()
        except Exception as error:
            self._error = error
        self.done = True

    def failed(self, error: BaseException) -> None:
        """It was not committed."""
        self._error, self.done = error, True

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return cast(T, self._result)


def _drivers(error: BaseException | None, name: str) -> Iterator[Any]:
    """What the driver's own errors, which Peewee has wrapped, say by this name, the last first."""
    while error is not None:
        if hasattr(error, name):
            yield getattr(error, name)
        error = error.__context__


WAITS_S = 10
"""How long SQLite waits for whoever writes."""
PRAGMAS = {"foreign_keys": 1, "synchronous": 2, "cache_size": -8000}
"""A commit is on the disk before it is answered (synchronous = FULL): some of them are about money."""


class Sqlite(SqliteDatabase):
    """One file for one machine, with writing transactions that take the lock at their start.

    Peewee's default transaction is deferred: two processes that both read and then write fail with
    "database is locked". IMMEDIATE makes the second one wait instead.
    """

    _TROUBLES: ClassVar[dict[int, Trouble]] = {
        sqlite3.SQLITE_FULL: "full",
        sqlite3.SQLITE_IOERR: "full",
        sqlite3.SQLITE_CORRUPT: "damaged",
        sqlite3.SQLITE_NOTADB: "damaged",
        sqlite3.SQLITE_BUSY: "locked",
        sqlite3.SQLITE_LOCKED: "locked",
        sqlite3.SQLITE_CANTOPEN: "away",
        sqlite3.SQLITE_READONLY: "away",
    }

    def __init__(self, url: str, keys: Keys) -> None:
        """`keys`: what seals and opens the secrets that lie in it."""
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(str(path), pragmas=PRAGMAS, timeout=WAITS_S, lock_type="IMMEDIATE")
        self.keys = keys
        self._write_lock = threading.Lock()
        self._queue: deque[QueuedWrite[Any]] = deque()
        self._opened = threading.local()

    def _connect(self) -> Any:
        """No empty file is made in place of one that was moved away: `make` does that."""
        if not self.is_there():
            raise OperationalError(f"there is no {self.database}")
        connection = super()._connect()  # type: ignore[misc] # the stubs lack it
        self._opened.file = self._file()
        return connection

    def is_there(self) -> bool:
        """Is there a file to open?"""
        return Path(self.database).exists()

    def make(self) -> None:
        """An empty one, where there is none."""
        Path(self.database).touch()

    def _file(self) -> tuple[int, int] | None:
        """Which file has the name of the database now."""
        try:
            there = Path(self.database).stat()
        except OSError:
            return None
        return there.st_dev, there.st_ino

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction, or a savepoint in the one that is open. Threads of one process take turns here:
        SQLite would let them sleep longer and longer, and the unlucky ones for seconds.
        """
        if self.in_transaction():
            with self.atomic():
                yield
            return
        with self._write_lock, self.atomic():
            yield

    @contextmanager
    def turn(self, wait_s: float) -> Iterator[None]:
        """A writing transaction, which is alone here anyway, or Busy when it cannot begin within `wait_s`."""
        give_up = clock.monotonic() + wait_s
        if not self._write_lock.acquire(timeout=wait_s):
            raise Busy("another thread is writing")
        try:
            with ExitStack() as transaction:
                self._begin(transaction, give_up - clock.monotonic())
                yield
        finally:
            self._write_lock.release()

    def briefly(self, wait_s: float) -> AbstractContextManager[None]:
        """A writing transaction, or Busy when it cannot begin within `wait_s`."""
        return self.turn(wait_s)

    def _begin(self, transaction: ExitStack, wait_s: float) -> None:
        self.pragma("busy_timeout", max(0, round(wait_s * 1000)))
        try:
            transaction.enter_context(self.atomic())
        except OperationalError as error:
            raise Busy("another process is writing") from error
        finally:
            self.pragma("busy_timeout", WAITS_S * 1000)

    def group_commit(self, work: Callable[[], T]) -> T:
        """Do `work` in a transaction that it shares with whoever came while the last one was being committed.
        Most of a small transaction is waiting for the disk, and there is one disk. Returns after the commit.
        """
        write = QueuedWrite(work)
        self._queue.append(write)
        with self._write_lock:
            if not write.done:
                self._commit_all(list(iter(self._next, None)))
        return write.outcome()

    def _next(self) -> "QueuedWrite[Any] | None":
        return self._queue.popleft() if self._queue else None

    def _commit_all(self, writes: "list[QueuedWrite[Any]]") -> None:
        try:
            with self.atomic():
                for write in writes:
                    write.run(self.savepoint)
        except BaseException as error:
            for write in writes:
                write.failed(error)

    def is_deadlock(self, error: OperationalError) -> bool:
        """A file has one writer at a time, so there are no deadlocks."""
        return False

    def trouble(self, error: PeeweeException) -> Trouble | None:
        """Is it the database's, and not the statement's? "full" is also a disk that cannot be written."""
        if isinstance(error, Busy):
            return "locked"
        codes = [code & 0xFF for code in _drivers(error, "sqlite_errorcode")]
        if not codes:
            return "away" if isinstance(error, OperationalError) else None
        # A full disk ends the transaction, so that taking it back fails too, with an error of the statement.
        last = next((code for code in codes if code != sqlite3.SQLITE_ERROR), sqlite3.SQLITE_ERROR)
        return self._TROUBLES.get(last)

    def rollback(self) -> Any:
        """What a full disk has ended is ended: its own error says more than that of a second rollback."""
        connection: Any = None if self.is_closed() else self.connection()  # type: ignore[no-untyped-call]
        if connection is None or connection.in_transaction:
            super().rollback()

    def damage(self) -> str:
        """By a connection that has none of its pages in memory yet."""
        self.close()
        execute: Any = self.execute_sql
        told = execute("PRAGMA quick_check(1)").fetchone()[0]
        return "" if told == "ok" else str(told)

    def is_lost(self) -> bool:
        """Was the file moved away, or another put in its place? What is open would go on with the old one."""
        return not self.is_closed() and self._file() != self._opened.file

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Exclusive: flock on the database's folder, released when the process exits."""
        folder = os.open(Path(self.database).parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self.make()
            self.pragma("journal_mode", "wal")
            yield
        finally:
            os.close(folder)

    def scrub(self, *_tables: str) -> None:
        """Nothing that was overwritten or deleted is left in the file, or in the log beside it."""
        execute: Any = self.execute_sql
        execute("VACUUM")
        execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Postgresql(PostgresqlDatabase):
    """One server for several machines. Transactions are READ COMMITTED: what must not change is locked.

    A process that is paused inside a transaction loses it after 10 s, and with it the rows that it holds.
    """

    _SESSION = (
        "SET TIME ZONE 'UTC'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s'"
    )
    # Without these a server that vanished with its machine would be waited for as long as TCP likes.
    _UNLESS_SAID: ClassVar[dict[str, Any]] = {
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
        "fallback_application_name": "simka",
    }
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    _TROUBLES: ClassVar[dict[str, Trouble]] = {
        "53100": "full",  # disk_full
        "58030": "full",  # io_error
        "58P01": "damaged",  # undefined_file
        "XX001": "damaged",  # data_corrupted
        "XX002": "damaged",  # index_corrupted
        "55P03": "locked",  # lock_not_available
        "57014": "locked",  # query_canceled: by statement_timeout
        "08": "away",
        "25": "away",  # read_only_sql_transaction, idle_in_transaction_session_timeout
        "53": "away",  # too_many_connections, out_of_memory
        "57": "away",  # admin_shutdown, cannot_connect_now
    }
    _RETRYABLE = ("40001", "40P01")  # serialization_failure, deadlock_detected
    _LOCK_NOT_AVAILABLE = "55P03"
    _MIGRATING = 7_461_909_021
    _TURN = 7_461_909_022
    """Any numbers, as long as nobody else locks the same ones in this database."""

    def __init__(self, url: str, keys: Keys) -> None:
        """`keys`: what seals and opens the secrets that lie in it."""
        self.keys = keys
        said = parse_qs(urlsplit(url).query)
        settings = {name: value for name, value in self._UNLESS_SAID.items() if name not in said}
        super().__init__(
            url,
            field_types={"DATETIME": "TIMESTAMPTZ"},
            prefer_psycopg3=True,
            isolation_level="READ COMMITTED",
            **settings,
        )

    def is_there(self) -> bool:
        """Only asking it can tell."""
        return True

    def make(self) -> None:
        """Databases of a server are made by whoever runs it."""

    def writing(self) -> AbstractContextManager[Any]:
        """A transaction, or a savepoint in the one that is open."""
        atomic: AbstractContextManager[Any] = self.atomic()
        return atomic

    @contextmanager
    def turn(self, wait_s: float) -> Iterator[None]:
        """A transaction beside which no other turn runs: it sees what those before it have written. Busy when
        it has to wait for a lock, this one or a row's, for longer than is left of `wait_s`.
        """
        give_up = clock.monotonic() + wait_s
        with self.briefly(wait_s):
            self.execute_sql("SELECT pg_advisory_xact_lock(%s)", (self._TURN,))
            self._wait_for_locks(give_up - clock.monotonic())
            yield

    @contextmanager
    def briefly(self, wait_s: float) -> Iterator[None]:
        """A transaction, or Busy when a statement in it waits for a lock for longer than `wait_s`."""
        try:
            with self.atomic():
                self._wait_for_locks(wait_s)
                yield
        except OperationalError as error:
            if getattr(error.__context__, "sqlstate", "") != self._LOCK_NOT_AVAILABLE:
                raise
            raise Busy("somebody holds what it needs") from error

    def _wait_for_locks(self, seconds: float) -> None:
        """In this transaction; 0 would be for ever."""
        self.execute_sql(f"SET LOCAL lock_timeout = '{max(1, round(seconds * 1000))}ms'")

    def group_commit(self, work: Callable[[], T]) -> T:
        """The server itself commits together what comes together."""
        with self.atomic():
            return work()

    def trouble(self, error: PeeweeException) -> Trouble | None:
        """Is it the server's, and not the statement's?"""
        if isinstance(error, Busy):
            return "locked"
        state = next((state for state in _drivers(error, "sqlstate") if state), None)
        if state is None:  # no server has said so
            return "away" if isinstance(error, OperationalError | InterfaceError) else None
        return next((trouble for begin, trouble in self._TROUBLES.items() if state.startswith(begin)), None)

    def is_deadlock(self, error: OperationalError) -> bool:
        """A deadlock, or a serialization failure. `error` is Peewee's."""
        return getattr(error.__context__, "sqlstate", "") in self._RETRYABLE

    def _initialize_connection(self, conn: Any) -> None:
        conn.execute(self._SESSION)

    def execute_sql(self, sql: str, params: Sequence[Any] | None = None) -> Any:
        """PostgreSQL's text holds no NUL: it is stored as U+FFFD, and whoever looks for it finds nothing."""
        clean = [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in params or ()]
        return super().execute_sql(sql, clean)  # type: ignore[no-untyped-call] # the stubs lack it

    def damage(self) -> str:
        """What the server has met in the last day, where it keeps checksums (from version 18 on it does)."""
        failed = self.execute_sql(
            "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
            " AND checksum_last_failure > now() - interval '1 day'"
        ).fetchone()
        return f"{failed[0]} pages have failed their checksum" if failed else ""

    def is_lost(self) -> bool:
        """Has this thread's connection broken? Costs no round trip.

        Nothing is to be read on an idle connection, except the goodbye of a server that shuts down.
        """
        if self.is_closed():
            return False
        if not self.is_connection_usable():
            return True
        unread = select.poll()
        connection: Any = self.connection()  # type: ignore[no-untyped-call] # the stubs lack it
        unread.register(connection.fileno(), select.POLLIN)
        return bool(unread.poll(0))

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Alone and without time limits; both end with the connection."""
        self.execute_sql("SET statement_timeout = 0")
        self.execute_sql("SET idle_in_transaction_session_timeout = 0")
        try:
            self.execute_sql("SELECT pg_advisory_lock(%s)", (self._MIGRATING,))
            yield
            self._lift_limits()
        finally:
            self.close()

    def scrub(self, *tables: str) -> None:
        """Nothing that was overwritten or deleted is left in the files of these tables."""
        for table in tables:
            self.execute_sql(f'VACUUM FULL "{table}"')

    def _lift_limits(self) -> None:
        """SQLite takes longer texts than VARCHAR(255) says, and so must PostgreSQL: no purchase is to fail
        because eSIM Go or Telegram has begun to use longer names. Changes the catalogue only, no rows.
        """
        limited = self.execute_sql(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND character_maximum_length IS NOT NULL"
        )
        for table, column in limited.fetchall():
            self.execute_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text')


def engine(url: str, keys: Keys) -> Sqlite | Postgresql:
    """The database at `url`: sqlite:///path (its folder is made if it is missing) or postgresql://..."""
    return Postgresql(url, keys) if url.startswith("postgresql://") else Sqlite(url, keys)
