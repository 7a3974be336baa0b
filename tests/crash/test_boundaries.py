"""Each crash point in the code has its place in the matrix, and what is in the matrix is in the code."""

import pytest

from tests.crash.cases import CHAT, ELSEWHERE, KNOWN, PAYMENT, PROVIDER_FAULTS, PURCHASE, REFUND, full, once
from tests.crash.scan import boundaries
from webapp.config import ROOT

FOUND = boundaries()


def test_every_crash_point_of_the_code_has_a_scenario() -> None:
    unknown = {name for name in FOUND - KNOWN if not name.startswith(tuple(ELSEWHERE))}
    assert unknown == set(), "give each a scenario in tests/crash/cases.py"
    assert KNOWN - FOUND == set(), "these are not in the code any more"


@pytest.mark.parametrize(("prefix", "test"), ELSEWHERE.items())
def test_what_is_killed_elsewhere_is_there(prefix: str, test: str) -> None:
    assert any(name.startswith(prefix) for name in FOUND)
    assert "boundaries.kill_at(point)" in (ROOT / test).read_text()


def test_the_matrix_of_the_suite_leaves_out_no_crash_point_and_no_fault() -> None:
    halves = [once(0), once(1)]
    for half in halves:
        assert {case.boundary for case in half if case.fault == "none"} >= {*PURCHASE, *CHAT, *REFUND[1:4]}
    both = {case.fault for half in halves for case in half}
    assert both == {case.fault for case in full()}
    assert set(PROVIDER_FAULTS) <= both
    assert {case.boundary for case in full()} == KNOWN - {"refund.due", *PAYMENT} - statement()


def statement() -> set[str]:
    return {name for name in KNOWN if name.startswith("statement.")}
