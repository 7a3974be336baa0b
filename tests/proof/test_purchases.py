"""R4, R2, R12: purchases by the thousand while everything that can go wrong does. Each ends well, in time."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases.servers import Engine
from tests.proof.audit import Audit, told
from tests.proof.shopping import Street, Weather, chat_mix, provider_mix
from tests.proof.world import World, client, config_for
from webapp import catalogue
from webapp.models import OPEN_STAGES, Order, Refund

SEED = 20261125
PURCHASES = 300
REFUND_WITHIN_S = 60
LOOKED_BACK_S = 700
FULL = "Very many people are buying now. You have not been charged; please try again in a minute."


@pytest.fixture
def world(memory: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(config_for(engine.migrated(memory)), SEED, monkeypatch)
    catalogue.sync(client(world.config).catalogue_pages(500), world.config)
    yield world
    world.close()


def test_every_purchase_is_delivered_or_refunded_in_time(world: World) -> None:
    street, weather = Street(world, PURCHASES), Weather(world)
    world.provider.mix, world.chat.mix = provider_mix, chat_mix
    world.start_jobs()
    weather.begin()
    street.open_doors()
    assert world.hub.run_while(lambda: street.is_busy, 30 * PURCHASES + 20_000, 10)
    assert world.hub.run_while(lambda: is_anything_open(world), 7200, 10)
    world.hub.run_until(world.hub.now_s + LOOKED_BACK_S)
    audit = Audit(world)
    print(figures(world, street, weather, audit))
    assert audit.problems() == []
    assert audit.unbound() == [], "whatever was bought is known, if only as stock"
    assert audit.unheard_of() == set(), "every charge is known"
    assert audit.ledger.in_flight == 0
    assert max(audit.lateness_s()) <= 0, "active or refunded by the deadline"
    assert max(audit.refund_waits_s()) <= REFUND_WITHIN_S
    assert street.told[FULL] > 0, "those who came too late are told before paying"


def is_anything_open(world: World) -> bool:
    orders = Order.select().where(Order.stage.in_(OPEN_STAGES)).exists()
    updates = world.telegram.world.data["updates"].values()
    on_its_way = any(entry["state"] == "pending" for entry in updates)
    return orders or on_its_way or Refund.select().where(Refund.state != "done").exists()


def figures(world: World, street: Street, weather: Weather, audit: Audit) -> str:
    stages = Counter(order.stage for order in audit.orders.values())
    waits, lateness = audit.refund_waits_s(), audit.lateness_s()
    return f"""{street.paid} paid, {world.hub.now_s:.0f} s; {stages}; {audit.ledger}
{dict(world.network.told)}
{dict(world.power.cuts)} pauses {street.pauses} {dict(weather.seen)}
{dict(street.told)}
spare {len(audit.spare())} late {len(audit.late())} stock {audit.stock()} unbound {len(audit.unbound())}
late {sorted(lateness)[-5:]} refund waits {sorted(waits)[-9:]}"""
