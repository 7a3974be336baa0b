"""Where the catalogue stands, for the owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from webapp.catalogue import due, generation, guard
from webapp.catalogue.plans import is_shown
from webapp.models import Area, Bundle, BundleEvent, Plan

NEWS = 10


@dataclass(frozen=True)
class State:
    """`held` has "at", "known" and "missing"; `progress` of the last reading has "at", "page", "pages" and
    "bundles". `changes` counts the kinds of the last generation that had any; `news` are the latest.
    """

    generation: int
    synced_at: datetime | None
    progress: dict[str, Any] | None
    held: dict[str, Any] | None
    bundles: int
    gone: int
    plans: int
    places: int
    changes: dict[str, int]
    news: tuple[BundleEvent, ...]


def state() -> State:
    published = Bundle.select().where(Bundle.generation > 0)
    shown = Plan.select(Plan.area).join(Bundle).where(is_shown())
    return State(
        generation=generation.current(),
        synced_at=due.synced_at(),
        progress=due.progress(),
        held=guard.held(),
        bundles=published.where(Bundle.gone_at.is_null()).count(),
        gone=published.where(Bundle.gone_at.is_null(False)).count(),
        plans=shown.count(),
        places=Area.select().where(Area.code.in_(shown)).count(),
        changes=_last_changes(),
        news=tuple(BundleEvent.select().order_by(BundleEvent.id.desc()).limit(NEWS)),
    )


def _last_changes() -> dict[str, int]:
    last = BundleEvent.select(fn.MAX(BundleEvent.generation))
    kinds: Any = BundleEvent.select(BundleEvent.kind, fn.COUNT(BundleEvent.id)).where(
        BundleEvent.generation == last
    )
    return dict(kinds.group_by(BundleEvent.kind).order_by(BundleEvent.kind).tuples())
