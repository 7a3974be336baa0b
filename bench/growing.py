"""Does the shop grow slower with its history? Pages and jobs over 1,000, 10,000 and 100,000 orders."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from bench import asking
from tests.browser import shelves
from tests.browser.stand import A_DAY, Stand
from tests.databases.servers import migrate
from tests.settings import settings_of
from tests.shop.factories import lead
from webapp import create_app, esims, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Assignment, Customer, Esim, Order, Payment, db
from webapp.orders import pace

SIZES = (1_000, 10_000, 100_000)
GOAL = 1.3
TIMES = 40
PORTION = 500


@dataclass(frozen=True)
class Cost:
    """Milliseconds, the least of many: what else runs on the machine only adds."""

    page: float
    jobs: float


def measure(folder: Path) -> dict[int, Cost]:
    return {size: _cost(folder / str(size), size) for size in SIZES}


def _cost(folder: Path, size: int) -> Cost:
    folder.mkdir()
    stand = Stand(folder)
    migrate(stand.database_url)
    with stand.filling():
        lead(A_DAY)
        shelves.fill()
        known = asking.fill()
        _history(size)
    config = settings_of(stand.environment())
    app = create_app(config)
    page, jobs = _pages(app, known["paid"]), _jobs(config)
    cost = Cost(_least(page), _least(jobs))
    db.database.close()
    return cost


def _pages(app: Flask, reference: str) -> Callable[[], None]:
    browser = app.test_client()
    asks = [
        *asking.page("/"),
        *asking.personal(f"/orders/{reference}", asking.BUYER),
        *asking.personal("/esims", asking.TRAVELLER),
    ]

    def look() -> None:
        for ask in asks:
            answer = browser.get(ask.path, headers=dict(ask.headers))
            assert answer.status_code == 200  # noqa: S101 - a figure of errors would be none

    return look


def _jobs(config: Config) -> Callable[[], None]:
    """What the jobs process asks of its database every second or so."""

    def look() -> None:
        pace.per_order(config)
        orders.enforce_deadlines()
        orders.expire()
        esims.due()
        esims.remind()

    return look


def _least(work: Callable[[], None]) -> float:
    took = []
    for _ in range(TIMES):
        began = clock.monotonic()
        work()
        took.append((clock.monotonic() - began) * 1e3)
    return min(took)


def _history(size: int) -> None:
    """Orders of the past year, delivered, used and over."""
    with db.transaction():
        first = Customer.create(telegram_user_id=50_000, language="en").id
        for begin in range(0, size, PORTION):
            numbers = range(begin, begin + PORTION)
            Order.insert_many(list(_orders(numbers, first))).execute()
        rows = db.rows("SELECT id, paid_at FROM orders WHERE plan_id = 'past'")
        for begin in range(0, size, PORTION):
            _delivered(rows[begin : begin + PORTION], first)


def _orders(numbers: range, customer: int) -> Iterator[dict[str, Any]]:
    now = clock.now()
    for number in numbers:
        paid = now - timedelta(days=60, minutes=number * 3)
        yield {
            "telegram_user_id": 50_000,
            "customer": customer,
            "plan_id": "past",
            "plan_type": "standard",
            "country_code": "tr",
            "country_name": "Turkey",
            "data_mb": 3000,
            "days": 30,
            "esimgo_product_id": "esim_past",
            "wholesale": 4200,
            "retail": 5880,
            "currency": "USD",
            "stars": 453,
            "stage": "active",
            "created_at": paid,
            "paid_at": paid,
            "activated_at": paid,
        }


def _delivered(rows: list[tuple[Any, ...]], customer: int) -> None:
    ids = [row[0] for row in rows]
    Payment.insert_many(
        {
            "order": key,
            "telegram_user_id": 50_000,
            "amount": 453,
            "charge_id": f"past-{key}",
            "state": "confirmed",
        }
        for key in ids
    ).execute()
    Esim.insert_many(
        {
            "order": key,
            "customer": customer,
            "iccid": f"8900{key:015d}",
            "matching_id": "X",
            "smdp_host": "rsp.example.com",
            "profile_status": "installed",
            "installed_at": clock.now() - timedelta(days=60),
        }
        for key in ids
    ).execute()
    Assignment.insert_many(
        {
            "esim": Esim.select(Esim.id).where(Esim.order == key),
            "order": key,
            "bundle": "past",
            "state": "expired",
        }
        for key in ids
    ).execute()
