"""What the suite promises of itself."""

import logging
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import wall_time
from tests.conftest import SECRET, installed_chromium
from tests.stack import Stack, running
from webapp.base.config import ROOT
from webapp.base.logs import TextLine

TESTS = Path(__file__).parent
ICCID = "8944500102198304826"


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


# --- how it is run


def pytest_of(target: str, *words: str) -> str:
    """What `make` with this target and these words ends in, whatever the make that runs this was told."""
    command = ["make", "-n", target, *words]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "T"}
    }
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return told.stdout.splitlines()[-1].partition(" -m ")[2]


def test_the_whole_suite_has_workers_and_what_is_named_runs_in_one_process_where_pdb_works() -> None:
    by_workers = r"-n \d --dist loadgroup .*"
    assert re.fullmatch(f'pytest -m "not long" {by_workers}', pytest_of("test"))
    assert re.fullmatch(f"pytest -m long {by_workers}", pytest_of("test-long")), "and nothing is left out"
    named = "tests/test_docs.py tests/test_lists.py::test_what_is_gone_is_not_there --pdb"
    assert pytest_of("test", f"T={named}") == f"pytest {named}"
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    assert re.findall(r"-n\b|--numprocesses|--dist|--durations", options) == []


def test_what_must_pass_is_both_halves_of_the_suite_and_the_checks() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == [
        "make test",
        "make test-long",
        "make lint",
    ]


def test_a_commit_is_checked_by_what_make_lint_runs() -> None:
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert lint is not None
    hooks = re.findall(r" entry: \.venv/bin/(.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert hooks == re.findall(r"\$\(BIN\)/(.+)", lint[1])


# --- processes

BEGINS_AND_ENDS = """
import os, sys
from pathlib import Path
from tests.forking import Forked
print(Forked(["timeit", "-n", "1", "pass"], os.environ, Path(sys.argv[1])).wait(120))
"""


def test_processes_are_forked_though_temporary_files_have_long_names(tmp_path: Path) -> None:
    """A socket's name has to be short."""
    temporary = tmp_path / ("long" * 25)
    temporary.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", BEGINS_AND_ENDS, tmp_path / "log"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "0\n", ended.stderr
    assert "loop" in (tmp_path / "log").read_text()


def test_what_fails_among_real_processes_says_what_they_said_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(stack: Stack) -> None:
        (stack.folder / "jobs.log").write_text("its last words")

    monkeypatch.setattr(Stack, "start", start)
    with pytest.raises(AssertionError) as failed, running(tmp_path):
        raise AssertionError
    assert failed.value.__notes__ == ["--- the end of jobs.log\nits last words"]
