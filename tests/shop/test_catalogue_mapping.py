"""Who serves a plan, in general: whatever is on sale.

What is expected is told here by the facts of a bundle alone; the code that chooses is not asked for it.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.catalogue.mapping import Candidate, Size, choose, served

Data = int | None
AS_MUCH: dict[Data, set[Data]] = {1000: {1000, 3000, 5000}, 3000: {3000, 5000}, 5000: {5000}, None: {None}}
"""Which data (MB, None is unlimited) is enough for a plan of so much."""
AS_GOOD: dict[str, set[str]] = {
    "": {""},
    "lite": {"lite", "essential", "plus"},
    "essential": {"essential", "plus"},
    "plus": {"plus"},
    "turbo": {"turbo"},
}
"""Which tier is enough for a plan of this one. Of "turbo" nobody knows how good it is."""
DATA = [(1000, ""), (3000, ""), (5000, ""), *((None, tier) for tier in AS_GOOD)]
SIZES = st.builds(
    lambda data, days: Size("tr", data[0], days, data[1]), st.sampled_from(DATA), st.sampled_from([7, 30])
)
AREAS = st.sampled_from([frozenset({"tr"}), frozenset({"tr", "gr"}), frozenset({"gr"})])
LETTERS = st.sampled_from([frozenset(more) for more in ("", "a", "b", "ab", "bc", "abc")])
SPEEDS, PRICES, NAMES = st.sampled_from([3, 4, 5]), st.integers(1, 6), st.sampled_from("xyz")


def bundle(
    size: Size, bases: frozenset[str], more: frozenset[str], speed: int, wholesale: int, name: str
) -> Candidate:
    return Candidate(1, name, size.data_mb, size.days, size.tier, speed, bases, bases | more, wholesale)


def numbered(bundles: list[Candidate]) -> list[Candidate]:
    return [replace(bundle, id=number) for number, bundle in enumerate(bundles, 2)]


def as_read_again(bundles: list[Candidate]) -> list[Candidate]:
    """The same list of eSIM Go, in a later sync."""
    return [replace(bundle) for bundle in bundles]


BUNDLES = st.builds(bundle, SIZES, AREAS, LETTERS, SPEEDS, PRICES, NAMES)
SHELF = st.lists(BUNDLES, max_size=7).map(numbered)
STOCKED = st.lists(BUNDLES, min_size=1, max_size=7).map(numbered)


def own_plan(bundle: Candidate) -> Size:
    """The plan that says what this bundle has."""
    return Size(min(bundle.bases), bundle.data_mb, bundle.days, bundle.tier)


def enough(bundle: Candidate, plan: Size) -> bool:
    """Has it all that the plan says?"""
    return (
        plan.area in bundle.bases
        and bundle.days in {plan.days, 30}
        and bundle.data_mb in AS_MUCH[plan.data_mb]
        and bundle.tier in AS_GOOD[plan.tier]
    )


def is_own(bundle: Candidate, plan: Size) -> bool:
    return (bundle.data_mb, bundle.days, bundle.tier) == (plan.data_mb, plan.days, plan.tier)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(plan=SIZES, shelf=SHELF, now=st.none() | BUNDLES)
def test_whoever_serves_is_good_enough_and_the_same_again_moves_nothing(
    plan: Size, shelf: list[Candidate], now: Candidate | None
) -> None:
    found = choose(plan, shelf, now)
    assert (found is not None) is any(enough(bundle, plan) for bundle in shelf)
    if found is not None:
        assert enough(found, plan)
        assert choose(plan, shelf, found) is found
        again = choose(plan, as_read_again(shelf), found)
        assert again is not None
        assert again.id == found.id


@settings(max_examples=300, deadline=None, derandomize=True)
@given(plan=SIZES, shelf=SHELF)
def test_a_plan_that_nobody_has_served_gets_the_cheapest_and_of_equals_its_own(
    plan: Size, shelf: list[Candidate]
) -> None:
    found = choose(plan, shelf, None)
    if found is not None:
        cheapest = [b for b in shelf if enough(b, plan) and b.wholesale == found.wholesale]
        assert found.wholesale == min(b.wholesale for b in shelf if enough(b, plan))
        assert is_own(found, plan) is any(is_own(bundle, plan) for bundle in cheapest)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(shelf=STOCKED)
def test_a_plan_whose_bundle_is_still_sold_never_gets_dearer_by_moving(shelf: list[Candidate]) -> None:
    now = shelf[0]
    found = choose(own_plan(now), shelf, now)
    assert found is not None
    assert found.wholesale <= now.wholesale


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(shelf=STOCKED)
def test_a_plan_whose_own_bundle_is_still_sold_moves_to_no_slower_and_no_narrower_one(
    shelf: list[Candidate],
) -> None:
    now = shelf[0]
    found = choose(own_plan(now), shelf, now)
    assert found is not None
    assert found.speed >= now.speed
    assert found.works_in >= now.works_in


def test_a_bigger_bundle_is_no_bridge_to_one_that_works_in_fewer_countries() -> None:
    """Not at once, and not in two syncs."""
    own, bigger, narrower = (
        replace(
            bundle(Size("tr", data_mb, 30, ""), frozenset({"tr"}), frozenset(more), speed, price, "x"),
            id=number,
        )
        for number, (data_mb, more, speed, price) in enumerate(
            [(3000, "a", 4, 3), (5000, "a", 5, 2), (3000, "b", 4, 1)]
        )
    )
    shelf = [own, bigger, narrower]
    for now in (own, bigger):
        assert choose(own_plan(own), shelf, now) is bigger
    dear = [replace(bigger, wholesale=4), own, narrower]
    assert choose(own_plan(own), dear, dear[0]) is own, "it goes back"


def test_a_bundle_that_has_lost_a_country_is_not_kept_for_being_the_one_before() -> None:
    size, home = Size("tr", 3000, 30, ""), frozenset({"tr"})
    before = bundle(size, home, frozenset("a"), 4, 3, "x")
    other = replace(before, id=2, name="y", wholesale=4)
    assert choose(size, [replace(before, works_in=home), other], before) is other


@settings(max_examples=200, deadline=None, derandomize=True)
@given(shelf=SHELF)
def test_there_is_a_plan_for_every_size_and_area_on_the_shelf_and_each_is_served(
    shelf: list[Candidate],
) -> None:
    plans = served(shelf, {})
    sizes = {(area, bundle.data_mb, bundle.days, bundle.tier) for bundle in shelf for area in bundle.bases}
    assert {(size.area, size.data_mb, size.days, size.tier) for size, _ in plans.values()} == sizes
    for size, bundle in plans.values():
        assert bundle is not None
        assert enough(bundle, size)
