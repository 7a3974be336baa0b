"""docs/proof.md: what was promised, what was run, and the figure that it gave. Written by `make prove` alone.

A test hands its rows over with `record_property`; a row of an earlier day stays until its run is made again.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pytest

from webapp import clock
from webapp.config import ROOT

PAGE = ROOT / "docs" / "proof.md"
PROPERTY = "proved"
HEAD = """# Proof

What Simka promises about money, what was run to show it, and what came out. `make prove` makes all of these runs
again and writes this page; `make test` makes smaller ones of the same kind. A seed gives the same run again.

| promise | run | figure | seed | date |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    """`promise` and `run` together name the row."""

    promise: str
    run: str
    figure: str
    seed: str = "–"
    date: str = ""


def write(reports: Iterable[pytest.TestReport]) -> None:
    rows = {(row.promise, row.run): row for row in _written()}
    today = clock.now().date().isoformat()
    for report in reports:
        for name, value in report.user_properties if report.when == "call" else ():
            if name == PROPERTY and isinstance(value, list | tuple):
                row = Row(*map(str, value))._replace(date=today)
                rows[row.promise, row.run] = row
    lines = [f"| {' | '.join(row)} |\n" for row in sorted(rows.values())]
    PAGE.write_text(HEAD + "".join(lines))


def _written() -> list[Row]:
    if not PAGE.exists():
        return []
    table = (line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "| promise |" not in line)
    return [Row(*(cell.strip() for cell in line.strip("|").split(" | "))) for line in table]
