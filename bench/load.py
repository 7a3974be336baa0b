"""What one web process can answer, each row beside a bare Flask on the same server in the same run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import asking
from bench.servers import Served, served
from bench.wrk import Ask, Rate, closed_loop, open_loop
from tests.browser import shelves
from tests.browser.stand import A_DAY, TOKEN, Stand
from tests.databases.servers import migrate
from tests.shop.factories import lead
from webapp.base import clock, sealing
from webapp.models import Setting, db

SECONDS = 6
UNLIMITED = {"RATE_LIMITS": "customer=1000000/second address=1000000/second"}
"""One customer asks for all here."""


@dataclass(frozen=True)
class Row:
    """`hello`: requests a second of the bare Flask, measured just before."""

    name: str
    rate: Rate
    hello: float
    goal: str

    @property
    def ratio(self) -> float:
        return self.rate.per_s / self.hello


@dataclass(frozen=True)
class Load:
    rows: list[Row]
    stream: Rate
    cold_s: float
    memory_mb: float


def measure(folder: Path, seconds: float = SECONDS, url: str = "") -> Load:
    """On SQLite in `folder`, or on the empty database at `url`."""
    stand = Stand(folder)
    settings = stand.environment(**UNLIMITED | ({"DATABASE_URL": url} if url else {}))
    migrate(settings["DATABASE_URL"])
    db.bind(settings["DATABASE_URL"], [sealing.derived_key(TOKEN)])
    lead(A_DAY)
    shelves.fill()
    Setting.write("catalogue.generation", 1)
    Setting.write_time("catalogue.synced_at", clock.now())
    known = asking.fill()
    with served("bench.hello:app", {}) as hello, served("wsgi:app", settings) as shop:
        rows = [
            _row(name, goal, asks(), hello, shop, seconds, folder)
            for name, goal, asks in _rows(known, shop.url)
        ]
        stream = open_loop(shop.url, asking.callbacks(2000), 200)
        db.database.close()
        return Load(rows, stream, shop.cold_s, shop.memory_mb)


def _row(
    name: str, goal: str, asks: list[Ask], hello: Served, shop: Served, seconds: float, folder: Path
) -> Row:
    bare = closed_loop(hello.url, [Ask("/")], max(2, seconds / 2), folder)
    return Row(name, closed_loop(shop.url, asks, seconds, folder), bare.per_s, goal)


def _rows(known: dict[str, str], url: str) -> list[tuple[str, str, Callable[[], list[Ask]]]]:
    order = asking.personal(f"/orders/{known['paid']}/status", asking.BUYER)
    return [
        ("shop page", ">= 55 %", lambda: asking.page("/")),
        ("area page", "", lambda: asking.page("/shop/tr")),
        ("order status, signed", ">= 25 %", lambda: order),
        ("unchanged poll", ">= 30 %", lambda: asking.unchanged(url, order)),
        ("My eSIMs, 20 of them", "", lambda: asking.personal("/esims", asking.TRAVELLER)),
        ("callback accepted", ">= 800/s", asking.callbacks),
        ("Telegram update accepted", "", asking.updates),
        ("pre-checkout", "", lambda: asking.pre_checkouts(known["unpaid"])),
    ]


def table(load: Load) -> str:
    lines = [
        "| row | of hello | requests/s | hello/s | p50 ms | p95 ms | p99 ms | errors | goal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in load.rows:
        rate = row.rate
        lines.append(
            f"| {row.name} | **{row.ratio:.1%}** | {rate.per_s:.0f} | {row.hello:.0f} | {rate.p50:.1f} "
            f"| {rate.p95:.1f} | {rate.p99:.1f} | {rate.bad} | {row.goal} |"
        )
    stream = load.stream
    lines.append(
        f"| callbacks, open loop of 200/s | | {stream.per_s:.0f} | | {stream.p50:.1f} | {stream.p95:.1f} "
        f"| {stream.p99:.1f} | {stream.bad} | p99 <= 50 ms |"
    )
    return "\n".join(lines)
