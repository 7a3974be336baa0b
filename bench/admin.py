"""The merchant's pages over 100,000 orders of two years; do their figures equal a recount by hand?"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench import asking
from tests.browser import shelves
from tests.browser.desk import SHOPKEEPER
from tests.browser.stand import A_DAY, Stand
from tests.databases.crowds import crowd
from tests.databases.servers import migrate, own
from tests.settings import changed, settings_of
from tests.shop.factories import lead, make_customer, make_order
from tests.shop.test_sales import by_hand, some_order
from webapp import create_app
from webapp.base import clock
from webapp.books import sales
from webapp.books.sales import Period, Sales
from webapp.models import Order, db

ORDERS, YEARS = 100_000, 2
DAYS = 365 * YEARS
GOAL_MS = 300
TIMES = 5
SPANS = (1, 7, 30, 90, 365)
ESIMS = """
    INSERT INTO esim (reference, order_id, customer_id, iccid, matching_id, smdp_host, profile_status, state,
                      created_at, failed_looks)
    SELECT 'e-' || id, id, customer_id, '8943' || (100000000000000 + id), 'X', 'rsp.example.com', 'installed',
           'active', created_at, 0
    FROM orders WHERE delivered_at IS NOT NULL AND id NOT IN (SELECT order_id FROM esim)
"""


def measure(folder: Path) -> dict[str, tuple[dict[str, float], int]]:
    """By database: the median of each page in milliseconds, and how many figures differ from a recount."""
    found = {"SQLite": _measured(Stand(_made(folder / "sqlite")))}
    with own() as server, server.running():
        found["PostgreSQL"] = _measured(Stand(_made(folder / "postgresql"), server=server.url))
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _measured(stand: Stand) -> tuple[dict[str, float], int]:
    migrate(stand.database_url)
    with stand.filling():
        lead(A_DAY)
        shelves.fill()
        reference = _history()
    config = changed(settings_of(stand.environment()), metrics_port=None)
    app = create_app(config)
    browser = app.test_client()
    pages = {name: _median(_opening(browser, path)) for name, path in _pages(reference).items()}
    differences = sum(_differences(Period.last(days)) for days in SPANS)
    db.database.close()
    return pages, differences


def _history() -> str:
    order = make_order("active", make_customer(50_000))
    crowd(ORDERS, days=DAYS, change=_one)
    db.database.execute_sql(ESIMS)
    db.database.execute_sql("ANALYZE")
    return str(order.reference)


def _one(number: int) -> dict[str, Any]:
    """Sold when its turn comes in the two years; its fate is drawn."""
    at = clock.now() - timedelta(days=DAYS) * (1 - number / ORDERS)
    drawn = some_order(number)
    moved = {name: _moved(drawn[name], drawn["created_at"], at) for name in drawn if name.endswith("_at")}
    return drawn | moved | {"stage": "failed" if drawn["stage"] == "paid" else drawn["stage"]}


def _moved(moment: datetime | None, since: datetime, to: datetime) -> datetime | None:
    return None if moment is None else to + (moment - since)


def _pages(reference: str) -> dict[str, str]:
    return {
        "overview": "/admin",
        "sales by day, 90 days": "/admin/sales?by=day&days=90",
        "sales by country, 90 days": "/admin/sales?by=country&days=90",
        "sales by plan, 90 days": "/admin/sales?by=plan&days=90",
        "orders": "/admin/orders",
        "orders by reference": f"/admin/orders?q={reference}",
        "orders of a customer": "/admin/orders?q=50000",
        "orders by end of the ICCID": "/admin/orders?q=50123",
        "orders by a name that is not there": "/admin/orders?q=nobody",
        "an order": f"/admin/orders/{reference}",
        "prices": "/admin/prices",
        "switches": "/admin/switches",
        "check-up": "/admin/check",
        "log": "/admin/log",
    }


def _opening(browser: Any, path: str) -> Callable[[], None]:
    (ask,) = asking.personal(path, SHOPKEEPER)

    def look() -> None:
        assert browser.get(ask.path, headers=dict(ask.headers)).status_code == 200  # noqa: S101 - as in growing

    return look


def _median(work: Callable[[], None]) -> float:
    took = []
    for _ in range(TIMES):
        began = clock.monotonic()
        work()
        took.append((clock.monotonic() - began) * 1e3)
    return sorted(took)[TIMES // 2]


# --- a recount by hand


def _differences(period: Period) -> int:
    sold = [order for order in Order.select() if _is_in(order, period)]
    told = Counter[bool]()
    told[sales.sales(period) == by_hand(sold)] += 1
    for report, key in (
        (sales.by_country, lambda order: order.country_code),
        (sales.by_plan, lambda order: order.plan_id),
        (sales.by_day, lambda order: f"{order.paid_at:%Y-%m-%d}"),
    ):
        wanted = dict(_grouped(sold, key))
        found = {row.key: row.sales for row in report(period) if row.sales.sold}
        told[found == wanted] += 1
    return told[False]


def _grouped(sold: list[Order], key: Callable[[Order], str]) -> Iterator[tuple[str, Sales]]:
    groups = defaultdict(list)
    for order in sold:
        groups[key(order)].append(order)
    for name, orders in groups.items():
        yield name, by_hand(orders)


def _is_in(order: Order, period: Period) -> bool:
    return order.paid_at is not None and period.since <= order.paid_at < period.until
