"""Each crash point in the code has its place in the matrix, and what is in the matrix is in the code."""

import pytest

import sandbox.esimgo.app
import sandbox.telegram.telegram
from tests.crash.cases import (
    CHAT,
    ELSEWHERE,
    KNOWN,
    NONE,
    NOT_TRUE,
    ONCE,
    PROVIDER_FAULTS,
    PURCHASE,
    REFUND,
    TELEGRAM_FAULTS,
    Case,
    full,
)
from tests.crash.scan import crash_points
from tests.proof import shopping
from webapp.base.config import ROOT


def test_every_crash_point_of_the_code_has_a_scenario() -> None:
    unknown = {name for name in crash_points() - KNOWN if not name.startswith(tuple(ELSEWHERE))}
    assert unknown == set(), "give each a scenario in tests/crash/cases.py"
    assert set() == KNOWN - crash_points(), "these are not in the code any more"


@pytest.mark.parametrize(("prefix", "test"), ELSEWHERE.items())
def test_what_is_killed_elsewhere_is_there(prefix: str, test: str) -> None:
    assert any(name.startswith(prefix) for name in crash_points())
    assert "crash_points.armed(point)" in (ROOT / test).read_text()


@pytest.mark.parametrize("cases", ONCE.values(), ids=ONCE)
def test_the_suite_kills_at_every_crash_point_on_each_database(cases: tuple[Case, ...]) -> None:
    """The others have scenarios of their own that run beside these (tests/crash/matrix.py)."""
    assert {case.crash_point for case in cases} == {*PURCHASE, *CHAT, *REFUND}


def test_the_suite_plays_every_fault_once_and_the_whole_matrix_all_of_them_everywhere() -> None:
    suite = {case.fault for cases in ONCE.values() for case in cases}
    assert suite == {NONE, *PROVIDER_FAULTS, *TELEGRAM_FAULTS}
    assert (
        len(full()) == len(set(full())) == 7 * (1 + len(PROVIDER_FAULTS)) + 6 * (1 + len(TELEGRAM_FAULTS)) - 1
    )


def test_every_fault_is_one_that_the_stand_ins_know() -> None:
    assert {*PROVIDER_FAULTS, *NOT_TRUE} == sandbox.esimgo.app.KINDS
    assert {*shopping.PURCHASE, *shopping.LOOK} >= NOT_TRUE
    assert {*TELEGRAM_FAULTS} == sandbox.telegram.telegram.CALL_FAULTS
