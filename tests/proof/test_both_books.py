"""R22: both books are audited. An order that was made elsewhere, twice, or is lost is an incident within one
look, with what it has cost; what the balance has lost without an order is known to the unit.

Purchases one after the other over real sockets, strange things among them, and a look after each, at a list
that is sorted one way or the other or not at all, and that refuses its filter or ignores it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from jobs import audit_provider, schedule
from jobs.context import Context
from sandbox import clock as sandbox_clock
from tests.proof import proved
from tests.sandbox.esimgo import KEY, TURKEY, TURKEY_SMALL, Provider, running
from tests.shop.conftest import Advance, advance
from tests.shop.factories import OWNER, after, lead, make_bundle, make_customer, make_order
from tests.shop.standins import Bot
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import provider_audit, provider_balance
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.models import AuditedOrder, Bundle, Order, Submission
from webapp.operations import conditions
from webapp.orders import reconciling
from webapp.state import incidents

pytestmark = pytest.mark.long

__all__ = ["advance"]

SEED = 20261130
SHORT, FULL = 30, 400
STRANGE = ("elsewhere", "twice", "lost")
EVENTS = (*STRANGE, "ours", "late", "unclear", "money in", "money gone")
LISTS = ("oldest", "newest", "shuffled")
FILTERS = ("", "filter_refused", "filter_ignored")


class Shop:
    """What the jobs do, and what happens beside them. `expected`: by kind, the orders that have to be
    incidents; `gone`: thousandths that went without an order.
    """

    def __init__(self, provider: Provider, config: Config, advance: Advance) -> None:
        self.provider, self.advance = provider, advance
        client = ESIMGoClient(KEY, f"http://127.0.0.1:{provider.port}/v2.5", budget=Budget(10_000))
        self.jobs = Context(config, client, Bot(), lead(10**9), schedule.NAMES)
        self.chance = Random(SEED)
        self.happened: Counter[str] = Counter()
        self.gone = self.looks = self.cost = 0
        for name in (TURKEY, TURKEY_SMALL):
            wholesale = round(provider.get(f"/catalogue/bundle/{name}")["price"] * 1000)
            make_bundle(name, wholesale=wholesale, check_total=wholesale)

    def happen(self, event: str) -> set[tuple[str, str]]:
        """Returns the incidents that it has to make: kind and order."""
        self.happened[event] += 1
        self.advance(self.chance.choice((5, 60, 600)))
        if event == "elsewhere":
            wish = {"item": self.chance.choice((TURKEY, TURKEY_SMALL)), "quantity": self.chance.randint(1, 3)}
            return {("order_elsewhere", self.provider.control("POST", "orders", wish)["orderReference"])}
        if event == "money in":
            self.provider.control("POST", "balance", {"add": self.chance.randint(50, 100)})
        if event == "money gone":
            lost = self.chance.randint(1, 9999)
            self.gone += lost
            self.provider.control("POST", "balance", {"take": lost / 1000})
        if event in {"twice", "late", "unclear", "ours", "lost"}:
            return self._buy(event)
        return set()

    def _buy(self, event: str) -> set[tuple[str, str]]:
        before = set(self._references())
        if event == "unclear":
            self.provider.fault("reset_after_commit", match="POST /orders", times=1)
        if event == "twice":
            self.provider.fault("duplicate_order", match="POST /orders", times=1)
        if event == "late":
            self.provider.fault("late_visible", match="POST /orders", times=1, after_s=300)
        order = self._order()
        orders.submit_next(self.jobs.esimgo, self.jobs.leadership, self.jobs.config)
        if event == "lost":
            self.advance(provider_audit.LISTED_WITHIN.total_seconds() + 1)
            reference = str(order.fresh().esimgo_order_id)
            self.provider.control("DELETE", f"orders/{reference}")
            return {("order_lost", reference)}
        if event == "twice":
            (double,) = set(self._references()) - before - {str(order.fresh().esimgo_order_id)}
            return {("order_twice", double)}
        return set()

    def _references(self) -> list[str]:
        return [order["orderReference"] for order in self.provider.state()["orders"]]

    def _order(self) -> Order:
        Bundle.update(check_verdict="ok", checked_at=clock.now()).execute()
        bundle = Bundle.get(Bundle.name == self.chance.choice((TURKEY, TURKEY_SMALL)))
        number = self.happened.total()
        wanted = {
            "esimgo_product_id": bundle.name,
            "wholesale": bundle.wholesale,
            "plan_id": f"plan-{number}",
        }
        placed = make_order("awaiting_payment", make_customer(OWNER + number), **wanted)
        placed.move("paid", actor="test", paid_at=clock.now(), deadline_at=after(7200))
        return placed

    def look(self) -> set[tuple[str, str]]:
        """One look; returns what the owner has been told of since the look before, and settles it."""
        self.looks += 1
        self.provider.control("POST", "habits", {"order_list": self.chance.choice(LISTS)})
        if kind := self.chance.choice(FILTERS):
            self.provider.fault(kind, match="GET /orders")
        audit_provider.look(self.jobs, "asked")
        self.provider.control("DELETE", "faults")
        conditions.evaluate(self.jobs.config, self.jobs.bot)
        kinds = {f"order_{verdict}" for verdict in STRANGE}
        told = {(one.kind, one.subject) for one in incidents.open_ones() if one.kind in kinds}
        self.cost += sum(row.total or 0 for row in provider_audit.unexplained())
        AuditedOrder.update(settled="spent").where(AuditedOrder.verdict.in_(STRANGE)).execute()
        return told

    def settle(self) -> None:
        """Lost answers are looked up, and what was late shows."""
        reconciling.reconcile(self.jobs.esimgo, self.jobs.config)
        self.advance(301)


@pytest.fixture
def provider(database: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """On the shop's clock; nobody waits between two pages."""
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    with running(balance="1000000.00") as provider:
        sandbox_clock.use_offset_file(database.clock_file)
        yield provider


@pytest.mark.proof
def test_every_strange_order_is_an_incident_within_one_look_and_the_difference_is_known_to_the_unit(
    provider: Provider,
    database: Config,
    advance: Advance,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    shop, count = Shop(provider, database, advance), FULL if in_full else SHORT
    shop.look()
    wrong: list[str] = []
    spent = 0
    for number in range(count):
        event = EVENTS[number % len(EVENTS)] if number < len(EVENTS) else shop.chance.choice(EVENTS)
        expected = shop.happen(event)
        before = shop.cost
        told = shop.look()
        if told != expected:
            wrong.append(f"{number} {event}: {told} instead of {expected}")
        spent += shop.cost - before
        if (missing := provider_balance.difference()) != shop.gone:
            wrong.append(f"{number} {event}: {missing} missing instead of {shop.gone}")
        shop.settle()
    shop.look()
    strange = sum(shop.happened[event] for event in STRANGE)
    where = "postgresql" if database.database_url.startswith("postgresql") else "sqlite"
    what = ", ".join(f"{shop.happened[event]} {event}" for event in EVENTS)
    listed = AuditedOrder.select().where(AuditedOrder.verdict == "bound").count()
    row = proved.Row(
        "R22 both books are audited",
        f"{count} events ({what}) and a look after each, on {where}",
        f"{strange - len(wrong)} of {strange} strange orders told within one look, worth {spent / 1000:.2f}; "
        f"{listed} bound; {provider_balance.difference()} of {shop.gone} thousandths missed that went "
        "without an order",
        f"{SEED} ({where})",
    )
    print(f"{row.promise}: {row.run}: {row.figure}")
    record_property(proved.ROW, list(row))
    assert wrong == []
    assert provider_balance.difference() == shop.gone > 0
    bought = Submission.select().where(Submission.outcome == "bought").count()
    assert listed == bought - shop.happened["lost"], "every order of ours is known as ours"
    assert min(shop.happened[event] for event in EVENTS) > 0


def test_of_a_list_that_tells_next_to_nothing_ours_are_known_and_counted(
    provider: Provider, database: Config, advance: Advance
) -> None:
    shop = Shop(provider, database, advance)
    shop.look()
    provider.control("POST", "habits", {"bare_orders": True})
    assert [shop.happen("ours") for _ in range(3)] == [set(), set(), set()]
    assert shop.look() == set()
    costs = {intent.esimgo_order_id: intent.cost for intent in Submission.select()}
    rows = [(row.reference, row.verdict, row.type, row.total) for row in AuditedOrder.select()]
    assert sorted(rows) == sorted((name, "bound", "", cost) for name, cost in costs.items())
    assert provider_balance.difference() == 0
