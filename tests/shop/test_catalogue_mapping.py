"""Who serves a plan, in general: whatever is on sale."""

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.catalogue.mapping import Candidate, Size, choose

LETTERS = st.sampled_from(["a", "b", "c"])
CANDIDATES = st.builds(
    Candidate,
    id=st.integers(1, 9),
    name=st.text("xyz", min_size=1, max_size=3),
    data_mb=st.sampled_from([1000, 3000, 5000]),
    days=st.sampled_from([7, 30]),
    tier=st.just(""),
    speed=st.sampled_from([3, 4, 5]),
    bases=st.just(frozenset({"tr"})),
    works_in=st.frozensets(LETTERS).map(lambda more: more | {"tr"}),
    wholesale=st.integers(1, 6),
)
WANTED = Size("tr", 3000, 30, "")


@settings(max_examples=400, deadline=None, derandomize=True)
@given(offered=st.lists(CANDIDATES, max_size=7), now=st.none() | CANDIDATES)
def test_whoever_serves_is_good_enough_and_the_same_again_moves_nothing(
    offered: list[Candidate], now: Candidate | None
) -> None:
    found = choose(WANTED, offered, now)
    assert (found is None) is not any(candidate.serves(WANTED) for candidate in offered)
    if found is not None:
        assert found.serves(WANTED)
        assert choose(WANTED, offered, found) is found


@settings(max_examples=200, deadline=None, derandomize=True)
@given(offered=st.lists(CANDIDATES, min_size=1, max_size=7), pick=st.integers(0, 6))
def test_a_plan_whose_bundle_is_still_sold_never_gets_dearer_by_moving(
    offered: list[Candidate], pick: int
) -> None:
    now = offered[pick % len(offered)]
    found = choose(WANTED, offered, now)
    if now.serves(WANTED):
        assert found is not None
        assert found.wholesale <= now.wholesale
