"""R4, R2, R12: purchases by the hundred while everything that can go wrong does. Each ends well, in time."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases.servers import Engine
from tests.proof.audit import Audit, told
from tests.proof.proved import PROPERTY, Row
from tests.proof.shopping import Street, Weather, chat_mix, provider_mix
from tests.proof.world import World, client, config_for
from webapp import catalogue
from webapp.models import OPEN_STAGES, Order, Refund

SEED = 20261125
PURCHASES = 300
FULL_RUNS, FULL_PURCHASES = 10, 1_000
REFUND_WITHIN_S = 60
LOOKED_BACK_S = 700
HEARD_WITHIN_S = 30
FULL = "Very many people are buying now"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ten streets of a thousand purchases each with --prove, else one short one."""
    full = metafunc.config.getoption("--prove")
    runs = [(SEED + number, FULL_PURCHASES) for number in range(FULL_RUNS)] if full else [(SEED, PURCHASES)]
    metafunc.parametrize(("seed", "purchases"), runs)


def test_every_purchase_is_delivered_or_refunded_in_time(
    seed: int,
    purchases: int,
    memory: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    world = World(config_for(engine.migrated(memory)), seed, monkeypatch)
    try:
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        street, weather = Street(world, purchases), Weather(world)
        play(world, street, weather)
        audit = Audit(world)
        for row in figures(street, weather, audit, seed):
            print(f"{row.promise}: {row.figure} (seed {seed})")
            record_property(PROPERTY, row)
        check(audit, street)
    finally:
        world.close()


def play(world: World, street: Street, weather: Weather) -> None:
    """Until so many have paid, everything that was begun has ended, and the provider was looked through again."""
    world.provider.mix, world.chat.mix = provider_mix, chat_mix
    world.start_jobs()
    weather.begin()
    street.open_doors()
    assert world.hub.run_while(lambda: street.is_busy, 30 * street.wanted + 20_000, 10)
    assert world.hub.run_while(lambda: is_anything_open(world), 7200, 10)
    world.hub.run_until(world.hub.now_s + LOOKED_BACK_S)


def is_anything_open(world: World) -> bool:
    orders = Order.select().where(Order.stage.in_(OPEN_STAGES)).exists()
    updates = world.telegram.world.data["updates"].values()
    on_its_way = any(entry["state"] == "pending" for entry in updates)
    return orders or on_its_way or Refund.select().where(Refund.state != "done").exists()


def check(audit: Audit, street: Street) -> None:
    assert audit.problems() == []
    assert audit.unbound() == [], "whatever was bought is known, if only as stock"
    assert audit.unheard_of() == set(), "every charge is known"
    assert audit.ledger.in_flight == 0
    assert max(audit.lateness_s(HEARD_WITHIN_S)) <= 0, "active or refunded by the deadline"
    assert max(audit.refund_waits_s(), default=0) <= REFUND_WITHIN_S
    assert street.turned_away(FULL) > 0, "those who came too late are told before paying"
    ready, failed, refunded = told("ready"), told("failed"), told("refunded")
    for order in audit.orders.values():
        wanted = {"ready": (1, 0, 0), "failed": (0, 1, 1)}.get(order.stage, (0, 0, 0))
        assert (ready[order.id], failed[order.id], refunded[order.id]) == wanted, "each was told once"


def figures(street: Street, weather: Weather, audit: Audit, seed: int) -> list[Row]:
    stages = Counter(order.stage for order in audit.orders.values() if order.paid_at is not None)
    decided = stages["ready"] + stages["failed"]
    waits, lateness = audit.refund_waits_s(), audit.lateness_s(HEARD_WITHIN_S)
    faults = audit.world.network.told
    calls = f"{sum(faults.values())} calls went wrong, {street.crashes} crashes, {street.pauses} pauses"
    run = f"{street.paid} charges in {audit.world.hub.now_s / 3600:.1f} h of the clock, {calls}"
    weathers = ", ".join(f"{count} × {name}" for name, count in weather.seen.items())
    where = f"street {seed}"
    return [
        Row(
            "R4 active or refunded in 15 min",
            f"{where}: {run}; {weathers}",
            f"{decided} of {stages.total()} paid orders: {stages['ready']} delivered, {stages['failed']} refunded, "
            f"0 both, 0 neither; the tightest {-max(lateness):.0f} s before its deadline; "
            f"refunds sent {max(waits, default=0):.0f} s after Telegram answers at most",
            str(seed),
        ),
        Row(
            "R2 a lost answer never buys twice",
            f"{where}: {len(audit.world.bought)} orders at the provider, "
            f"{sum(count for kind, count in faults.items() if kind in LOST)} answers lost",
            f"{audit.duplicates().total()} duplicates; {audit.stock()} came too late and are stock "
            f"({len(audit.late())} of all were made later than SETTLE_S)",
            str(seed),
        ),
        Row("R15 the money adds up", f"{where}: at its end, in Stars", f"{audit.ledger}", str(seed)),
        Row(
            "R12 nobody pays for what cannot come in time",
            f"{where}: one order in 3 s, up to 330 buyers in a wave",
            f"{street.turned_away(FULL)} were told before paying that too many are ahead",
            str(seed),
        ),
    ]


LOST = {f"eSIM Go {kind}" for kind in ("reset_after_commit", "500_after_commit", "broken_json", "commit_late")}
