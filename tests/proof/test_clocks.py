"""R20: a clock that moves or is wrong costs nobody anything.

There is an order in every stage when somebody sets the machine's clock, or when the machine comes back from a
reboot with a wrong one. Then the shop goes on, and everybody who is outside has the right time.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from sandbox.esimgo import life
from tests.databases.servers import Engine
from tests.proof import proved
from tests.proof.audit import Audit
from tests.proof.hub import BEGINNING
from tests.proof.network import Mix
from tests.proof.world import NOT_RUN, World, client, config_for
from tests.settings import changed
from webapp import catalogue, esims, orders
from webapp.customers import identity
from webapp.models import Esim, Incident, Order, Plan, Refund
from webapp.orders import payments
from webapp.state import outages

pytestmark = pytest.mark.long

SEED = 20261130
OWNER = 777
DEADLINE_S = 900
GOES_ON_S, TOLD_S, OPEN_S = 15, 60, 60
WITHOUT = frozenset(NOT_RUN - {"refresh_esims"})
DONE = ("ready", "active")


class Trouble(NamedTuple):
    """By so much the machine's clock is off from now on, after a reboot or in the middle of all."""

    off_s: int
    reboot: bool


STEPS = tuple(Trouble(seconds, reboot=False) for seconds in (-3600, -1200, -90, 3600, 86_400))
BOOTS = tuple(Trouble(seconds, reboot=True) for seconds in (-900, -90, 90, 900, 86_400))
SOME = (STEPS[1], STEPS[4], BOOTS[0], BOOTS[3])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    troubles = STEPS + BOOTS if metafunc.config.getoption("--prove") else SOME
    names = [f"{'boots' if trouble.reboot else 'steps'}_{trouble.off_s}" for trouble in troubles]
    metafunc.parametrize("trouble", troubles, ids=names)


class Clocks:
    """Seven people, each with an order in another stage, and how it went on for them."""

    def __init__(self, world: World) -> None:
        self.world, self.hub = world, world.hub
        self.fates: list[str] = []
        self.orders: dict[str, Order] = {}
        self.paid_s: dict[str, float] = {}
        world.provider.mix = self._fate
        world.meet(OWNER)

    def _fate(self, method: str, path: str, body: bytes) -> Mix:
        is_purchase = (method, path) == ("POST", "/orders") and b'"transaction"' in body
        return {self.fates.pop(): 1.0} if is_purchase and self.fates else {}

    # before

    def prepare(self) -> None:
        """The last ones stay as they are, because nobody outside answers any more."""
        for name in ("active", "ready", "accepted", "failed", "unknown", "paid", "awaiting_payment"):
            self._place(name)
        self.hub.run_until(self.hub.now_s + 3)
        for name in ("active", "ready"):
            self._pay(name)
            self._until(name, "ready")
        esim = Esim.of(self.orders["active"].fresh())
        assert esim is not None
        life.install(self.world.esimgo.world, self.world.esimgo.world.esims[esim.iccid])
        life.use(self.world.esimgo.world, self.world.esimgo.world.esims[esim.iccid], 1_000_000)
        esims.activate(esim)
        self._until("active", "active")
        self._orders_take(30)
        self._pay("accepted")
        self._until("accepted", "accepted")
        self._orders_take(0)
        self.world.close_chat(10_000)
        self.fates.append("reset_after_commit")
        self._pay("unknown")
        self._until("unknown", "unknown")
        self.world.provider.down_until_s = self.hub.now_s + 10_000
        for name in ("failed", "paid"):
            self._pay(name)
            self._until(name, "paid")
        assert orders.fail(self.orders["failed"].fresh(), "refused", actor="provider")
        assert Refund.get().state != "done"
        assert {order.fresh().stage for order in self.orders.values()} == set(self.orders)

    def _place(self, name: str) -> None:
        user_id = 8001 + len(self.orders)
        self.world.meet(user_id)
        plans = list(Plan.select().where(Plan.available).order_by(Plan.id).limit(1))
        plan = catalogue.plan(plans[0].plan_id)
        assert plan is not None
        order = orders.place(identity.recognise(user_id, "Ann", "en", "en"), plan)
        assert payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)
        self.orders[name] = order

    def _orders_take(self, seconds: float) -> None:
        purse = self.world.esimgo.world
        purse.adopt(purse.habits.changed({"order_s": seconds}))

    def _pay(self, name: str) -> None:
        told = self._pays(name)
        assert told == "paid", (name, told)

    def _pays(self, name: str) -> str:
        told: list[str] = []

        def pay() -> None:
            order = self.orders[name].fresh()
            answer = self.world.pay(str(order.invoice_url), order.telegram_user_id)
            told.append(answer.get("error_message", "paid"))

        self.hub.spawn(self.hub.outside, pay)
        assert self.hub.run_while(lambda: not told, 30, 0.1)
        if told == ["paid"]:
            self.paid_s[name] = self.hub.now_s
        return told[0]

    def _until(self, name: str, stage: str) -> None:
        assert self.hub.run_while(lambda: self.orders[name].fresh().stage != stage, 120, 0.1), (name, stage)

    # after

    def meet(self, trouble: Trouble) -> None:
        if trouble.reboot:
            self.world.reboot(trouble.off_s)
        else:
            self.hub.machine.off_s = trouble.off_s
        self.world.provider.down_until_s = self.world.chat.down_until_s = 0.0
        if trouble.reboot:
            self.world.start_jobs(WITHOUT)

    def figures(self) -> "Figures":
        """Second by second until all have ended."""
        began_s, seen = self.hub.now_s, Figures()
        told = (Incident.kind == "clock_wrong") & Incident.told_at.is_null(False)
        while self.hub.now_s < began_s + 180:
            self.hub.run_until(self.hub.now_s + 1)
            after_s = round(self.hub.now_s - began_s)
            if seen.goes_on_s is None and self.orders["paid"].fresh().stage != "paid":
                seen.goes_on_s = after_s
            if seen.told_s is None and Incident.select().where(told).exists():
                seen.told_s = after_s
            is_closed = outages.now().sales_paused
            seen.closed_s += is_closed
            if "awaiting_payment" not in self.paid_s and after_s > 5:
                self._pays("awaiting_payment")
        seen.refunded = [name for name, order in self.orders.items() if order.fresh().stage == "failed"]
        seen.delivered = [name for name, order in self.orders.items() if order.fresh().stage in DONE]
        return seen

    def deadlines_off_s(self) -> float:
        """By how much a deadline is another than was promised when it was paid."""
        promised = {name: at_s + DEADLINE_S for name, at_s in self.paid_s.items()}
        stands: dict[str, timedelta] = {
            name: order.fresh().deadline_at - BEGINNING for name, order in self.orders.items()
        }
        return max(abs(stands[name].total_seconds() - at_s) for name, at_s in promised.items())


class Figures:
    def __init__(self) -> None:
        self.goes_on_s: int | None = None
        self.told_s: int | None = None
        self.closed_s = 0
        self.refunded: list[str] = []
        self.delivered: list[str] = []


@pytest.mark.proof
def test_a_clock_that_moves_or_is_wrong_costs_nobody_anything(
    tmp_path: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Trouble,
    record_property: Callable[[str, object], None],
) -> None:
    url = engine.migrated(tmp_path)
    world = World(changed(config_for(url), alert_chat_id=OWNER), SEED, monkeypatch)
    try:
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        clocks = Clocks(world)
        world.start_jobs(WITHOUT)
        world.hub.run_until(world.hub.now_s + 10)
        clocks.prepare()
        clocks.meet(trouble)
        seen = clocks.figures()
        problems, off_s = Audit(world).problems(), clocks.deadlines_off_s()
        incidents = {row.kind for row in Incident.select()}
    finally:
        world.close()
        engine.release(url)
    where = "postgresql" if url.startswith("postgresql") else "sqlite"
    what = f"boots with a clock {trouble.off_s} s off" if trouble.reboot else f"step of {trouble.off_s} s"
    row = proved.Row(
        f"R20 a wrong clock costs nobody anything: {what}",
        f"an order in each of {len(clocks.orders)} stages, on {where}",
        f"{len(seen.refunded) - 1} refunds because of it; what is paid goes on after {seen.goes_on_s} s; the "
        f"owner knows after {seen.told_s} s; sales closed for {seen.closed_s} s; deadlines {off_s:.0f} s off",
        f"{SEED} ({where})",
    )
    print(f"{row.promise}: {row.run}: {row.figure}")
    record_property(proved.ROW, list(row))
    assert seen.refunded == ["failed"], "the one whose refund was under way"
    assert set(seen.delivered) == set(clocks.orders) - {"failed"}
    assert problems == []
    assert seen.goes_on_s is not None
    assert seen.goes_on_s <= GOES_ON_S
    assert "clock_wrong" in incidents
    assert seen.told_s is not None
    assert seen.told_s <= TOLD_S
    assert 0 < seen.closed_s <= OPEN_S if trouble.reboot and trouble.off_s > 0 else seen.closed_s <= OPEN_S
    assert off_s <= GOES_ON_S
