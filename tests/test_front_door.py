"""Tests come in by the front door: none of them uses, patches or overrides a private name of webapp, jobs or
sandbox.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.base.config import ROOT

TESTS = Path(__file__).parent

PRIVATE = re.compile(r"_[A-Za-z]\w*")
DOTTED = re.compile(r"(\w+\.)*_[A-Za-z]\w*(\.\w+)*")
PUBLIC_THOUGH = {"_meta", "_exit", "_replace", "_fields", "_make", "_typeshed"}
"""Documented names of Peewee, os, namedtuple and the type checkers."""

HARMLESS = {
    "tests/shop/test_module_state.py": (  # names state, and plants some
        "_PRE_CHECKOUTS _REQUESTS _RUNS _SECONDS _abc_ _asking _known _line _local _lock _lru_cache_wrapper "
        "_numbers _offset_file _pace _shared _waiting _zero"
    ),
    "tests/wall_time.py": "_Scope _ns",  # its own, and how some clocks end
    "bench/admin.py": "_at",  # how the columns that hold moments end
    "tests/shop/standins.py": "_try",  # of the stand-in; BotApi has none
    "tests/shop/test_catalogue_plans.py": "_RGB_V2",  # how a bundle's name ends
}


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
