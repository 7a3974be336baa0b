"""What eSIM Go's list and the database differ in, worked out while nobody waits. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.catalogue import guard, pricing
from webapp.catalogue.mapping import Candidate, Size, served
from webapp.catalogue.reading import Cover, Offer, Reading
from webapp.catalogue.snapshot import STAGED, Stock, differs

Row = Mapping[str, Any]


@dataclass
class Difference:
    """Rows to write. `covers` are by the id of bundles that were on sale before. `known` were on sale, and
    `missing` of them are listed no more; they are `gone` too, unless they have to stay.
    """

    known: int
    missing: set[str]
    verdict: guard.Verdict = guard.Verdict.GO
    bundles: list[Row] = field(default_factory=list)
    covers: dict[int, Cover] = field(default_factory=dict)
    areas: list[Row] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    events: list[Row] = field(default_factory=list)
    plans: list[Row] = field(default_factory=list)
    sold_out: list[str] = field(default_factory=list)


def difference(stock: Stock, reading: Reading, rules: pricing.Rules, by: pricing.PricedBy) -> Difference:
    on_sale = {name for name, row in stock.published.items() if row["gone_at"] is None}
    found = Difference(known=len(on_sale), missing=on_sale - reading.offers.keys())
    found.areas = [row for code, row in reading.areas.items() if differs(stock.areas.get(code), row)]
    for name, offer in reading.offers.items():
        _compare(stock, name, offer, found)
    missing = len(found.missing)
    found.verdict = guard.judge(found.known, missing, whole=reading.whole, unread=reading.unread)
    if found.verdict is guard.Verdict.GO:
        found.gone = found.missing
        found.events += [_event(name, "gone") for name in sorted(found.gone)]
    if not stock.published:
        found.events = []  # a first catalogue is not news
    _make_plans(stock, reading, found, _Prices(rules, by))
    return found


def _compare(stock: Stock, name: str, offer: Offer, found: Difference) -> None:
    known = stock.bundles[name]
    if known["generation"] == STAGED:
        found.events.append(_event(name, "added", after=offer.row["wholesale"]))
        return
    events = _events(known, offer, offer.cover != stock.cover(known["id"]))
    if events:
        found.events += events
        found.bundles.append(offer.row)
    if offer.cover != stock.cover(known["id"]):
        found.covers[known["id"]] = offer.cover


def _events(known: Row, offer: Offer, moved: bool) -> list[Row]:
    row, name = offer.row, offer.row["name"]
    events = []
    if known["gone_at"] is not None:
        events.append(_event(name, "returned", after=row["wholesale"]))
    if known["wholesale"] != row["wholesale"]:
        events.append(_event(name, "price", known["wholesale"], row["wholesale"]))
    if moved or differs(known, {column: row[column] for column in row if column != "wholesale"}):
        events.append(_event(name, "changed"))
    return events


def _event(name: str, kind: str, before: int | None = None, after: int | None = None) -> Row:
    return {"bundle": name, "kind": kind, "wholesale_before": before, "wholesale_after": after}


# --- plans


@dataclass(frozen=True)
class _Prices:
    rules: pricing.Rules
    by: pricing.PricedBy

    def row(self, plan_id: str, size: Size, by: Candidate) -> Row:
        retail, stars = pricing.priced(by.wholesale, size.area, plan_id, self.by, self.rules)
        return {
            "plan_id": plan_id,
            "plan_type": size.plan_type,
            "area": size.area,
            "data_mb": size.data_mb,
            "days": size.days,
            "tier": size.tier,
            "bundle": by.id,
            "retail": retail,
            "currency": self.by.currency,
            "stars": stars,
            "available": True,
        }


def _make_plans(stock: Stock, reading: Reading, found: Difference, prices: _Prices) -> None:
    shelf = [
        Candidate.of(stock.bundles[name]["id"], offer.row, offer.cover)
        for name, offer in reading.offers.items()
    ]
    shelf += [stock.candidate(stock.bundles[name]) for name in found.missing - found.gone]
    known = {row["plan_id"]: row for row in stock.plans}
    for plan_id, (size, by) in served(shelf, stock.serving()).items():
        if by is None:
            if known[plan_id]["available"]:
                found.sold_out.append(plan_id)
        elif differs(known.get(plan_id), row := prices.row(plan_id, size, by)):
            found.plans.append(row)
