"""Places: countries and regions, what a region covers, and from what price there is something to sell."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from peewee import fn

from webapp.base.i18n import LANGUAGES, area_name, flag, speaking
from webapp.catalogue.plans import is_shown
from webapp.catalogue.spelling import normal
from webapp.models import Area, Bundle, BundleArea, Plan

POPULAR = ("tr", "th", "ae", "us", "eg", "it", "es", "fr", "ge", "vn", "gb", "jp")


@dataclass(frozen=True)
class AreaCard:
    """An area as the shop's list shows it."""

    code: str
    name: str
    flag: str
    is_country: bool
    from_stars: int
    search_names: tuple[str, ...]


def areas() -> list[AreaCard]:
    """All areas with something to sell, by name in the language at hand.

    A country without plans of its own is there when a region covers it.
    """
    cheapest = fn.MIN(Plan.stars).alias("from_stars")
    own = Area.select(Area, cheapest).join(Plan).join(Bundle).where(is_shown()).group_by(Area)
    cards = [_card(row) for row in [*own, *_covered_only()]]
    return sorted(cards, key=lambda card: normal(card.name))


def _covered_only() -> Iterable[Area]:
    """Countries that only plans of regions cover."""
    home = Area.alias()
    with_own = Plan.select(Plan.area).join(Bundle).where(is_shown())
    query: Any = (
        Area.select(Area, fn.MIN(Plan.stars).alias("from_stars"))
        .join(BundleArea)
        .join(Bundle)
        .join(Plan)
        .join(home)
        .where(Area.is_country, Area.code.not_in(with_own), BundleArea.role == "roaming")
        .where(is_shown(), ~home.is_country)
        .group_by(Area)
    )
    found: Iterable[Area] = query
    return found


def _card(row: Area) -> AreaCard:
    names = []
    for lang in LANGUAGES:
        with speaking(lang):
            names.append(normal(area_name(row.code, row.name)))
    return AreaCard(
        code=row.code,
        name=area_name(row.code, row.name),
        flag=flag(row.code),
        is_country=row.is_country,
        from_stars=getattr(row, "from_stars"),  # noqa: B009 - the column that the query added
        search_names=(*names, normal(row.name)),
    )


def coverage(bundle_id: int) -> list[Area]:
    """Every country in which this bundle works, by name in the language at hand."""
    query = Area.select().join(BundleArea).where(BundleArea.bundle == bundle_id, Area.is_country)
    return _by_name(query.distinct())


def covered(area: Area) -> list[Area]:
    """The countries in which a region's plans work, all of them or some; a country covers itself."""
    sold = Plan.select(Plan.bundle).join(Bundle).where(Plan.area == area, is_shown())
    query = Area.select().join(BundleArea).where(BundleArea.bundle.in_(sold), Area.is_country)
    return _by_name(query.distinct())


@dataclass(frozen=True)
class Reach:
    """Countries by name in the language at hand: those in which each of a region's plans works, and those in
    which only some do. A promise for the region can be made of the former alone.
    """

    always: tuple[Area, ...]
    sometimes: tuple[Area, ...]


def reach(area: Area) -> Reach:
    """What the plans on this area's page cover."""
    sold = Plan.select(Plan.bundle).join(Bundle).where(Plan.area == area, is_shown()).distinct()
    count = fn.COUNT(BundleArea.bundle.distinct()).alias("bundles")
    query = Area.select(Area, count).join(BundleArea).where(BundleArea.bundle.in_(sold), Area.is_country)
    bundles = sold.count()
    places = _by_name(query.group_by(Area))
    everywhere = [getattr(place, "bundles") == bundles for place in places]  # noqa: B009 - the query's column
    return Reach(
        always=tuple(place for place, is_there in zip(places, everywhere, strict=True) if is_there),
        sometimes=tuple(place for place, is_there in zip(places, everywhere, strict=True) if not is_there),
    )


def _by_name(places: Iterable[Area]) -> list[Area]:
    return sorted(places, key=lambda place: normal(area_name(place.code, place.name)))
