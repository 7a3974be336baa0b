"""R4, R2, R12: purchases by the thousand while everything that can go wrong does. Each ends well, in time."""

from collections.abc import Iterator
from datetime import timedelta
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
    world.hub.run_until(world.hub.now_s + 1500)
    audit = Audit(world)
    print(figures(world, street, weather, audit))
    assert audit.problems() == []


def is_anything_open(world: World) -> bool:
    orders = Order.select().where(Order.stage.in_(OPEN_STAGES)).exists()
    updates = world.telegram.world.data["updates"].values()
    on_its_way = any(entry["state"] == "pending" for entry in updates)
    return orders or on_its_way or Refund.select().where(Refund.state != "done").exists()


def figures(world: World, street: Street, weather: Weather, audit: Audit) -> str:
    stages = {}
    for order in audit.orders.values():
        stages[order.stage] = stages.get(order.stage, 0) + 1
    return f"""{street.paid} paid, {world.hub.now_s:.0f} s; {stages}; {audit.ledger}
{dict(world.network.told)}
{dict(world.power.cuts)} pauses {street.pauses} {dict(weather.seen)}
{dict(street.told)}
dup {len(audit.duplicates())} hidden {len(audit.hidden_duplicates())} stock {audit.stock()} unbound {len(audit.unbound())}"""
