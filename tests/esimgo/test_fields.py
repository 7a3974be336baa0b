from datetime import UTC, datetime
from decimal import Decimal

import pytest

from webapp.clients.esimgo import fields


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-10-05T09:12:43.785826016Z", datetime(2026, 10, 5, 9, 12, 43, 785826, UTC)),
        ("2026-10-05T11:12:44+02:00", datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC)),
        ("2026-10-05T09:12:44", datetime(2026, 10, 5, 9, 12, 44, tzinfo=UTC)),
        (1791191577280, datetime(2026, 10, 5, 9, 12, 57, 280000, UTC)),
        ("1791191577280", datetime(2026, 10, 5, 9, 12, 57, 280000, UTC)),
        (1791191577, datetime(2026, 10, 5, 9, 12, 57, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        (0, None),
        ("", None),
        ("yesterday", None),
        (None, None),
        (10**15, None),
        (-(10**30), None),
        ([], None),
        (True, None),
    ],
)
def test_moments_come_in_many_forms(given: object, expected: datetime | None) -> None:
    assert fields.moment(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (2, 2000),
        (2.15, 2150),
        ("2.15", 2150),
        (Decimal("18.305"), 18305),
        (Decimal("0.0005"), 1),
        (163.9, 163900),
        (-1.5, -1500),
    ],
)
def test_money_is_exact_in_thousandths(given: object, expected: int) -> None:
    assert fields.thousandths(given) == expected


@pytest.mark.parametrize("given", [None, "", "two", True, [], Decimal("1e999999"), "NaN", "Infinity"])
def test_what_is_not_money_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match=r"number|range"):
        fields.thousandths(given)
