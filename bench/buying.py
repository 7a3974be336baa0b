"""How long buyers wait, and what it asks of eSIM Go: the whole shop with its stand-ins, as real processes."""

import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.servers import children, resident_mb
from bench.wrk import Ask, Rate, open_loop
from tests.stack import Stack, Traveller, running, until
from webapp.base import clock

POLLERS, ROUNDS = 200, 10
BUYERS = 20
CROWD = 250


@dataclass(frozen=True)
class Bought:
    """`seconds` from paid to QR code; `calls` of eSIM Go for one order from payment to activation."""

    seconds: list[float]
    calls: list[str]
    sync_s: float
    polls: Rate
    jobs_mb: float

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[18]


def measure(folder: Path, **settings: str) -> Bought:
    """With eSIM Go answering every order after one second, then not at all."""
    with running(folder, **settings) as shop:
        sync_s = _sync(shop)
        calls = _calls(shop)
        shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "slow", "after_s": 1})
        seconds = [_paid_to_qr(shop.customer(8000 + number)) for number in range(BUYERS)]
        shop.esimgo("DELETE", "faults")
        jobs = shop.processes["jobs"].pid
        weighs = sum(map(resident_mb, [jobs, *children(jobs)]))
        return Bought(seconds, calls, sync_s, _polls_in_an_outage(shop), weighs)


def _sync(shop: Stack) -> float:
    """Asked for, read and published, by the jobs process that runs."""
    began = clock.monotonic()
    before = shop.sql("SELECT value FROM setting WHERE name = 'catalogue.synced_at'")
    shop.flask("catalogue", "sync")
    until(lambda: shop.sql("SELECT value FROM setting WHERE name = 'catalogue.synced_at'") != before, 60)
    return clock.monotonic() - began


def _paid_to_qr(person: Traveller) -> float:
    reference = person.buy()
    began = clock.monotonic()
    person.reaches(reference, "ready", seconds=60)
    return clock.monotonic() - began


def _calls(shop: Stack) -> list[str]:
    person = shop.customer(7999)
    order = person.order_to_pay()
    until(shop.confirmed, 20, "the word of eSIM Go")
    before = len(shop.esimgo("GET", "state")["calls"])
    until(lambda: person.pays(order["invoice_url"]), 60, "the payment")
    told = person.reaches(order["id"], "ready")
    shop.esimgo("POST", f"esims/{told['esim']['iccid']}/install")
    person.reaches(order["id"], "active", seconds=60, faster=True)
    since = shop.esimgo("GET", "state")["calls"][before:]
    return [f"{call['method']} {call['path']}" for call in since]


def _polls_in_an_outage(shop: Stack) -> Rate:
    """200 customers look every 2 s while eSIM Go hangs: 100 polls a second, each with its own order."""
    with ThreadPoolExecutor(8) as pool:
        people = [Traveller(shop, 9000 + number) for number in range(POLLERS)]
        orders = list(pool.map(Traveller.order, people))
    for match in ("GET", "POST"):
        shop.esimgo("POST", "faults", {"match": match, "kind": "hang"})
    asks = [
        Ask(f"/orders/{order['id']}/status", headers=person.headers | {"HX-Request": "true"})
        for person, order in zip(people, orders, strict=True)
    ]
    rate = open_loop(shop.web, asks * ROUNDS, POLLERS / 2)
    shop.esimgo("DELETE", "faults")
    return rate


# --- everybody at once


@dataclass(frozen=True)
class Crowd:
    delivered: int
    told_before: int
    refunds: int
    last_s: float


def crowd(folder: Path) -> Crowd:
    """250 who pay at once, at the published pace of one order in 3 s. Takes a quarter of an hour."""
    with running(folder, ESIMGO_ORDER_INTERVAL_S="3") as shop:
        began = clock.monotonic()
        with ThreadPoolExecutor(16) as pool:
            paid = [one for one in pool.map(lambda number: _try(shop, number), range(CROWD)) if one]
        for person, reference in paid:
            person.reaches(reference, "ready", "active", seconds=1200)
        return Crowd(len(paid), CROWD - len(paid), len(shop.refunds()), clock.monotonic() - began)


def _try(shop: Stack, number: int) -> tuple[Traveller, str] | None:
    """Taps Pay again when told to; None when told that the line is full."""
    person = Traveller(shop, 20_000 + number)
    order = person.order_to_pay()
    for _ in range(40):
        told = person.pay(order["invoice_url"])
        if told["status"] == "paid":
            return person, str(order["id"])
        if "again" not in told.get("error_message", ""):
            return None
        clock.sleep(0.5)
    return None
