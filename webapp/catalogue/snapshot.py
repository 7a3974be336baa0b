"""What the database knows of the catalogue, and writing it in bulk."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import Model, chunked

from webapp.catalogue import generation
from webapp.catalogue.mapping import Candidate, Size
from webapp.catalogue.reading import Cover
from webapp.models import Area, Bundle, BundleArea, Plan

ROWS_AT_ONCE = 500
STAGED = 0
"""The generation of bundles that a sync has put down but nobody may see yet."""


@dataclass(frozen=True)
class Stock:
    """As of one generation. `covers` are by the bundle's id."""

    generation: int
    bundles: Mapping[str, Mapping[str, Any]]
    covers: Mapping[int, Cover]
    areas: Mapping[str, Mapping[str, Any]]
    plans: Sequence[Mapping[str, Any]]

    @classmethod
    def now(cls) -> "Stock":
        """Read the generation before the rows: after a commit in between `change(since=...)` fails, and the
        sync compares again.
        """
        number = generation.current()
        return cls(
            generation=number,
            bundles={row["name"]: row for row in _rows(Bundle)},
            covers=_covers(),
            areas={row["code"]: row for row in _rows(Area)},
            plans=list(_rows(Plan)),
        )

    @property
    def published(self) -> dict[str, Mapping[str, Any]]:
        """Bundles that have been on sale at some time."""
        return {name: row for name, row in self.bundles.items() if row["generation"] != STAGED}

    def serving(self) -> dict[str, tuple[Size, Candidate]]:
        """By plan_id, every plan and the bundle that serves it or has served it last."""
        by_id = {row["id"]: self.candidate(row) for row in self.bundles.values()}
        return {row["plan_id"]: (_size(row), by_id[row["bundle"]]) for row in self.plans}

    def candidate(self, row: Mapping[str, Any]) -> Candidate:
        return Candidate.of(row["id"], row, self.cover(row["id"]))

    def cover(self, bundle_id: int) -> Cover:
        return self.covers.get(bundle_id, frozenset())


def _rows(model: type[Model]) -> Iterable[Mapping[str, Any]]:
    rows: Iterable[Mapping[str, Any]] = model.select().dicts().iterator()
    return rows


def _size(plan: Mapping[str, Any]) -> Size:
    return Size(plan["area"], plan["data_mb"], plan["days"], plan["tier"])


def _covers() -> dict[int, Cover]:
    """Thousands of bundles share a few sets."""
    pairs: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    columns = (BundleArea.bundle, BundleArea.area, BundleArea.role)
    rows: Any = BundleArea.select(*columns).tuples()
    for bundle, area, role in rows.iterator():
        pairs[bundle].add((area, role))
    shared: dict[Cover, Cover] = {}
    return {bundle: shared.setdefault(found := frozenset(places), found) for bundle, places in pairs.items()}


def differs(known: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return known is None or any(known[name] != value for name, value in row.items())


def write(model: type[Model], key: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of the same columns, new or changed, by their unique `key`."""
    for chunk in chunked(rows, ROWS_AT_ONCE):
        others = [getattr(model, name) for name in chunk[0] if name != key]
        model.insert_many(chunk).on_conflict(conflict_target=[key], preserve=others).execute()
