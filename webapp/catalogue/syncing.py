"""The catalogue as eSIM Go tells it takes the place of the one before, in one moment.

All pages are read first, then new bundles are staged, then one short transaction makes the switch. Whoever
dies on the way leaves the catalogue of before, whole; and whoever reads meanwhile sees that one.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from peewee import chunked

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.crash_points import crash_point
from webapp.catalogue import due, generation, guard, pricing, staging
from webapp.catalogue.difference import Difference, difference
from webapp.catalogue.guard import Verdict
from webapp.catalogue.reading import Offer, Reading, read
from webapp.catalogue.snapshot import ROWS_AT_ONCE, STAGED, Stock, write
from webapp.clients.esimgo.payloads import CataloguePage
from webapp.models import Area, Bundle, BundleArea, BundleEvent, Plan

log = logging.getLogger("catalogue")

ATTEMPTS = 5


def sync(pages: Iterable[CataloguePage], config: Config) -> int:
    """Make the catalogue what these pages say; returns its new generation.

    Only what differs is written. Errors: EsimGoError of a page that cannot be read, RuleRefused.
    """
    pricing.rules()  # unreadable ones are told of before eSIM Go is asked for anything
    begun_at = due.begun()
    before = generation.current()
    reading = read(pages, config.currency)
    crash_point("catalogue.read")
    staging.stage(reading)
    for _ in range(ATTEMPTS):
        stock = Stock.now()
        _keep_newer_prices(reading, stock, before)
        found = difference(stock, reading, pricing.rules(), pricing.in_force(config))
        crash_point("catalogue.compared")
        try:
            number = _switch(stock, found, begun_at)
        except generation.StaleGeneration:
            continue
        crash_point("catalogue.switched")
        _tell(reading, found)
        return number
    raise RuntimeError("prices change faster than the catalogue can be compared")


def _keep_newer_prices(reading: Reading, stock: Stock, before: int) -> None:
    """A price that eSIM Go has named for a purchase while its pages were read is newer than they are."""
    news = BundleEvent.select().where(BundleEvent.kind == "price", BundleEvent.generation > before)
    for name in {event.bundle for event in news} & reading.offers.keys():
        offer = reading.offers[name]
        row = {**offer.row, "wholesale": stock.bundles[name]["wholesale"]}
        reading.offers[name] = Offer(row, offer.cover)


def _switch(stock: Stock, found: Difference, begun_at: datetime) -> int:
    """Errors: StaleGeneration when somebody has changed the catalogue since it was compared."""
    with generation.change(since=stock.generation) as number:
        write(Area, "code", found.areas)
        _write_bundles(found, number)
        crash_point("catalogue.switching.bundles")
        write(Plan, "plan_id", found.plans)
        for plan_ids in chunked(found.sold_out, ROWS_AT_ONCE):
            Plan.update(available=False).where(Plan.plan_id.in_(plan_ids)).execute()
        crash_point("catalogue.switching.plans")
        told = {"generation": number, "at": clock.now()}
        for events in chunked(found.events, ROWS_AT_ONCE):
            BundleEvent.insert_many([{**event, **told} for event in events]).execute()
        guard.note(found.known, len(found.missing), found.verdict)
        due.done(begun_at)
    return number


def _write_bundles(found: Difference, number: int) -> None:
    on_sale = {"generation": number, "gone_at": None}
    Bundle.update(on_sale).where(Bundle.generation == STAGED).execute()
    write(Bundle, "name", [{**row, **on_sale} for row in found.bundles])
    unasked = {"check_verdict": "", "checked_at": None}  # what eSIM Go has said before is asked again
    repriced = [event["bundle"] for event in found.events if event["kind"] == "price"]
    for names in chunked(repriced, ROWS_AT_ONCE):
        Bundle.update(unasked).where(Bundle.name.in_(names)).execute()
    gone = {"generation": number, "gone_at": clock.now(), **unasked}
    for names in chunked(found.gone, ROWS_AT_ONCE):
        Bundle.update(gone).where(Bundle.name.in_(names)).execute()
    for ids in chunked(found.covers, ROWS_AT_ONCE):
        BundleArea.delete().where(BundleArea.bundle.in_(ids)).execute()
    places = [(id_, code, role) for id_, cover in found.covers.items() for code, role in cover]
    for chunk in chunked(places, staging.PLACES_AT_ONCE):
        staging.cover(chunk)


def _tell(reading: Reading, found: Difference) -> None:
    if found.verdict is Verdict.UNTOLD:
        listed = len(reading.offers)
        log.warning("eSIM Go's list was cut short after %s bundles: the others stay for now", listed)
