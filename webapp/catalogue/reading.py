"""eSIM Go's pages, kept as the few values that the shop stores of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.base.crash_points import crash_point
from webapp.base.i18n import is_territory
from webapp.catalogue import due
from webapp.catalogue.spelling import area_code
from webapp.clients.esimgo.payloads import CatalogueBundle, CataloguePage, Country

Cover = frozenset[tuple[str, str]]
"""Where a bundle works: area code, and "base" or "roaming"."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle as it is on sale now: the columns of its row, and where it works."""

    row: Mapping[str, Any]
    cover: Cover


@dataclass
class Reading:
    """`unread`: rows that were there but could not be understood. Not `whole`: the list was cut short."""

    offers: dict[str, Offer] = field(default_factory=dict)
    areas: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread: int = 0
    whole: bool = True


def read(pages: Iterable[CataloguePage], currency: str) -> Reading:
    """Read all pages before anything is done with them."""
    reading, gathered = Reading(), _Gathered()
    number, told_pages, told_rows = 0, None, 0
    for number, page in enumerate(pages, 1):
        for bundle in page.bundles:
            gathered.see(bundle)
            reading.offers[bundle.name] = Offer(_row(bundle, currency), gathered.cover(bundle))
        reading.unread += page.skipped
        told_pages = page.page_count or told_pages
        told_rows = max(told_rows, page.rows or 0)
        due.page_read(number, told_pages, len(reading.offers))
        crash_point(f"catalogue.page.{number}")
    # The most that was told counts: a list that shrank on the way may have moved a row past us unseen.
    enough = len(reading.offers) + reading.unread >= told_rows
    reading.whole = enough and (told_pages is None or number >= told_pages)
    reading.areas = gathered.areas()
    return reading


class _Gathered:
    """Places as the bundles name them. Thousands of bundles share a few lists of countries."""

    def __init__(self) -> None:
        self._covers: dict[Cover, Cover] = {}
        self._homes: dict[str, Country] = {}
        self._mentioned: dict[str, Country] = {}
        self._reaching: set[str] = set()

    def see(self, bundle: CatalogueBundle) -> None:
        homes = {area_code(place.iso): place for place in bundle.countries}
        elsewhere = {area_code(place.iso): place for place in bundle.roaming}
        self._homes |= homes
        self._mentioned |= elsewhere
        if elsewhere.keys() - homes.keys():
            self._reaching |= homes.keys()

    def cover(self, bundle: CatalogueBundle) -> Cover:
        pairs = [(place, "base") for place in bundle.countries] + [
            (place, "roaming") for place in bundle.roaming
        ]
        found = frozenset((area_code(place.iso), role) for place, role in pairs)
        return self._covers.setdefault(found, found)

    def areas(self) -> dict[str, dict[str, Any]]:
        """A bundle's own area names the place better than a mention among others."""
        return {code: self._area(code, place) for code, place in (self._mentioned | self._homes).items()}

    def _area(self, code: str, place: Country) -> dict[str, Any]:
        name = place.name or place.iso
        label = code in self._homes and (code in self._reaching or name.casefold() == place.iso.casefold())
        return {
            "code": code,
            "iso": place.iso,
            "name": name,
            "region": place.region,
            "is_country": is_territory(place.iso) or not label,
        }


def _row(bundle: CatalogueBundle, currency: str) -> dict[str, Any]:
    return {
        "name": bundle.name,
        "description": bundle.description,
        "data_mb": None if bundle.unlimited else bundle.data_mb,
        "unlimited": bundle.unlimited,
        "tier": _tier(bundle),
        "duration_days": bundle.duration_days,
        "speeds": ", ".join(bundle.speeds),
        "autostart": bundle.autostart,
        "wholesale": bundle.wholesale,
        "currency": currency,
    }


def _tier(bundle: CatalogueBundle) -> str:
    """Lite, Essential or Plus, as the group of an unlimited bundle says ("Standard Unlimited Lite")."""
    for group in bundle.groups:
        if bundle.unlimited and (match := re.search(r"unlimited\s+(\w+)", group, re.IGNORECASE)):
            return match[1].lower()
    return ""
