"""What sources say of one another is so: files that they name are there, rooms are entered by their doors."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.base.config import ROOT

OURS = ("webapp", "jobs", "sandbox", "tests", "bench", "tools")
FILE = re.compile(r"[\w./-]*\w\.py\b")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


# --- files that are named


def remarks(source: str) -> Iterator[str]:
    """Docstrings, those of constants too, and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def lost(path: Path, source: str) -> list[str]:
    """What remarks name and is neither beside the file nor, by its whole path, in the project."""
    if not FILE.search(source):  # most sources: reading them twice takes its time
        return []
    named = [name for remark in remarks(source) for name in FILE.findall(remark)]
    return [name for name in named if not (path.parent / name).exists() and not (ROOT / name).exists()]


@pytest.mark.parametrize("folder", OURS)
def test_a_file_that_a_remark_names_is_there(folder: str) -> None:
    found = {str(path.relative_to(ROOT)): lost(path, path.read_text()) for path in sources(folder)}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        '"""The rules are in alerts.py."""',
        'A = 1\n"""See orders/gone.py."""',
        "a = 1  # webapp/gone.py",
        "def f():\n    # as clock.py does\n    return 1",
    ],
)
def test_a_file_that_is_gone_would_be_found(source: str) -> None:
    assert lost(ROOT / "webapp/esims/telling.py", source)


# --- rooms and their doors


def exported(package: str) -> set[str]:
    """What stands in `__all__` of a folder."""
    for node in ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def around(module: str, importer: str) -> Iterator[str]:
    """The rooms and folders that a module is in, and its importer is not."""
    parts = module.split(".")
    packages = (".".join(parts[:end]) for end in range(2, len(parts)))
    yield from (package for package in packages if not importer.startswith(f"{package}."))


def by_the_window(importer: str, source: str) -> list[str]:
    """Imports from a module of a room, by another room, of what the room itself hands out."""
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("webapp.")
        for package in around(node.module or "", importer)
        for alias in node.names
        if alias.name in exported(package)
    ]


@pytest.mark.parametrize("folder", ["webapp", "jobs"])
def test_what_a_room_hands_out_is_taken_from_the_room(folder: str) -> None:
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources(folder)}
    found = {name: by_the_window(name, path.read_text()) for path, name in names.items()}
    assert {name: taken for name, taken in found.items() if taken} == {}


@pytest.mark.parametrize(
    "source",
    ["from webapp.orders.placing import place", "def f():\n    from webapp.models.orders import Order"],
)
def test_a_way_in_by_the_window_would_be_found(source: str) -> None:
    assert by_the_window("jobs.purge", source)
    assert not by_the_window("webapp.models.titles", source.replace("orders.placing", "models.placing"))


# --- a connection to a file of SQLite


LEFT_OPEN = re.compile(r"with sqlite3\.connect\(")
"""This ends a transaction and closes nothing."""


def test_a_connection_to_sqlite_is_closed() -> None:
    assert [path for path in sources(*OURS) if LEFT_OPEN.search(path.read_text())] == []


def test_one_that_is_left_open_would_be_found() -> None:
    assert LEFT_OPEN.search("    with " + "sqlite3.connect(path) as connection:")
