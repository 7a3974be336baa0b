"""What the suite promises of itself."""

import ast
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import wall_time
from tests.conftest import SECRET, installed_chromium
from webapp.config import ROOT
from webapp.observability import TextLine

TESTS = Path(__file__).parent
ICCID = "8944500102198304826"

PRIVATE = re.compile(r"_[A-Za-z]\w*")
DOTTED = re.compile(r"(\w+\.)*_[A-Za-z]\w*(\.\w+)*")
PUBLIC_THOUGH = {"_meta", "_exit", "_replace", "_fields", "_make", "_typeshed"}
"""Documented names of Peewee, os, namedtuple and the type checkers."""

HARMLESS = {
    "tests/shop/test_module_state.py": (  # names state, and plants some
        "_PRE_CHECKOUTS _REQUESTS _RUNS _SECONDS _abc_ _asking _line _local _lock _lru_cache_wrapper "
        "_numbers _offset_file _pace _shared _waiting"
    ),
    "bench/admin.py": "_at",  # how the columns that hold moments end
    "tests/shop/standins.py": "_try",  # of the stand-in; BotApi has none
    "tests/shop/test_catalogue_plans.py": "_RGB_V2",  # how a bundle's name ends
}


@pytest.mark.parametrize(("ci", "ends"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_a_browser_tests_are_skipped_but_never_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, ends: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="install the package `chromium`"):
        installed_chromium()


@pytest.mark.xdist_group("kept together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs everything")
def test_what_belongs_together_stays_so(request: pytest.FixtureRequest) -> None:
    """xdist forgets groups silently where it does not know its pytest; then each worker starts every shop."""
    assert request.node.nodeid.endswith("@kept together")


# --- nothing is timed


def test_no_test_asserts_how_long_something_took() -> None:
    files = sorted(TESTS.rglob("*.py"))
    found = [f"{file}:{line}" for file in files for line in wall_time.asserted(file.read_text())]
    assert Path(__file__) in files
    assert found == [], "say what came first, or what never happened; figures belong to `make bench`"


@pytest.mark.parametrize(
    "careless",
    [
        "assert clock.monotonic() - began < 2",
        "assert 2 >= time.perf_counter() - began, 'soon'",
        "took = time.monotonic() - began; assert took <= 1",
        "began = monotonic(); work(); ended = monotonic(); assert ended - began < 2",
        "began, ended = monotonic(), monotonic(); spent = (ended - began) * 1000; assert 0 < spent < 5",
        "took = []; took.append(monotonic() - began); p99 = sorted(took)[98]; assert p99 <= within(1)",
        "def timed(): return monotonic() - began\nspent = [timed() for _ in rows]; assert max(spent) < 1",
        "soon = monotonic() + 2; work(); assert monotonic() < soon",
        "until = rests(); assert 14 < until - clock.monotonic()",
        "async def test_it():\n    began = time.time()\n    assert time.time() - began < 1",
    ],
)
def test_whoever_does_is_found(careless: str) -> None:
    assert len(wall_time.asserted(careless)) == 1


@pytest.mark.parametrize(
    "sound",
    [
        "assert clock.monotonic() - began >= pause",
        "give_up = monotonic() + 60\nwhile not look(): assert monotonic() < give_up",
        "before, at, after = monotonic(), clock.monotonic(), monotonic(); assert before <= at <= after",
        "print(monotonic() - began); assert len(rows) < 5",
        "while clock.monotonic() - began < 60: work()",
    ],
)
def test_waits_and_order_are_not_taken_for_it(sound: str) -> None:
    assert wall_time.asserted(sound) == []


# --- the log


def test_what_the_shop_logs_in_a_test_is_in_the_log_that_is_searched(log: Path) -> None:
    logging.getLogger("webapp.orders").error("order %s, eSIM %s", "r-of-this-test", ICCID)
    (line,) = [line for line in log.read_text().splitlines() if "r-of-this-test" in line]
    assert ICCID not in line


@pytest.mark.parametrize(
    "careless",
    [f"bought {ICCID}", "LPA:1$rsp.example.com$X", "Authorization: tma user=1&hash=2", "bot123456:SANDBOX/x"],
)
def test_a_careless_line_would_be_found(careless: str) -> None:
    unmasked = logging.Formatter().format(logging.makeLogRecord({"msg": careless}))
    masked = TextLine().format(logging.makeLogRecord({"msg": careless, "levelname": "INFO"}))
    assert SECRET.search(unmasked)
    assert not SECRET.search(masked)


def test_no_test_is_run_again_to_become_green(request: pytest.FixtureRequest) -> None:
    asked = request.config.getoption("reruns", default=None)
    assert not asked, "a test that fails now and then has a cause"
    assert [item.nodeid for item in request.session.items if item.get_closest_marker("flaky")] == []


RERUNS = re.compile(r"\bflaky\b|\breruns?\b|rerunfailures|pytest-retry")


@pytest.mark.parametrize(
    "path", ["requirements-dev.txt", "pyproject.toml", "Makefile", ".ci/run", "tests/conftest.py"]
)
def test_nothing_that_the_suite_is_run_by_speaks_of_running_again(path: str) -> None:
    assert RERUNS.findall((ROOT / path).read_text()) == []


def test_a_mark_to_run_again_would_be_found() -> None:
    assert RERUNS.search("item.add_marker(pytest.mark.flaky(reruns=2))")
    assert RERUNS.search("pytest-rerunfailures==16.7")


# --- through the front door


def private_names(source: str) -> Iterator[str]:
    """What a file uses, patches or overrides of the private names of others."""
    nodes = list(ast.walk(ast.parse(source)))
    own = {name for node in nodes for name in bound(node)}
    ours = {alias.asname or alias.name for node in nodes for alias in taken_from_the_shop(node)}
    for node in nodes:
        match node:
            case ast.ImportFrom(module=module):
                names = [*(module or "").split("."), *(alias.name for alias in node.names)]
            case ast.Import():
                names = [part for alias in node.names for part in alias.name.split(".")]
            case ast.ClassDef(bases=bases) if any(root(base) in ours for base in bases):
                names = [name for inner in node.body for name in bound(inner)]
            case ast.Attribute(attr=name) if name in own and root(node) == "self":
                names = []
            case ast.Attribute(attr=name):
                names = [name]
            case ast.Constant(value=str(text)) if DOTTED.fullmatch(text.strip(".")):
                names = text.split(".")
            case _:
                names = []
        yield from (name for name in names if PRIVATE.fullmatch(name) and name not in PUBLIC_THOUGH)


def bound(node: ast.AST) -> list[str]:
    """Names that this makes: of a function, in a class, on `self`."""
    match node:
        case ast.FunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.Attribute(attr=name, ctx=ast.Store()) if root(node) == "self":
            return [name]
    return []


def root(node: ast.AST) -> str:
    """The name that a dotted expression begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def taken_from_the_shop(node: ast.AST) -> list[ast.alias]:
    match node:
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in {"webapp", "jobs", "sandbox"}:
            return node.names
    return []


def test_tests_come_in_by_the_front_door() -> None:
    """A private name is nobody's promise: a test that reaches for it holds the shop as it is written today,
    and may go on showing something that no customer could meet.
    """
    files = {*(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")} - {Path(__file__)}
    reached = {
        str(path.relative_to(ROOT)): " ".join(names)
        for path in sorted(files)
        if (names := sorted(set(private_names(path.read_text()))))
    }
    assert reached == HARMLESS


@pytest.mark.parametrize(
    "source",
    [
        "from webapp.orders.placing import _new",
        "import webapp._new as new",
        "from webapp._new import place",
        "placing._new(customer, plan)",
        "db.database.obj._new = None",
        "monkeypatch.setattr(placing, '_new', refuse)",
        "break_down(error, bad_day, 'webapp.orders.placing._new')",
        "monkeypatch.setattr('webapp.orders.placing._new.cache', {})",
        "monkeypatch.setattr(f'webapp.{room}._new', refuse)",
        "vars(placing)['_new']",
        "class Mine(Theirs):\n    def other(self):\n        return self._new",
        "from sandbox.telegram import updates\nclass Mine(updates.Courier):\n    def _new(self): ...",
    ],
)
def test_every_way_around_the_front_door_is_seen(source: str) -> None:
    assert list(private_names(source)) == ["_new"]


@pytest.mark.parametrize(
    "source",
    [
        "class Mine:\n    def __init__(self):\n        self._own = 1\n        print(self._own)",
        "def _own(): ...\n_own()",
        "Order._meta.table_name",
        "street._replace(name=_('Street'))",
        "monkeypatch.setattr(placing, '__doc__', 'see _new')",
    ],
)
def test_what_a_file_keeps_to_itself_is_its_own(source: str) -> None:
    assert list(private_names(source)) == []
