"""R23: what is delivered is what was bought, whatever eSIM Go's answers say of it.

Purchases one after the other over real sockets, nearly every answer about them in some way untrue: that of
the request itself, of the list in which a lost one is looked up, and of what is collected later.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from sandbox import clock as sandbox_clock
from tests.proof import proved
from tests.sandbox.esimgo import FRANCE, KEY, TURKEY, TURKEY_SMALL, Provider, running
from tests.shop.conftest import Advance, advance
from tests.shop.factories import OWNER, lead, make_bundle, make_customer, make_order
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import EsimGoError
from webapp.models import OPEN_STAGES, Bundle, Esim, Order, OrderEvent
from webapp.orders import reconciling

pytestmark = pytest.mark.long

__all__ = ["advance"]

SEED = 20261130
SHORT, FULL = 40, 500
ROUNDS, ROUND_S = 30, 20
UNTRUE = ("swapped_answer", "tripled_answer", "shortened_answer", "foreign_iccids")
OF_THE_PURCHASE = (*UNTRUE, *UNTRUE, "reset_after_commit", "price_drift", "late_visible", "")
OF_A_LOOK = (*UNTRUE, "filter_refused", "filter_ignored", "late_visible", "", "")
LOOKS = ("GET /orders", "GET /orders/", "GET /esims/assignments")
BUNDLES = (TURKEY, TURKEY_SMALL, FRANCE)
DELIVERED = ("ready", "active")


class Shop:
    """What the jobs do, for one order after the other."""

    def __init__(self, provider: Provider, config: Config, advance: Advance) -> None:
        self.provider, self.config, self.advance = provider, config, advance
        url = f"http://127.0.0.1:{provider.port}/v2.5"
        self.client = ESIMGoClient(KEY, url, budget=Budget(10_000))
        self.chance = Random(SEED)
        self.leader = lead(10**9)
        self.met: Counter[str] = Counter()
        for name in BUNDLES:
            wholesale = round(provider.get(f"/catalogue/bundle/{name}")["price"] * 1000)
            make_bundle(name, wholesale=wholesale, check_total=wholesale)

    def sell(self, number: int) -> None:
        order = self._place(number)
        if number:  # the first is true, so that there is somebody whose eSIM can be mistaken for another's
            self._fault(self.chance.choice(OF_THE_PURCHASE), "POST /orders")
            for look in LOOKS:
                self._fault(self.chance.choice(OF_A_LOOK), look)
        for _ in range(ROUNDS):
            self._work()
            if order.fresh().stage not in OPEN_STAGES:
                break
            self.advance(ROUND_S)
        Order.update(deadline_at=clock.now()).where(Order.stage.in_(OPEN_STAGES)).execute()
        orders.enforce_deadlines()
        self.provider.control("DELETE", "faults")
        self.advance(ROUND_S)

    def _place(self, number: int) -> Order:
        """One in five is for an eSIM of the same country that somebody has."""
        Bundle.update(check_verdict="ok", checked_at=clock.now()).execute()
        bundle = Bundle.get(Bundle.name == self.chance.choice(BUNDLES))
        wanted: dict[str, Any] = {"esimgo_product_id": bundle.name, "wholesale": bundle.wholesale}
        customer = make_customer(OWNER + number)
        there = [e for e in Esim.select() if e.order.esimgo_product_id[-5:] == bundle.name[-5:]]
        if there and number % 5 == 0:
            esim = self.chance.choice(there)
            wanted, customer = wanted | {"esim_id": esim.id}, esim.customer
        placed = make_order("awaiting_payment", customer, plan_id=f"plan-{number}", **wanted)
        until = clock.now() + 2 * ROUNDS * timedelta(seconds=ROUND_S)
        placed.move("paid", actor="test", paid_at=clock.now(), deadline_at=until)
        return placed

    def _fault(self, kind: str, match: str) -> None:
        self.met[kind or "true"] += 1
        if kind:
            drift = {"factor": self.chance.choice((0.9, 1.04, 1.5))} if kind == "price_drift" else {}
            times, after_s = self.chance.randint(1, 3), self.chance.choice((5, 25))
            self.provider.fault(kind, match=match, times=times, after_s=after_s, **drift)

    def _work(self) -> None:
        jobs: tuple[Callable[[], object], ...] = (
            lambda: orders.submit_next(self.client, self.leader, self.config),
            lambda: orders.collect(self.client),
            lambda: orders.collect_late(self.client),
            lambda: reconciling.reconcile(self.client, self.config),
        )
        for job in jobs:
            try:
                job()
            except EsimGoError:
                self.met["a job without an answer"] += 1


@pytest.fixture
def provider(database: Config) -> Iterator[Provider]:
    """On the shop's clock."""
    with running(balance="1000000.00") as provider:
        sandbox_clock.use_offset_file(database.clock_file)
        yield provider


def wrong(provider: Provider) -> list[str]:
    """Deliveries that are not what eSIM Go has made for them, judged by what both remember."""
    made = {order["orderReference"]: order for order in provider.state()["orders"]}
    found, given = [], Counter[str]()
    for order in Order.select().where(Order.stage.in_(DELIVERED)):
        reference, esim = str(order.esimgo_order_id), Esim.of(order)
        there = made[reference]
        given.update([reference])
        if esim is None or there["item"] != order.esimgo_product_id or there["iccids"] != [esim.iccid]:
            found.append(f"{order.reference}: {there['item']} for {order.esimgo_product_id}")
    return found + [f"{reference} was given twice" for reference, count in given.items() if count > 1]


@pytest.mark.proof
def test_whatever_the_answers_say_nobody_gets_what_was_not_bought_for_them(
    provider: Provider,
    database: Config,
    advance: Advance,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    shop, count = Shop(provider, database, advance), FULL if in_full else SHORT
    for number in range(count):
        shop.sell(number)
    stages = Counter(order.stage for order in Order.select())
    looked_up = OrderEvent.select().where(OrderEvent.to_stage == "unknown").count()
    untrue = ", ".join(f"{shop.met[kind]} {kind.replace('_', ' ')}" for kind in UNTRUE)
    where = "postgresql" if database.database_url.startswith("postgresql") else "sqlite"
    figure = (
        f"{len(wrong(provider))} wrong deliveries; {stages['ready']} delivered, {stages['failed']} refunded, "
        f"{looked_up} looked up"
    )
    row = proved.Row(
        "R23 what is delivered is what was bought",
        f"{count} purchases with {untrue}, on {where}",
        figure,
        f"{SEED} ({where})",
    )
    print(f"{row.promise}: {row.run}: {row.figure}")
    record_property(proved.ROW, list(row))
    assert wrong(provider) == []
    assert stages["ready"] > count / 2, "answers that are untrue at first cost few their eSIM"
    assert stages["ready"] + stages["failed"] == count
    assert min(shop.met[kind] for kind in UNTRUE) > 0
