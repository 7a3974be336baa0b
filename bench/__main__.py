"""`python -m bench [PART...]`, which `make bench` calls: what the shop costs, and what it carries.

All parts together write docs/benchmarks.md; some of them are only printed.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import admin, buying, checkouts, growing, load, phone, report, searching
from tests.databases.servers import own
from tests.stack import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def on_sqlite(folder: Path) -> str:
    return report.of_load("One web process on SQLite", load.measure(folder))


def on_postgresql(folder: Path) -> str:
    with own() as server, server.running():
        title = "One web process on PostgreSQL (that of the tests, which does not wait for the disk)"
        return report.of_load(title, load.measure(folder, url=server.url))


PARTS: dict[str, Callable[[Path], str]] = {
    "load": on_sqlite,
    "postgresql": on_postgresql,
    "buying": lambda folder: report.of_buying(buying.measure(folder)),
    "checkouts": lambda folder: report.of_checkouts(checkouts.measure(folder)),
    "searching": lambda folder: report.of_searching(searching.measure(folder)),
    "growing": lambda folder: report.of_growing(growing.measure(folder)),
    "admin": lambda folder: report.of_admin(admin.measure(folder)),
    "phone": lambda folder: report.of_phone(phone.measure(folder)),
    "crowd": lambda folder: report.of_crowd(buying.crowd(folder)),
}


def main(wanted: list[str]) -> None:
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"simka: there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    if shutil.which("wrk") is None:
        sys.exit("simka: make bench needs wrk: install the package `wrk`")
    told = [report.machine()]
    print(told[0])
    for name in wanted or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            told.append(PARTS[name](Path(folder)))
        print(f"\n{told[-1]}", flush=True)
    if not wanted:
        PAGE.write_text(report.page(told))


if __name__ == "__main__":
    main(sys.argv[1:])
