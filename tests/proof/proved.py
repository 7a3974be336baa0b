"""docs/proof.md: what was promised, what was run, and the figure that it gave. Written by `make prove` alone.

A test hands its figures over with `record_property`, as a list: only plain types travel between processes.
What a run does not measure stays as it was measured before, so that one street can be walked again without
the others.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from webapp.base import clock
from webapp.base.config import ROOT

PAGE = ROOT / "docs" / "proof.md"
ROW, STREET = "proved", "street"

HEAD = """# Proof

What Simka promises about money, what was run to show it, and what came out. `make prove` makes all of these
runs again and writes this page; `make test` and `make test-long` make smaller ones of the same kind. A seed
gives the same run.
Before: what came out before the shop was changed for it, where that was measured.

| promise | run | figure | before | seed | date |
|---|---|---|---|---|---|
"""
BEFORE = {
    "R19 told before paying: at once, 300 buyers": "245 charged, 45 of them refunded; 4.0 s apart",
    "R19 told before paying: 5 s, 300 buyers": "244 charged, 109 of them refunded",
    "R20 a wrong clock costs nobody anything: step of -1200 s": "7 of 7 refunded; nothing bought for 20 min",
    "R20 a wrong clock costs nobody anything: boots with a clock 900 s off": "everybody refunded in seconds",
    "R21 nothing is bought twice: a copied file": "23 orders bought for 17 eSIMs, in silence",
    "R21 nothing is bought twice: flask restore": "6 of 6 delivered and refunded",
    "R22 both books are audited": "“It adds up” beside 6 orders that were nobody's",
    "R23 what is delivered is what was bought": "7 of 40 wrong",
    "R24 no limit is passed: balance": "17 of 3 allowed on postgresql",
    "R24 no limit is passed: line": "24 of 5 allowed on postgresql",
    "R25 forgetting a person forgets no limit": "200 of 200 sold, never held",
    "R29 slow strangers stop nobody: 16 through nginx": "everything timed out for 60 s",
    "R29 slow strangers stop nobody: 16 through caddy": "everything timed out for 60 s",
    "R30 one customer cannot starve the others": "27 to 49 s, 16 to 28 declined",
}
STREETS = """
## The streets

One line for each run of the simulated purchases. A street is the shop as it is (its clients, jobs, rows) and
both stand-ins, on a clock that moves when nobody works. Buyers come in waves, some too large to be served in
time. Of the orders at eSIM Go 10 % of the answers are lost, 10 % are a 5xx, 5 % a 429, 5 % a reset, 1 % are
worked on after the call has ended, up to 25 min late; 4 % of the answers are another order's, or with three
eSIMs for one, without theirs, or with somebody's, and so are 4 % of the look-ups, where 6 % of the lists
refuse or ignore their filter and 3 % hide what is young. Of the refunds 10 % are a 502, 5 % a 429, 5 % lose
the answer. 2 % of the payments bring a crash at a named point of the code. Now and then a leader is paused
for longer than its lease, or eSIM Go, Telegram, both or the balance are away for up to half an hour. In runs
since 30 November 2026 somebody also sets the clock of the machine every few minutes, by up to a day.

"""


class Row(NamedTuple):
    """`promise` and `seed` together name the row."""

    promise: str
    run: str
    figure: str
    seed: str
    date: str = ""


class Street(NamedTuple):
    """Times in seconds: `tightest` before the deadline, `refund_wait` after Telegram answers again."""

    seed: int
    charges: int
    delivered: int
    refunded: int
    both: int
    neither: int
    tightest: int
    refund_wait: int
    bought: int
    answers_lost: int
    duplicates: int
    made_late: int
    stock: int
    told_before: int
    faults: int
    crashes: int
    stars: int
    minutes: int
    date: str = ""


NAMES = Street._fields


def write(reports: Iterable[pytest.TestReport]) -> None:
    rows, streets = _written()
    today = clock.now().date().isoformat()
    properties: list[tuple[str, Any]] = [
        pair for report in reports if report.when == "call" for pair in report.user_properties
    ]
    for name, value in properties:
        if name == ROW:
            row = Row(*value)._replace(date=today)
            rows[row.promise, row.seed] = row
        elif name == STREET:
            street = _street(value, today)
            streets[street.seed] = street
    every = [*_of_all([*streets.values()]), *rows.values()]
    PAGE.write_text(HEAD + "".join(map(_row, sorted(every))) + _table([*streets.values()]))


def _street(cells: Any, date: str) -> Street:
    return Street._make([*map(int, cells[: len(NAMES) - 1]), date])


def _row(row: Row) -> str:
    return _line((row.promise, row.run, row.figure, BEFORE.get(row.promise, "–"), row.seed, row.date))


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


def _table(streets: list[Street]) -> str:
    if not streets:
        return ""
    head = _line(name.replace("_", " ") for name in NAMES) + _line("---" for _ in NAMES)
    lines = [_line(street) for street in sorted(streets)]
    return STREETS + head + "".join(lines)


def _of_all(streets: list[Street]) -> list[Row]:
    """The streets together."""
    if not streets:
        return []

    def total(name: str) -> int:
        return sum(getattr(street, name) for street in streets)

    tightest = min(street.tightest for street in streets)
    longest = max(street.refund_wait for street in streets)
    faults = f"{total('faults')} calls that went wrong, {total('crashes')} crashes"
    run = f"{total('charges')} purchases in {len(streets)} streets with {faults}"
    seeds = f"{min(s.seed for s in streets)} to {max(s.seed for s in streets)}"
    date = max(street.date for street in streets)
    told = {
        "R2 a lost answer never buys twice": (
            f"{total('duplicates')} duplicates of {total('bought')} orders at the provider, "
            f"{total('answers_lost')} with a lost answer; {total('made_late')} made later than SETTLE_S; "
            f"{total('stock')} ended as stock"
        ),
        "R4 active or refunded within 15 minutes": (
            f"{total('delivered')} delivered, {total('refunded')} refunded, {total('both')} both, "
            f"{total('neither')} neither; the last one {tightest} s before its deadline; refunds were sent "
            f"at most {longest} s after Telegram answered"
        ),
        "R12 told before paying": f"{total('told_before')} times somebody heard that too many are ahead",
        "R15 the money adds up": f"{total('stars')} Stars in all, and none is missing at the end",
    }
    return [Row(promise, run, figure, seeds, date) for promise, figure in told.items()]


def _written() -> tuple[dict[tuple[str, str], Row], dict[int, Street]]:
    """Rows and streets of the page as it is; rows that are sums of streets are left out."""
    text = PAGE.read_text() if PAGE.exists() else ""
    table, _, below = text.partition(STREETS)
    rows = [Row(*cells[:3], *cells[4:]) for cells in _read(table.removeprefix(HEAD))]
    streets = [_street(cells, cells[-1]) for cells in _read(below)[2:]]
    kept = [row for row in rows if " streets with " not in row.run]
    return {(row.promise, row.seed): row for row in kept}, {street.seed: street for street in streets}


def _read(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if line]
