"""Which bundle serves a plan: the cheapest that is equal or better in everything the plan says. Pure.

A plan outlives its bundle. When the provider renames or drops one, or sells another for less, the plan moves,
and keeps its id. It does not move to a slower bundle, nor to one that works in fewer countries, than the one
that serves it now, unless nothing else is left; nor than one of its own size that it has left because another
was cheaper (docs/decisions/0007-a-bundle-that-changes.md).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TIERS = {"lite": 0, "essential": 1, "plus": 2}


@dataclass(frozen=True, slots=True)
class Size:
    """What a plan promises. `data_mb` is None when it is unlimited; `tier` is then how fast it stays."""

    area: str
    data_mb: int | None
    days: int
    tier: str

    @property
    def plan_id(self) -> str:
        if self.data_mb is None:
            size = f"unlimited-{self.tier}" if self.tier else "unlimited"
        elif self.data_mb % 1000 == 0:
            size = f"{self.data_mb // 1000}gb"
        else:
            size = f"{self.data_mb}mb"
        return f"{self.area}-{size}-{self.days}d"

    @property
    def plan_type(self) -> str:
        return "unlimited" if self.data_mb is None else "standard"


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A bundle, as far as it matters for serving plans. `speed`: its network generation, 0 when untold."""

    id: int
    name: str
    data_mb: int | None
    days: int
    tier: str
    speed: int
    bases: frozenset[str]
    works_in: frozenset[str]
    wholesale: int

    @classmethod
    def of(cls, id_: int, row: Mapping[str, Any], cover: Iterable[tuple[str, str]]) -> "Candidate":
        return cls(
            id=id_,
            name=row["name"],
            data_mb=row["data_mb"],
            days=row["duration_days"],
            tier=row["tier"],
            speed=speed(row["speeds"]),
            bases=frozenset(code for code, role in cover if role == "base"),
            works_in=frozenset(code for code, _ in cover),
            wholesale=row["wholesale"],
        )

    def size(self, area: str) -> Size:
        """What it is exactly, in one of its base areas."""
        return Size(area, self.data_mb, self.days, self.tier)

    def serves(self, wanted: Size) -> bool:
        return wanted.area in self.bases and is_as_much(self.data_mb, self.days, self.tier, wanted)

    def reaches(self, other: "Candidate") -> bool:
        """Neither slower nor in fewer countries."""
        return self.speed >= other.speed and self.works_in >= other.works_in


def speed(told: str) -> int:
    """The best network generation of "3G, 4G, 5G"; 0 when none is told."""
    return max(map(int, re.findall(r"(\d)G", told.upper())), default=0)


def is_as_much(data_mb: int | None, days: int, tier: str, wanted: Size) -> bool:
    """Equal or better in data, days and tier. An unlimited one is not more than any amount: it grows
    slow after so much a day.
    """
    return days >= wanted.days and _has_data(data_mb, wanted.data_mb) and _has_tier(tier, wanted.tier)


def _has_data(data_mb: int | None, wanted: int | None) -> bool:
    if data_mb is None or wanted is None:
        return data_mb is wanted
    return data_mb >= wanted


def _has_tier(tier: str, wanted: str) -> bool:
    """One that is not known is equal to itself only."""
    return tier == wanted or (tier in TIERS and wanted in TIERS and TIERS[tier] > TIERS[wanted])


def served(
    shelf: Iterable[Candidate], known: Mapping[str, tuple[Size, Candidate]]
) -> dict[str, tuple[Size, Candidate | None]]:
    """By plan_id, who serves each plan that there is or could be; `known` tells who has served it so far."""
    by_area: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in shelf:
        for area in candidate.bases:
            by_area[area].append(candidate)
    plans: dict[str, tuple[Size, Candidate | None]] = {}
    for area, offered in by_area.items():
        sizes = (candidate.size(area) for candidate in offered)
        plans |= {size.plan_id: (size, None) for size in sizes}
    plans |= known
    return {
        plan_id: (size, choose(size, by_area.get(size.area, ()), now))
        for plan_id, (size, now) in plans.items()
    }


def choose(wanted: Size, offered: Iterable[Candidate], now: Candidate | None) -> Candidate | None:
    """Moves until nothing cheaper is acceptable, so that the same catalogue again moves nothing."""
    fitting = [candidate for candidate in offered if candidate.serves(wanted)]
    while fitting:
        acceptable = _acceptable(wanted, fitting, now)
        best = min(acceptable, key=lambda candidate: _preference(candidate, wanted, now))
        if best is now:
            return best
        now = best
    return None


def _acceptable(wanted: Size, fitting: list[Candidate], now: Candidate | None) -> list[Candidate]:
    """Measured by the bundle that serves the plan now. When no bundle of the plan's own size reaches that
    one, the best of them is the measure: else the plan would be sold as a dearer, bigger one for ever,
    because its bundle has lost a label.
    """
    if now is None:
        return fitting
    own = [candidate for candidate in fitting if candidate.size(wanted.area) == wanted]
    measure = now
    if own and not any(candidate.reaches(now) for candidate in own):
        measure = max(own, key=lambda c: _nearness(c, now))
    stay = [c for c in fitting if c.id == now.id and c.reaches(now)]
    as_good = [c for c in fitting if c in stay or c.reaches(measure)]
    left = _left_for_less(own, now)
    return [c for c in as_good if c in stay or all(map(c.reaches, left))] or as_good or fitting


def _nearness(candidate: Candidate, now: Candidate) -> tuple[object, ...]:
    kept, all_of_them = candidate.works_in & now.works_in, candidate.works_in
    return candidate.speed, len(kept), len(all_of_them), -candidate.wholesale, candidate.name


def _left_for_less(own: list[Candidate], now: Candidate) -> list[Candidate]:
    """Bundles of the plan's own size that it may have come from: `now` is all that they are, for no more.
    Where it goes from there has to be as good as they, or a plan would lose a country on the way over a
    bigger bundle while the one that works there is still sold.
    """
    return [c for c in own if now.reaches(c) and c.wholesale >= now.wholesale]


def _preference(candidate: Candidate, wanted: Size, now: Candidate | None) -> tuple[object, ...]:
    """The cheapest; of equals the plan's own, then the one that serves it already, then the better one."""
    return (
        candidate.wholesale,
        candidate.size(wanted.area) != wanted,
        now is None or candidate.id != now.id,
        -candidate.speed,
        -len(candidate.works_in),
        candidate.name,
    )
