"""The crash points as the code names them: whoever adds one has it in the matrix, or the suite fails."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from webapp.base.config import ROOT

ROOMS = ("webapp", "jobs")


@cache
def crash_points() -> frozenset[str]:
    """The name in every call of `crash_point(...)`; what is counted in it is told as `*`."""
    files = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return frozenset(name for path in files for name in _named_in(path))


def _named_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and _is_crash_point(node.func):
            (argument,) = node.args
            yield _name(argument, f"{path}:{node.lineno}")


def _is_crash_point(function: ast.expr) -> bool:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name == "crash_point"


def _name(argument: ast.expr, where: str) -> str:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    assert isinstance(argument, ast.JoinedStr), f"{where}: a crash point is named by a literal"
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in argument.values)
