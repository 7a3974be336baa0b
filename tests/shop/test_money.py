"""Prices: whole thousandths, rounded so that the shop never sells below its cost."""

from decimal import Decimal
from random import Random

import pytest

from webapp.base import money


@pytest.mark.parametrize(
    ("wholesale", "markup", "retail"),
    [
        (1000, "0", 1000),
        (1001, "0", 1010),
        (2150, "40", 3010),
        (2155, "40", 3020),
        (1, "0", 10),
        (4200, "33.3", 5600),
        (18305, "12.5", 20600),
        (10**9, "1000", 11 * 10**9),
    ],
)
def test_retail_is_rounded_up_to_hundredths(wholesale: int, markup: str, retail: int) -> None:
    assert money.retail(wholesale, Decimal(markup)) == retail


@pytest.mark.parametrize(
    ("price", "star", "stars"),
    [(13, "0.013", 1), (14, "0.013", 2), (3010, "0.013", 232), (5880, "0.013", 453), (1000, "1", 1)],
)
def test_stars_are_rounded_up(price: int, star: str, stars: int) -> None:
    assert money.stars(price, Decimal(star)) == stars


def test_no_price_is_below_its_cost_nor_a_hundredth_too_high() -> None:
    dice = Random(4242)
    for _ in range(3000):
        wholesale, markup = dice.randint(1, 10**6), Decimal(dice.randint(0, 10000)) / 100
        star = Decimal(dice.randint(1, 1000)) / 1000
        exact = Decimal(wholesale) * (1 + markup / 100)
        retail = money.retail(wholesale, markup)
        assert 0 <= retail - exact < 10
        stars = money.stars(retail, star)
        assert (stars - 1) * star * 1000 < retail <= stars * star * 1000


def test_money_is_written_as_each_language_does() -> None:
    assert money.money_text(3010, "USD", "en") == "$3.01"
    assert money.money_text(3010, "USD", "ru").replace("\xa0", " ") == "3,01 $"
