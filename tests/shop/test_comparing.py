"""What a plan costs by the gigabyte and by the day, and which plan deserves a mark."""

from typing import Any

import pytest

from webapp import catalogue
from webapp.catalogue import BEST_VALUE, CHEAPEST
from webapp.models import Bundle, Plan


def plan(stars: int, gigabytes: float | None = 3, days: int = 30, tier: str = "", **values: Any) -> Plan:
    """A plan that is in no database; `retail` is 13 thousandths a Star."""
    data_mb = None if gigabytes is None else round(gigabytes * 1000)
    row = {
        "plan_id": f"{gigabytes}-{days}-{tier}-{stars}",
        "plan_type": "unlimited" if gigabytes is None else "standard",
        "retail": stars * 13,
        "currency": "USD",
        "bundle": Bundle(speeds="4G, 5G"),
    }
    return Plan(**{"stars": stars, "data_mb": data_mb, "days": days, "tier": tier} | row | values)


def marked(*plans: Plan) -> dict[str, list[int]]:
    """By mark, the places of the plans that have it."""
    found = catalogue.facts(plans)
    return {
        mark: [place for place, item in enumerate(plans) if mark in found[item.plan_id].marks]
        for mark in (CHEAPEST, BEST_VALUE)
    }


# --- prices


@pytest.mark.parametrize(
    ("item", "gb", "day"),
    [
        (plan(453, 3, 30, retail=5880), (151, 1960), (16, 196)),
        (plan(100, 1, 7, retail=1000), (100, 1000), (15, 143)),
        (plan(100, 0.5, 7, retail=1001), (200, 2002), (15, 143)),
        (plan(1, 100, 30, retail=10), (1, 0), (1, 0)),
        (plan(10, 3, 3, retail=1), (4, 0), (4, 0)),
        (plan(10, 2, 2, retail=1), (5, 1), (5, 1)),
    ],
)
def test_stars_are_rounded_up_and_money_to_the_nearest(
    item: Plan, gb: tuple[int, int], day: tuple[int, int]
) -> None:
    by_gb, by_day = catalogue.per_gb(item), catalogue.per_day(item)
    assert by_gb is not None
    assert ((by_gb.stars, by_gb.retail), (by_day.stars, by_day.retail)) == (gb, day)
    assert by_gb.currency == by_day.currency == "USD"


def test_unlimited_data_has_no_price_by_the_gigabyte() -> None:
    assert catalogue.per_gb(plan(100, None, 10, "lite")) is None
    assert catalogue.per_day(plan(100, None, 10, "lite")).stars == 10


# --- what a plan says of itself


@pytest.mark.parametrize(
    ("tier", "fair"), [("lite", (1000, 512)), ("essential", (1000, 1250)), ("plus", (2000, 2000))]
)
def test_each_tier_says_how_fast_it_stays(tier: str, fair: tuple[int, int]) -> None:
    use = catalogue.fair_use(plan(100, None, 10, tier))
    assert use is not None
    assert (use.fast_mb_a_day, use.then_kbps) == fair


@pytest.mark.parametrize("item", [plan(100, None, 10, ""), plan(100, None, 10, "ultra"), plan(100, 3)])
def test_no_speed_is_made_up(item: Plan) -> None:
    assert catalogue.fair_use(item) is None


@pytest.mark.parametrize(
    ("told", "speeds"), [("4G, 5G", ("5G", "4G")), ("3g,4G", ("4G", "3G")), ("", ()), (" , ", ())]
)
def test_networks_are_told_the_best_first(told: str, speeds: tuple[str, ...]) -> None:
    item = plan(100, bundle=Bundle(speeds=told))
    assert catalogue.facts([item])[item.plan_id].speeds == speeds


# --- marks


def test_the_cheapest_costs_least_and_the_best_value_gives_most_for_a_star() -> None:
    assert marked(plan(100, 1, 7), plan(250, 3), plan(400, 5), plan(1000, 10)) == {
        CHEAPEST: [0],
        BEST_VALUE: [2],
    }


def test_one_plan_can_be_both() -> None:
    assert marked(plan(100, 3), plan(200, 3)) == {CHEAPEST: [0], BEST_VALUE: [0]}


@pytest.mark.parametrize("shelf", [[], [plan(100)], [plan(100, 3, 7), plan(100, 3, 30)]])
def test_nothing_is_marked_where_there_is_no_difference(shelf: list[Plan]) -> None:
    assert marked(*shelf) == {CHEAPEST: [], BEST_VALUE: []}


def test_of_equally_cheap_plans_the_larger_is_marked() -> None:
    assert marked(plan(100, 1), plan(100, 2), plan(300, 3))[CHEAPEST] == [1]
    assert marked(plan(100, 2, 7), plan(100, 2, 30), plan(300, 3))[CHEAPEST] == [1]


def test_of_equal_value_the_longer_is_marked_then_the_smaller() -> None:
    assert marked(plan(100, 1, 7), plan(200, 2, 15), plan(400, 3, 30))[BEST_VALUE] == [1]
    assert marked(plan(100, 1, 30), plan(200, 2, 30), plan(400, 3, 30))[BEST_VALUE] == [0]


def test_a_difference_too_small_for_the_eye_still_decides() -> None:
    a, b = plan(1000, 3), plan(1999, 6)
    assert catalogue.per_gb(a) == catalogue.Rate(334, 4333, "USD")
    assert marked(a, b)[BEST_VALUE] == [1]


def test_standard_and_unlimited_are_two_shelves() -> None:
    shelf = [plan(100, 1), plan(150, 2), plan(50, None, 1, "lite"), plan(300, None, 10, "lite")]
    assert marked(*shelf) == {CHEAPEST: [0, 2], BEST_VALUE: [1, 3]}


def test_unlimited_value_counts_the_fast_gigabytes_of_all_days() -> None:
    lite, plus = plan(100, None, 7, "lite"), plan(150, None, 7, "plus")
    assert marked(lite, plus) == {CHEAPEST: [0], BEST_VALUE: [1]}, "plus is fast for twice the data"


def test_a_tier_that_nobody_knows_is_not_compared() -> None:
    assert marked(plan(10, None, 7, "ultra"), plan(100, None, 7, "lite")) == {CHEAPEST: [0], BEST_VALUE: []}


def test_marks_do_not_depend_on_the_order_of_the_plans() -> None:
    plans = [plan(100, 1), plan(100, 1, plan_id="other"), plan(300, 2), plan(900, 6)]
    assert catalogue.facts(plans) == catalogue.facts(plans[::-1])


# --- a region instead of a country


def test_a_region_that_gives_as_much_for_less_is_offered() -> None:
    own = [plan(100, 1, 7), plan(300, 3, 30)]
    offer = catalogue.regional_offer(
        own, [plan(270, 3, 30, plan_id="eu"), plan(95, 1, 7, plan_id="eu-small")]
    )
    assert offer is not None
    assert (offer.plan.plan_id, offer.own, offer.saves_percent) == ("eu", own[1], 10)


@pytest.mark.parametrize(
    ("own", "regional"),
    [
        ([], [plan(10, 3)]),
        ([plan(300, 3)], []),
        ([plan(300, 3)], [plan(300, 3)]),
        ([plan(300, 3)], [plan(299, 3)]),
        ([plan(300, 3, 30)], [plan(100, 3, 7)]),
        ([plan(300, 3)], [plan(80, 1)]),
        ([plan(100, None, 7, "lite")], [plan(10, 3)]),
        ([plan(300, 3)], [plan(10, None, 30, "lite")]),
    ],
    ids=[
        "no own",
        "no region",
        "equal",
        "less than a per cent",
        "shorter",
        "smaller",
        "unlimited own",
        "unlimited region",
    ],
)
def test_a_region_that_is_no_better_is_not_offered(own: list[Plan], regional: list[Plan]) -> None:
    assert catalogue.regional_offer(own, regional) is None


def test_a_large_region_is_held_against_the_largest_own_plan_within_it() -> None:
    own = [plan(200, 1), plan(1000, 10)]
    assert catalogue.regional_offer(own, [plan(3000, 20)]) is None, (
        "dearer by the gigabyte than 10 GB at home"
    )
    offer = catalogue.regional_offer(own, [plan(1800, 20)])
    assert offer is not None
    assert offer.saves_percent == 10
