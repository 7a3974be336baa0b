"""The page of the proofs keeps what a run has not measured anew."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.proof import proved


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "proof.md"
    monkeypatch.setattr(proved, "PAGE", page)
    return page


def report(name: str, value: object) -> Any:
    return SimpleNamespace(when="call", user_properties=[(name, value)])


def street(seed: int, charges: int = 100) -> Any:
    counts: Any = dict.fromkeys(proved.NAMES[2:-1], 1)
    return report(proved.STREET, list(proved.Street(seed, charges, **counts)))


def test_streets_are_added_up_and_one_that_is_walked_again_counts_once(page: Path) -> None:
    proved.write([street(1), street(2)])
    proved.write([street(2, charges=300)])
    assert "400 purchases in 2 streets" in page.read_text()
    assert page.read_text().count("\n| 2 | 300 |") == 1


def test_a_row_stays_until_it_is_measured_again(page: Path) -> None:
    proved.write([report(proved.ROW, proved.Row("R3 converges", "5 kills", "all", "–"))])
    proved.write([street(1)])
    proved.write([report(proved.ROW, proved.Row("R3 converges", "6 kills", "all", "–"))])
    assert "6 kills" in page.read_text()
    assert "5 kills" not in page.read_text()


def test_nothing_new_leaves_the_page_as_it_is(page: Path) -> None:
    proved.write([street(1), report(proved.ROW, proved.Row("R3 converges", "5 kills", "all", "–"))])
    before = page.read_text()
    proved.write([])
    assert page.read_text() == before


def test_what_came_out_before_stands_beside_it(page: Path) -> None:
    promise = next(iter(proved.BEFORE))
    row = report(proved.ROW, proved.Row(promise, "5 runs", "none", "1"))
    proved.write([row])
    proved.write([row])
    assert page.read_text().count(f"| none | {proved.BEFORE[promise]} | 1 |") == 1
