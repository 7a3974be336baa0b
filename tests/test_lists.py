"""Lists in the tests and in pyproject.toml name only what is there: an entry that is gone holds nothing."""

import importlib.util
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

import sandbox.esimgo.app
import sandbox.telegram.telegram
from jobs import schedule
from sandbox.esimgo.areas import countries
from tests.browser import desk, pictures, travels
from tests.browser.screens import SCREENS
from tests.conftest import FIRST, ON_BOTH, SEEN
from tests.crash import cases
from tests.esimgo import table, test_table
from tests.forking import IMPORTED
from tests.proof import machine, shopping, test_purchases, world
from tests.proof.network import PLAYED_HERE
from tests.shop import test_access, test_jobs, test_speed
from tests.test_docs import OF_JOBS
from webapp.base.config import ROOT
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.models import Order
from webapp.state.funnel import STEPS
from webapp.views import help as help_pages


def is_there(name: str) -> bool:
    """`shop.test_buying`, or `shop.test_buying.test_...` when the file has such a test."""
    folder, file, *test = name.split(".")
    path = ROOT / "tests" / folder / f"{file}.py"
    return path.exists() and all(re.search(rf"^def {one}\(", path.read_text(), re.MULTILINE) for one in test)


@pytest.mark.parametrize("name", sorted(ON_BOTH))
def test_what_runs_on_both_databases_is_there_and_uses_one(request: pytest.FixtureRequest, name: str) -> None:
    assert is_there(name)
    assert name.rpartition(".")[0] not in ON_BOTH, "it runs so anyway"
    assert request.config.stash[SEEN].get(name, True), "it was collected, and runs on SQLite alone"


@pytest.mark.parametrize("name", ["shop.test_gone", "shop.test_buying.test_gone", "flows.test_purchase.anna"])
def test_what_is_gone_is_not_there(name: str) -> None:
    assert not is_there(name)


@pytest.mark.parametrize("name", FIRST)
def test_what_comes_first_is_there(name: str) -> None:
    assert (ROOT / name).exists()


TOOL: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
PATHS = [
    *TOOL["ruff"]["extend-exclude"],
    *TOOL["ruff"]["lint"]["per-file-ignores"],
    *TOOL["mypy"]["files"],
    *TOOL["pytest"]["ini_options"]["testpaths"],
    *TOOL["coverage"]["run"]["source"],
    *TOOL["mutmut"]["source_paths"],
    *TOOL["mutmut"]["also_copy"],
]
OURS = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix in {"", ".py"}}
MODULES = [
    module
    for override in TOOL["mypy"]["overrides"]
    for module in override["module"]
    if module.partition(".")[0] in OURS
]


@pytest.mark.parametrize("pattern", PATHS)
def test_a_path_in_pyproject_is_there(pattern: str) -> None:
    assert next(ROOT.glob(pattern), None) is not None


@pytest.mark.parametrize("module", MODULES)
def test_a_module_in_pyproject_is_there(module: str) -> None:
    path = ROOT / module.removesuffix(".*").replace(".", "/")
    assert path.is_dir() or (path.with_suffix(".py").is_file() and not module.endswith(".*"))


MUTANTS: dict[str, Any] = tomllib.loads((ROOT / "tools/mutants.toml").read_text())


@pytest.mark.parametrize("group", MUTANTS["groups"])
def test_what_a_group_of_mutants_breaks_and_runs_is_there(group: str) -> None:
    """mutmut says nothing of a module that it does not find."""
    plan = MUTANTS["groups"][group]
    for name in (*plan["breaks"], *plan["tests"]):
        path, _, test = name.removeprefix("--deselect=").partition("::")
        assert f"def {test}" in (ROOT / path).read_text(), name


def test_every_reason_to_accept_a_mutant_is_of_a_module_that_is_broken() -> None:
    broken = {module for plan in MUTANTS["groups"].values() for module in plan["breaks"]}
    assert {accepted["module"] for accepted in MUTANTS.get("accepted", [])} <= broken


def test_every_marker_of_pyproject_is_on_a_test() -> None:
    names = {told.partition(":")[0] for told in TOOL["pytest"]["ini_options"]["markers"]}
    sources = " ".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in names if f"pytest.mark.{name}" not in sources} == set()


@pytest.mark.parametrize("module", IMPORTED)
def test_what_new_processes_have_imported_is_there(module: str) -> None:
    """The forkserver says nothing of a module that it does not find."""
    assert importlib.util.find_spec(module) is not None


PROVIDER_KINDS = sandbox.esimgo.app.KINDS | PLAYED_HERE
TELEGRAM_KINDS = sandbox.telegram.telegram.CALL_FAULTS | PLAYED_HERE
LISTS: dict[str, tuple[Iterable[str], Iterable[str]]] = {
    "access.WRITES": (test_access.WRITES, dir(Order)),
    "crash.SECONDS": (cases.SECONDS, cases.PROVIDER_FAULTS + cases.TELEGRAM_FAULTS),
    "desk.SEEN": (desk.SEEN, STEPS),
    "esimgo.NOT_AN_ENDPOINT": (test_table.NOT_AN_ENDPOINT, dir(ESIMGoClient)),
    "esimgo.READ": (table.READ, table.FAULTS),
    "esimgo.REPEATED": (table.REPEATED, table.FAULTS),
    "jobs.NO_JOBS": (test_jobs.NO_JOBS, [path.stem for path in (ROOT / "jobs").glob("*.py")]),
    "machine.CHAT_FATES": (machine.CHAT_FATES, TELEGRAM_KINDS),
    "machine.JOBS": (machine.JOBS, schedule.NAMES),
    "machine.PROVIDER_FATES": (machine.PROVIDER_FATES, PROVIDER_KINDS),
    "machine.RUN_HERE": (machine.RUN_HERE, world.NOT_RUN),
    "pictures.IN_README": (pictures.IN_README, [screen.name for screen in SCREENS]),
    "pictures.IN_README, taken": (
        [f"{name}.png" for name in pictures.IN_README],
        [path.name for path in pictures.README.iterdir()],
    ),
    "purchases.LOST": (test_purchases.LOST, PROVIDER_KINDS),
    "shopping.CHAT": (shopping.CHAT, TELEGRAM_KINDS),
    "shopping.PURCHASE": (shopping.PURCHASE, PROVIDER_KINDS),
    "shopping.READ": (shopping.READ, PROVIDER_KINDS),
    "speed.AFTER_REFUND": (test_speed.AFTER_REFUND, test_speed.CHANGES),
    "speed.AT": (test_speed.AT, test_speed.CHANGES),
    "travels.CLOSELY": (travels.CLOSELY, [*travels.ORDERS, *travels.ESIMS, *travels.GUIDES]),
    "travels.GUIDES": (travels.GUIDES, help_pages.GUIDES),
    "world.NOT_RUN": (world.NOT_RUN, schedule.NAMES),
    "world.SOLD_IN": (world.SOLD_IN, [area.code for area in countries()]),
}
"""What a list names, and what there is. A list that a test runs through itself is not here."""


@pytest.mark.parametrize(("named", "there"), LISTS.values(), ids=LISTS)
def test_a_list_names_only_what_is_there(named: Iterable[str], there: Iterable[str]) -> None:
    assert set(named), "an empty one says nothing"
    assert set(named) - set(there) == set()


@pytest.mark.parametrize("prefix", shopping.CALM)
def test_a_crash_point_that_is_left_out_is_there(prefix: str) -> None:
    assert any(name.startswith(prefix) for name in world.named_crash_points())


@pytest.mark.parametrize("command", sorted(OF_JOBS))
def test_a_command_of_jobs_is_one(command: str) -> None:
    assert f'"{command}"' in (ROOT / "jobs/__main__.py").read_text()
