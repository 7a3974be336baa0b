import pytest

from webapp.clients.esimgo import rate_limit
from webapp.clients.http import Answer

DATE = "Mon, 05 Oct 2026 09:12:43 GMT"


def told(**headers: str) -> rate_limit.Told:
    named = {f"X-Ratelimit-{name.capitalize()}": value for name, value in headers.items() if name != "date"}
    return rate_limit.told(Answer(200, named | {"Date": headers.get("date", DATE)}, b""))


@pytest.mark.parametrize(
    ("given", "cost"),
    [
        ("1", 1),
        (" 5 ", 5),
        ("999999", 999_999),
        ("0", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("five", None),
        ("", None),
        ("٥", None),
        ("9" * 5000, None),
        ("1,1", None),
    ],
)
def test_a_cost_is_a_whole_number_or_not_told(given: str, cost: int | None) -> None:
    assert told(cost=given).cost == cost


@pytest.mark.parametrize(
    ("remaining", "reset", "wait_s"),
    [
        ("0", "2026-10-05T09:12:44Z", 1.0),
        ("0", "2026-10-05T09:12:44.500Z", 1.5),
        ("0", "2026-10-05T09:12:43Z", 0.0),
        ("0", "2026-10-05T09:12:42Z", 0.0),
        ("0", "2026-10-05T10:12:44Z", 1.0),
        ("0", "1999-01-01T00:00:00Z", 1.0),
        ("0", "soon", 1.0),
        ("0", "", 1.0),
        ("1", "2026-10-05T09:12:44Z", 0.0),
        ("-1", "2026-10-05T09:12:44Z", 0.0),
        ("many", "2026-10-05T09:12:44Z", 0.0),
        ("", "2026-10-05T09:12:44Z", 0.0),
    ],
)
def test_a_window_without_tokens_is_waited_out_but_never_long(
    remaining: str, reset: str, wait_s: float
) -> None:
    assert told(remaining=remaining, reset=reset).wait_s == wait_s


def test_a_clock_of_ours_that_is_far_off_costs_one_window() -> None:
    assert told(remaining="0", reset="2026-10-05T09:12:44Z", date="").wait_s == rate_limit.WINDOW_S
