"""What plans cost by the gigabyte and by the day, and which of them deserve a word. Pure.

All comparing is done in Stars, which is what people pay, with exact fractions; rounding comes last and is for
the eye alone.

A mark is given within one shelf (`plan_type`: standard or unlimited), and only where there is a difference to
point at: never to a plan that stands alone, nor where all cost the same.

- Cheapest: the fewest Stars. Of equals the one with more data, then the better tier, then more days.
- Best value: the fewest Stars per gigabyte at full speed. Of equals the one with more days, then the fewer
  Stars. An unlimited plan counts the fast gigabytes of all its days; one whose tier is not known cannot be
  compared, so it neither gets the mark nor stands in anybody's way.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from webapp.catalogue.mapping import TIERS
from webapp.models import Plan

CHEAPEST = "cheapest"
BEST_VALUE = "best_value"
MB_A_GB = 1000


@dataclass(frozen=True)
class Rate:
    """The price of one gigabyte or of one day: Stars rounded up, money in thousandths rounded half up."""

    stars: int
    retail: int
    currency: str


@dataclass(frozen=True)
class FairUse:
    """Full speed for so much data in every 24 hours, then slow until the next 24 hours begin."""

    fast_mb_a_day: int
    then_kbps: int


@dataclass(frozen=True)
class Facts:
    """What a plan's cell says of it beside its size and price. `per_gb` is None when data is unlimited,
    `fair_use` when it is not, or when eSIM Go does not say which tier it is.
    """

    per_gb: Rate | None
    per_day: Rate
    marks: frozenset[str]
    fair_use: FairUse | None
    speeds: tuple[str, ...]


_FAIR_USE = {
    "lite": FairUse(1000, 512),
    "essential": FairUse(1000, 1250),
    "plus": FairUse(2000, 2000),
}
"""By tier, as eSIM Go describes its groups of bundles (API v2.5, GET /organisation/groups)."""


def facts(plans: Sequence[Plan]) -> dict[str, Facts]:
    """By plan_id, for the plans of one page: marks compare them with each other."""
    marked = marks(plans)
    return {
        plan.plan_id: Facts(
            per_gb=per_gb(plan),
            per_day=per_day(plan),
            marks=marked.get(plan.plan_id, frozenset()),
            fair_use=fair_use(plan),
            speeds=speeds(plan),
        )
        for plan in plans
    }


def per_gb(plan: Plan) -> Rate | None:
    """None when data is unlimited."""
    return _rate(plan, Fraction(plan.data_mb, MB_A_GB)) if plan.data_mb else None


def per_day(plan: Plan) -> Rate:
    return _rate(plan, Fraction(max(plan.days, 1)))


def _rate(plan: Plan, parts: Fraction) -> Rate:
    stars, retail = plan.stars / parts, plan.retail / parts
    return Rate(-(-stars.numerator // stars.denominator), int(retail + Fraction(1, 2)), plan.currency)


def fair_use(plan: Plan) -> FairUse | None:
    """How an unlimited plan stays usable; None when it has an amount of data, or a tier that is not known."""
    return _FAIR_USE.get(plan.tier) if plan.data_mb is None else None


def speeds(plan: Plan) -> tuple[str, ...]:
    """Network generations, the best first: ("5G", "4G"). Empty when eSIM Go does not say."""
    told = {word.strip().upper() for word in plan.bundle.speeds.split(",")} - {""}
    return tuple(sorted(told, reverse=True))


# --- marks


def marks(plans: Iterable[Plan]) -> Mapping[str, frozenset[str]]:
    """By plan_id; plans without a mark are not in it."""
    shelves: defaultdict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        shelves[plan.plan_type].append(plan)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for shelf in shelves.values():
        for mark, best in ((CHEAPEST, _cheapest(shelf)), (BEST_VALUE, _best_value(shelf))):
            if best is not None:
                found[best.plan_id].add(mark)
    return {plan_id: frozenset(given) for plan_id, given in found.items()}


def _cheapest(shelf: Sequence[Plan]) -> Plan | None:
    return _best(
        shelf,
        lambda plan: Fraction(plan.stars),
        lambda plan: (-(plan.data_mb or 0), -TIERS.get(plan.tier, -1), -plan.days),
    )


def _best_value(shelf: Sequence[Plan]) -> Plan | None:
    comparable = [plan for plan in shelf if _fast_mb(plan)]
    return _best(
        comparable, lambda plan: Fraction(plan.stars, _fast_mb(plan)), lambda plan: (-plan.days, plan.stars)
    )


def _fast_mb(plan: Plan) -> int:
    """All the data at full speed that a plan can give; 0 when that is not known."""
    if plan.data_mb is not None:
        return int(plan.data_mb)
    use = fair_use(plan)
    return use.fast_mb_a_day * plan.days if use else 0


def _best(
    plans: Sequence[Plan], cost: Callable[[Plan], Fraction], of_equals: Callable[[Plan], tuple[int, ...]]
) -> Plan | None:
    """The one that costs least; None when no plan costs more than it."""
    costs = {cost(plan) for plan in plans}
    if len(costs) < 2:
        return None
    return min(plans, key=lambda plan: (cost(plan), of_equals(plan), plan.plan_id))


# --- a region instead of a country


@dataclass(frozen=True)
class Instead:
    """A region's plan, and the country's own that it beats by so many per cent of a gigabyte's price."""

    plan: Plan
    own: Plan
    saves_percent: int


def regional_offer(own: Iterable[Plan], regional: Iterable[Plan]) -> Instead | None:
    """The region's plan that saves most by the gigabyte, if one saves at least a whole per cent.

    Each is held against the country's own plan that somebody would take in its place: the largest that has
    no more data and no more days than it. So what is offered is never less than what it beats; of equals it
    is the one for fewer Stars. Unlimited plans have no price per gigabyte and are not compared.
    """
    at_home = [plan for plan in own if plan.data_mb]
    found = [_instead(plan, at_home) for plan in regional if plan.data_mb]
    good = [offer for offer in found if offer is not None and offer.saves_percent >= 1]
    return min(good, key=lambda o: (-o.saves_percent, o.plan.stars, o.plan.plan_id), default=None)


def _instead(plan: Plan, own: Iterable[Plan]) -> Instead | None:
    within = [home for home in own if _mb(home) <= _mb(plan) and home.days <= plan.days]
    if not within:
        return None
    home = min(within, key=lambda home: (-_mb(home), home.stars, home.plan_id))
    share = Fraction(plan.stars, _mb(plan)) / Fraction(home.stars or 1, _mb(home))
    return Instead(plan, home, int((1 - share) * 100))


def _mb(plan: Plan) -> int:
    return plan.data_mb or 0
