"""Who writes a stage and who writes a message, as the source says it: no database is asked."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.base.config import ROOT
from webapp.customers import notifications

# --- only Stateful.move writes a stage, and it names none


def writers(source: Path) -> Iterator[str]:
    """Places that assign `.stage` or pass `stage=` to anything, as file: function."""
    for function in ast.walk(ast.parse(source.read_text())):
        if isinstance(function, ast.FunctionDef):
            nodes = [*ast.walk(function)]
            targets = [t for node in nodes if isinstance(node, ast.Assign) for t in node.targets]
            assigned = [t for t in targets if isinstance(t, ast.Attribute) and t.attr == "stage"]
            passed = [node for node in nodes if isinstance(node, ast.keyword) and node.arg == "stage"]
            if assigned or passed:
                yield f"{source.relative_to(ROOT)}: {function.name}"


def test_only_move_writes_a_stage() -> None:
    sources = [p for room in ("webapp", "jobs") for p in (ROOT / room).rglob("*.py")]
    found = {place for source in sources if "migrations" not in source.parts for place in writers(source)}
    assert found == set()


def test_a_hidden_writer_of_a_stage_would_be_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tests.shop.test_writers.ROOT", tmp_path)
    source = tmp_path / "sly.py"
    source.write_text("def a(o):\n    o.stage = 'paid'\n\ndef b():\n    Order.update(stage='paid')\n")
    assert sorted(writers(source)) == ["sly.py: a", "sly.py: b"]


# --- every message


def written_somewhere() -> Iterator[str]:
    """The kinds that the shop writes, as its source names them: where it writes one, and in
    webapp/esims/telling.py, whose kinds are picked by rules.
    """
    for path in (ROOT / "webapp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITE:
                yield from (part.value for part in node.args[1:2] if isinstance(part, ast.Constant))
            elif path.name == "telling.py" and isinstance(node, ast.Dict):
                parts = (*node.keys, *node.values)
                yield from (part.value for part in parts if isinstance(part, ast.Constant))


WRITE = {"notifications.enqueue", "notifications.request"}


def test_every_kind_is_written_somewhere() -> None:
    """A message that has its words and that nobody sends would be missed by nobody but its customer."""
    assert notifications.KINDS.keys() - set(written_somewhere()) == set()
