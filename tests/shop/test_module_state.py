"""Nothing in a module of webapp and jobs changes once it is imported: what lives for a process lives in an
object that create_app or the jobs' Context makes. So a test, and a second application, begins with nothing.
"""

import ast
import dataclasses
import functools
import importlib
import logging
import pkgutil
import re
import sys
import types
import typing
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import ModuleType
from typing import Any

import click
import peewee
import pytest
from babel.support import NullTranslations
from flask import Blueprint
from pydantic import BaseModel, TypeAdapter
from reportlab.lib.colors import Color
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.local import LocalProxy

import jobs
import webapp
from webapp.base.config import ROOT

EXCEPTIONS = {
    "webapp.models.db.database": "the database proxy: models are bound to it before the database is known",
    "webapp.base.clock._offset_file": "the one clock, which every part of a process shares",
    "webapp.base.clock._zero": "what the one clock counts from",
    "webapp.views.measuring.REGISTRY": "a Prometheus registry counts for the whole process",
    "webapp.views.measuring._REQUESTS": "a Prometheus collector counts for the whole process",
    "webapp.views.measuring._SECONDS": "a Prometheus collector counts for the whole process",
    "webapp.views.measuring._PRE_CHECKOUTS": "a Prometheus collector counts for the whole process",
    "jobs.metrics._RUNS": "a Prometheus collector counts for the whole process",
}
"""State that a module may have. Loggers and context variables are exceptions by their type."""

PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, range, Decimal, date, timedelta, tzinfo, Enum),
    *(PurePath, re.Pattern, types.MappingProxyType, types.GenericAlias, types.UnionType, typing.TypeVar),
    *(types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, property, functools.cached_property),
    *(logging.Logger, ContextVar, type(dataclasses.MISSING)),
)
"""What cannot change, and the two kinds of state that every module may have."""

DECLARED = (
    *(Blueprint, click.ParamType, TypeAdapter, Color, WWWAuthenticate, LocalProxy, NullTranslations),
    *(peewee.Field, peewee.FieldAccessor, peewee.BackrefAccessor, peewee.ObjectIdAccessor),
    *(peewee.Function, peewee.Metadata, peewee.SchemaManager, peewee.attrdict),
)
"""What libraries have modules declare with objects: made while the module is imported, like a class, and left
as they are. Texts of a language are read there too.
"""

TABLES = (dict, list, set)
"""Constants, as long as nothing changes them: no code does (`changed_tables`), and over a whole run of the
suite they stay as they are (`constants` in tests/conftest.py).
"""

CHANGING = {
    *("add", "append", "clear", "discard", "extend", "insert", "move_to_end", "pop", "popitem"),
    *("remove", "reverse", "setdefault", "sort", "update"),
}


def modules() -> Iterator[ModuleType]:
    for package in (webapp, jobs):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith("webapp.models.migrations.") and not found.name.endswith(
                ".__main__"
            ):
                yield importlib.import_module(found.name)


def is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] in {"webapp", "jobs"}


def state_in(module: ModuleType) -> dict[str, str]:
    """What can change in it, by its name; with its type."""
    found: dict[str, str] = {}
    for name, value in vars(module).items():
        where = f"{module.__name__}.{name}"
        if name.startswith("__"):
            continue
        if isinstance(value, type):
            if value.__module__ == module.__name__:
                found |= _state_of_class(value, where)
        elif isinstance(value, types.FunctionType | functools._lru_cache_wrapper):
            if is_ours(value):
                found |= _state_of_function(value, where)
        elif kind := _changes(value):
            found[where] = kind
    return found


def _state_of_class(of: type, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    of_library = issubclass(of, BaseModel | Enum | tuple)  # what pydantic and enum keep for themselves
    for name, value in vars(of).items():
        inner = f"{where}.{name}"
        if name.startswith(("__", "_abc_")) or (of_library and name.startswith("_")):
            continue
        plain = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if isinstance(plain, types.FunctionType | functools._lru_cache_wrapper):
            found |= _state_of_function(plain, inner)
        elif not isinstance(value, type) and not hasattr(value, "__get__") and (kind := _holds(inner, value)):
            found[inner] = kind
    return found


def _state_of_function(function: Any, where: str) -> dict[str, str]:
    """A cache around it, or something that can change in what it has closed over or takes by default."""
    if isinstance(function, functools._lru_cache_wrapper):
        return {where: "a cache"}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    held = {name: cell.cell_contents for name, cell in cells if cell != types.CellType()}
    held |= {f"default {number}": value for number, value in enumerate(function.__defaults__ or ())}
    held |= {f"default {name}": value for name, value in (function.__kwdefaults__ or {}).items()}
    found = {f"{where}({name})": kind for name, value in held.items() if (kind := _holds(name, value))}
    for name, value in held.items():
        if isinstance(value, types.FunctionType) and value is not function and is_ours(value):
            found |= _state_of_function(value, f"{where}({name})")
    return found


def _holds(name: str, value: Any) -> str | None:
    """The same for what a class, a closure or a default has. There a table is a memory, unless its name says
    that it is a constant.
    """
    last = name.rpartition(".")[2]
    is_constant = last == last.upper() or last == "model_config"  # pydantic's name for its settings
    return type(value).__name__ if type(value) in TABLES and not is_constant else _changes(value)


def _changes(value: Any) -> str | None:
    """Its type, when it can change; a table, or a frozen dataclass, is looked into."""
    if isinstance(value, (*PLAIN, *DECLARED, type, types.FunctionType)) or type(value).__module__ == "typing":
        return None
    if isinstance(value, functools._lru_cache_wrapper):
        return None if not is_ours(value) else "a cache"
    if isinstance(value, types.GenericAlias | types.MethodType):
        return None
    if type(value) is dict:
        return _first_that_changes((*value.keys(), *value.values()))
    if type(value) in {list, set, tuple, frozenset} or isinstance(value, tuple):
        return _first_that_changes(value)
    if getattr(getattr(value, "__dataclass_params__", None), "frozen", False):
        return _first_that_changes(vars(value).values())
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _first_that_changes(values: Any) -> str | None:
    return next((kind for value in values if (kind := _changes(value))), None)


def test_no_module_holds_anything_that_changes() -> None:
    found: dict[str, str] = {}
    for module in modules():
        found |= state_in(module)
    assert {name: kind for name, kind in found.items() if name not in EXCEPTIONS} == {}


def test_every_exception_is_there_and_has_a_reason() -> None:
    for name, reason in EXCEPTIONS.items():
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
        assert len(reason) > 20


# --- in the code


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in ("webapp", "jobs"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text())


def rebound(tree: ast.Module) -> list[str]:
    """Names of the module that a function binds anew."""
    return [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]


def changed_tables(tree: ast.Module, tables: frozenset[str]) -> list[str]:
    """Tables, of this module or imported from another, that something in the code changes."""
    return [name for node in ast.walk(tree) for name in _changed_by(node) if name in tables]


def set_elsewhere(tree: ast.Module) -> list[str]:
    """Attributes of modules, classes and functions that a function sets: state, though nothing says `global`.
    What is set while a module is imported is a declaration, and `g` and `request` are of one request.
    """
    fixed = (ast.FunctionDef, ast.ClassDef)
    known = {node.name for node in tree.body if isinstance(node, fixed)}
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    known |= {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found: list[str] = []
    for node in {inner: None for function in functions for inner in ast.walk(function)}:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Attribute) and _last(target.value) in known - {"g", "request"}:
                found.append(ast.unparse(target))
    return found


def _changed_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
        yield _last(node.func.value)
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
        yield _last(node.target)
    yield from (_last(target.value) for target in targets if isinstance(target, ast.Subscript))


def _last(node: ast.expr) -> str:
    """`TABLE` of `TABLE` and of `module.TABLE`."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def tables() -> frozenset[str]:
    """The names of all tables that stand in a module, in capitals as constants do."""
    names = {name for module in modules() for name, value in vars(module).items() if type(value) in TABLES}
    return frozenset(name for name in names if not name.startswith("__"))


def test_no_function_binds_a_name_of_its_module_anew() -> None:
    found = {f"{module}.{name}" for module, tree in sources() for name in rebound(tree)}
    assert found == {"webapp.base.clock._offset_file", "webapp.base.clock._zero"}
    assert found < set(EXCEPTIONS)


def test_no_code_sets_an_attribute_of_a_module_a_class_or_a_function() -> None:
    assert {module: names for module, tree in sources() if (names := set_elsewhere(tree))} == {}


def test_no_code_changes_a_table_of_a_module() -> None:
    known = tables()
    assert len(known) > 50
    assert [name for name in known if name != name.upper()] == [], "a constant is written in capitals"
    changed = {module: names for module, tree in sources() if (names := changed_tables(tree, known))}
    assert changed == {}


# --- what would be found

STATE = """
import threading, functools, itertools
from collections import Counter, deque
_lock = threading.Lock()
_waiting = Counter()
_asking = threading.BoundedSemaphore(4)
_line = deque()
_numbers = itertools.count()
_local = threading.local()
SEEN = {"a": [threading.Lock()]}

class Pace:
    _shared = deque()
    _known = {}

_pace = Pace()

@functools.cache
def known() -> str: return ""

def kept():
    found, seen = deque(), {}
    def view(): return found, seen
    return view

view = kept()
def late(known=deque(), seen=[], *, last={}): return known
"""
HARMLESS = """
import logging, re
from contextvars import ContextVar
TABLE = {"a": ("b", 1), "c": [1, 2]}
NAMES = frozenset({"a"})
PATTERN = re.compile("a")
log = logging.getLogger(__name__)
_language = ContextVar("language")
def plain(a: int = 1) -> int: return a
"""


def planted(source: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("webapp.planted")
    monkeypatch.setitem(sys.modules, "webapp.planted", module)
    exec(source, vars(module))
    return module


def test_each_kind_of_state_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {name.removeprefix("webapp.planted.") for name in state_in(planted(STATE, monkeypatch))}
    assert found == {
        *("_lock", "_waiting", "_asking", "_line", "_numbers", "_local", "SEEN", "Pace._shared", "_pace"),
        *("Pace._known", "known", "view(found)", "view(seen)"),
        *("late(default 0)", "late(default 1)", "late(default last)"),
    }


def test_constants_are_not_taken_for_state(monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_in(planted(HARMLESS, monkeypatch)) == {}


@pytest.mark.parametrize(
    "line",
    [
        "TABLE['b'] = 1",
        "TABLE.update(b=1)",
        "module.TABLE.setdefault('b', 1)",
        "del TABLE['a']",
        "TABLE['a'] += 1",
        "TABLE |= {}",
    ],
)
def test_each_way_to_change_a_table_is_found(line: str) -> None:
    assert changed_tables(ast.parse(line), frozenset({"TABLE"})) == ["TABLE"]


def test_reading_a_table_is_no_change() -> None:
    code = "x = TABLE['a']; y = TABLE.get('b'); other['a'] = TABLE; z = {**TABLE}"
    assert changed_tables(ast.parse(code), frozenset({"TABLE"})) == []
    assert rebound(ast.parse("def f():\n    x = 1")) == []
    assert set_elsewhere(ast.parse("import a\ndef f(x):\n    x.y = 1\n    z = a.b")) == []
    code = "import a\nclass C: ...\ndef f():\n    a.b = 1\n    C.d += 1\n    f.e = 1\n    x.C.g = 1"
    assert set_elsewhere(ast.parse(code)) == ["a.b", "C.d", "f.e", "x.C.g"]
    assert rebound(ast.parse("def f():\n    global x\n    x = 1")) == ["x"]
