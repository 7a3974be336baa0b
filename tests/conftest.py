"""Fixtures for every room of the suite: a database of its own, settings, and no network but loopback."""

import gc
import itertools
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import made_once
from tests.databases.servers import Engine, Files, Server, postgresql
from tests.proof import proved
from tests.stack import Stack, Traveller, running
from webapp.base import clock, env_file, sealing
from webapp.base.config import Config, names
from webapp.base.logs import TextLine
from webapp.models import db, engines


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write tests/snapshots anew")
    parser.addoption("--prove", action="store_true", help="the proofs in full; writes docs/proof.md")


@pytest.fixture
def in_full(request: pytest.FixtureRequest) -> bool:
    """At the size that its requirement names, or at one that shows the same in less time?"""
    assert request.node.get_closest_marker("proof"), "`make prove` finds such a test by its mark"
    return bool(request.config.getoption("--prove"))


MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # bytes, that a run may need


def pytest_configure() -> None:
    """No setting but those that a test names. Files of the run lie in memory where there is room: waiting for
    a disk shows nothing.
    """
    for name in names():
        os.environ.pop(name, None)
    os.environ[env_file.VARIABLE] = os.devnull  # whoever develops here may have a shop of their own in .env
    os.environ["SPT_NOENV"] = "1"  # a process with a title of its own keeps the environment we know it by
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            assert address[0] in {"127.0.0.1", "::1", "localhost"}, f"a test reached out to {address[0]}"
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def unbound() -> Iterator[None]:
    """A test has the database that it asks for. Without asking, neither it nor a thread that an earlier one
    has left reaches any.
    """
    yield
    if db.database.obj is not None:
        db.database.close()
        db.database.initialize(None)


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever opens a connection to PostgreSQL closes it. Of one that is left nobody is told before it is
    collected, in whichever test runs by then.
    """
    opened: list[tuple[Any, str, traceback.StackSummary]] = []
    real = psycopg.connect

    def connect(*where: Any, **more: Any) -> Any:
        connection = real(*where, **more)
        frames = traceback.walk_stack(None)
        by = traceback.StackSummary.extract(frames, limit=12, lookup_lines=False)
        opened.append((weakref.ref(connection), threading.current_thread().name, by))
        return connection

    monkeypatch.setattr(psycopg, "connect", connect)
    yield
    left = [
        f"thread {thread}\n{''.join(by.format())}"
        for known, thread, by in opened
        if (connection := known()) is not None and not connection.closed
    ]
    assert left == [], "\n".join(("left open:", *left))


DURABLE = engines.PRAGMAS


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here outlives a power cut: commits do not wait for it. Processes of their own do."""
    monkeypatch.setattr(engines, "PRAGMAS", engines.PRAGMAS | {"synchronous": 0})


made_once.share()


@pytest.fixture(scope="session", autouse=True)
def constants() -> Iterator[None]:
    """The tables that stand in modules are the same after the run as before it: no test, and none of the code
    that it calls, has changed one.
    """
    before = tables()
    yield
    now = tables()
    assert [name for name, content in before.items() if now[name] != content] == []


def tables() -> dict[str, str]:
    """What stands in each dict, list and set of the shop's modules, as text."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith(("webapp.", "jobs."))}
    return {
        f"{name}.{table}": repr(value)
        for name, module in ours.items()
        for table, value in vars(module).items()
        if type(value) in {dict, list, set} and not table.startswith("__")
    }


# --- the log of the whole run

SECRET = re.compile(r"LPA:1\$|\b89\d{16,18}\b|tma \S*=|query_id=|123456:SANDBOX|sandbox-key")
"""What an eSIM is installed with, and what we or a customer are believed by; as tests make them up."""


@pytest.fixture(scope="session", autouse=True)
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the shop's log goes while it runs in a test; at the end no secret is found in it. (Standard
    output is for what a test has to tell; the logs of real processes are read by Stack.stop.)
    """
    path = tmp_path_factory.mktemp("log") / "log"
    handler = logging.FileHandler(path)
    handler.setFormatter(TextLine())
    logging.getLogger().addHandler(handler)
    yield path
    logging.getLogger().removeHandler(handler)
    handler.close()
    told = [line for line in path.read_text().splitlines() if SECRET.search(line)]
    assert told == [], "a secret is in the log"


# --- a database for each test

ON_BOTH = {
    "api.test_idempotency",
    "crash.test_matrix",
    "crash.test_paused_leader",
    "flows.test_clocks",
    "flows.test_fair_shares",
    "flows.test_faults.test_a_killed_jobs_process_buys_once_and_delivers",
    "flows.test_faults.test_a_standby_takes_over_when_the_leader_is_killed",
    "flows.test_purchase",
    "proof.test_clocks",
    "proof.test_copies",
    "proof.test_rush",
    "shop.test_account",
    "shop.test_answers",
    "shop.test_audit_cli",
    "shop.test_forgotten_limits",
    "shop.test_star_accounts",
    "shop.test_star_balance",
    "shop.test_star_credits",
    "shop.test_unplaced",
    "shop.test_telling",
    "shop.test_moments",
    "shop.test_outside_time",
    "shop.test_replacing",
    "flows.test_secrets",
    "proof.test_both_books",
    "proof.test_deliveries",
    "shop.test_admin_remedies",
    "shop.test_admin_switches",
    "shop.test_buying",
    "shop.test_callbacks",
    "shop.test_capacity",
    "shop.test_catalogue",
    "shop.test_catalogue_areas",
    "shop.test_catalogue_plans",
    "shop.test_catalogue_sync",
    "shop.test_copies",
    "shop.test_ends",
    "shop.test_esims",
    "shop.test_following",
    "shop.test_leases",
    "shop.test_matching",
    "shop.test_metrics",
    "shop.test_names",
    "shop.test_models",
    "shop.test_notifications",
    "shop.test_pace",
    "shop.test_payments",
    "shop.test_placing",
    "shop.test_pricing",
    "shop.test_provider_audit",
    "shop.test_quotes",
    "shop.test_reconciling",
    "shop.test_refunds",
    "shop.test_sales",
    "shop.test_shop_time",
    "shop.test_sealing",
    "shop.test_purchase_limits",
    "shop.test_shares",
    "shop.test_ledger",
    "shop.test_returning",
    "shop.test_statement",
    "shop.test_surplus",
    "shop.test_updates",
    "shop.test_usage",
}
"""Rooms, and single tests, that run on SQLite and on PostgreSQL, like all of databases/; others on SQLite."""


SOURCES = {
    "engine": ("sqlite_files", "postgresql_server"),
    "shop": ("running_shop", pytest.param("shop_on_postgresql", marks=pytest.mark.xdist_group("postgresql"))),
}
"""Fixtures of which there are two, one for each database."""

SEEN = pytest.StashKey[dict[str, bool]]()
"""The rooms and tests that were collected: does any of it run on both databases?"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    room = metafunc.module.__name__.removeprefix("tests.")
    names = {room, f"{room}.{metafunc.function.__name__}"}
    seen = metafunc.config.stash.setdefault(SEEN, {})
    seen.update({name: seen.get(name, False) for name in names})
    if not names & ON_BOTH and not room.startswith("databases."):
        return
    for fixture, sources in SOURCES.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, sources, ids=["sqlite", "postgresql"], indirect=True)
            seen.update(dict.fromkeys(names, True))


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("migrated"))


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    with postgresql() as server:
        yield server


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    """Where the test's database is: a file, or a server in the rooms of ON_BOTH."""
    engine: Engine = request.getfixturevalue(getattr(request, "param", "sqlite_files"))
    return engine


TEST_KEYS = (sealing.derived_key("of the tests"),)


@pytest.fixture
def config(tmp_path: Path, engine: Engine) -> Iterator[Config]:
    url = engine.migrated(tmp_path)
    yield Config(
        esimgo_api_key="sandbox-key",
        esimgo_api_url="http://127.0.0.1:9/v2.5",
        telegram_bot_token="123456:SANDBOX",
        telegram_api_url="http://127.0.0.1:9",
        telegram_webhook_secret="hook",
        database_url=url,
        data_keys=TEST_KEYS,
        clock_file=tmp_path / "clock",
        legal_file=tmp_path / "legal.toml",
        forgotten_file=tmp_path / "forgotten",
    )
    engine.release(url)


@pytest.fixture
def database(config: Config) -> Iterator[Config]:
    """An empty, migrated database; what it yields are the settings that point to it."""
    clock.use_offset_file(config.clock_file)
    db.bind(config.database_url, TEST_KEYS)
    yield config
    db.database.close()
    clock.use_offset_file(None)
    clock.count_from(None)


# --- the whole shop, running

_people = itertools.count(5001)


class Premises:
    """A shop that runs while tests are in it: its jobs never rest, and cost the others a part of a core."""

    def __init__(self, enter: Callable[[], AbstractContextManager[Stack]]) -> None:
        self._enter = enter
        self._opened = ExitStack()
        self._stack: Stack | None = None

    def open(self) -> Stack:
        if self._stack is None:
            self._stack = self._opened.enter_context(self._enter())
        return self._stack

    def close(self) -> None:
        self._stack = None
        self._opened.close()


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    premises = Premises(lambda: running(tmp_path_factory.mktemp("stack")))
    yield premises
    premises.close()


@pytest.fixture(scope="session")
def shop_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: Server
) -> Iterator[Premises]:
    def enter() -> AbstractContextManager[Stack]:
        folder = tmp_path_factory.mktemp("stack")
        return running(folder, DATABASE_URL=postgresql_server.empty(folder))

    premises = Premises(enter)
    yield premises
    premises.close()


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Stack]:
    premises: Premises = request.getfixturevalue(getattr(request, "param", "running_shop"))
    to_come = request.config.stash[TO_COME]
    to_come[visit(request.node)] -= 1
    stack = premises.open()
    request.node.stash[SHOP] = stack
    stack.reset()
    yield stack
    if not to_come[visit(request.node)]:
        premises.close()


SHOP = pytest.StashKey[Stack]()
TO_COME = pytest.StashKey[Counter[tuple[str, ...]]]()
"""How many tests of each kind of visit have not yet been in their shop."""


def visit(item: pytest.Item) -> tuple[str, ...]:
    """Which shop, and who share it: they run one after the other in one worker."""
    group = item.get_closest_marker("xdist_group")
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get("shop", "running_shop"), *(group.args if group else ())


def pytest_collection_finish(session: pytest.Session) -> None:
    visits = Counter(visit(item) for item in session.items if "shop" in getattr(item, "fixturenames", ()))
    session.config.stash[TO_COME] = visits


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test of real processes that fails says what they said last: nobody can ask them afterwards."""
    report = yield
    if report.failed and (stack := item.stash.get(SHOP, None)) is not None:
        report.sections += stack.last_said()
    return report


@pytest.fixture
def traveller(shop: Stack) -> Callable[..., Traveller]:
    """A new person for each test, so that no test meets another's orders."""

    def arrive(language: str = "en") -> Traveller:
        return shop.customer(next(_people), language)

    return arrive


@pytest.fixture
def anna(traveller: Callable[..., Traveller]) -> Traveller:
    return traveller("ru")


@pytest.fixture
def john(traveller: Callable[..., Traveller]) -> Traveller:
    return traveller("en")


# --- a real browser

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = installed_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def installed_chromium() -> str:
    """Its program. Where there is none a test is skipped, except under CI=true: there it fails."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("Chromium is missing: install the package `chromium`")
    if path is None:
        pytest.skip("no Chromium on this machine: install the package `chromium` to run the browser tests")
    return path


# --- who runs what, and when


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is there when the first test begins stays to the end, and is much: nobody looks through it for
    garbage, neither while it grows nor after each test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


FIRST = (
    "tests/crash/",
    "tests/proof/",
    "tests/api/test_fuzz.py",
    "tests/sandbox/openapi/",
    "tests/shop/test_polling_simulation.py",
    "tests/shop/test_update_fuzz.py",
    "tests/shop/test_callback_orderings.py",
    "tests/shop/test_outbox_at_scale.py",
    "tests/flows/",
    "tests/databases/",
    "tests/browser/",
    "tests/test_suite.py",
    "tests/shop/test_catalogue_sync.py",
    "tests/shop/test_bad_input.py",
    "tests/shop/test_translations.py",
)
"""Long, or waiting for processes of their own; the longest first."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a running shop runs in one worker, so that few of them are started; the longest of the
    others come first, so that no worker is left alone with one of them at the end.
    """
    for item in items:
        if (shared := what_it_shares(item)) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(shared))
    items.sort(key=turn_of)


def turn_of(item: pytest.Item) -> int:
    return next((turn for turn, room in enumerate(FIRST) if item.nodeid.startswith(room)), len(FIRST))


def what_it_shares(item: pytest.Item) -> str | None:
    names = getattr(item, "fixturenames", ())
    if "shop" in names:
        return "shop in a browser" if "chromium" in names else "shop"
    return "stand" if "chromium" in names else None


# --- the figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test that measures prints its figure; here they stand together at the end of the run."""
    told = [
        line.strip()
        for report in terminalreporter.stats.get("passed", [])
        for title, text in report.sections
        if title == "Captured stdout call"
        for line in text.splitlines()
        if line.strip()
    ]
    if terminalreporter.config.getoption("--prove"):
        proved.write(terminalreporter.stats.get("passed", []))
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(told))
