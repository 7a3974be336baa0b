"""New bundles are put down before anybody may see them, one statement of some hundred rows at a time, so that
other writers find a gap.

Nothing refers to them until the switch. What a sync that died has left here is swept away by the next one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from peewee import chunked

from webapp.base import clock
from webapp.base.crash_points import crash_point
from webapp.catalogue.reading import Offer, Reading
from webapp.catalogue.snapshot import STAGED, write
from webapp.models import Area, Bundle, BundleArea
from webapp.models.db import transaction

BUNDLES_AT_ONCE = 500
PLACES_AT_ONCE = 3000


def stage(reading: Reading) -> None:
    _sweep_and_name_places(reading)
    crash_point("catalogue.staged.areas")
    known = _ids(Bundle.select())
    new = [offer for name, offer in reading.offers.items() if name not in known]
    for number, offers in enumerate(chunked(new, BUNDLES_AT_ONCE), 1):
        _put_down(offers)
        crash_point(f"catalogue.staged.bundles.{number}")
    ids = _ids(Bundle.select().where(Bundle.generation == STAGED))
    for number, places in enumerate(chunked(_places(new, ids), PLACES_AT_ONCE), 1):
        cover(places)
        crash_point(f"catalogue.staged.places.{number}")


def _ids(bundles: Any) -> dict[str, int]:
    return dict(bundles.columns(Bundle.name, Bundle.id).tuples())


def _sweep_and_name_places(reading: Reading) -> None:
    with transaction():
        Bundle.delete().where(Bundle.generation == STAGED).execute()
        known = {area.code for area in Area.select(Area.code)}
        write(Area, "code", [row for code, row in reading.areas.items() if code not in known])


def _put_down(offers: Sequence[Offer]) -> None:
    """They count as gone until the switch."""
    unseen = {"generation": STAGED, "gone_at": clock.now()}
    write(Bundle, "name", [{**offer.row, **unseen} for offer in offers])


def _places(offers: Sequence[Offer], ids: Mapping[str, int]) -> Iterator[tuple[int, str, str]]:
    for offer in offers:
        for code, role in offer.cover:
            yield ids[offer.row["name"]], code, role


def cover(places: Sequence[tuple[int, str, str]]) -> None:
    """Bundle, area and role: these are not there yet."""
    BundleArea.insert_many(places, fields=[BundleArea.bundle, BundleArea.area, BundleArea.role]).execute()
