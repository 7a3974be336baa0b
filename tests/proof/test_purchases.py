"""R4, R2, R12: purchases by the hundred while everything that can go wrong does. Each ends well, in time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases.servers import Engine
from tests.proof import proved
from tests.proof.audit import Audit, told
from tests.proof.shopping import (
    CHAT,
    LOOK,
    PURCHASE,
    READ,
    Dealt,
    Street,
    Weather,
    chat_mix,
    provider_mix,
)
from tests.proof.world import World, client, config_for
from tests.settings import changed
from webapp import catalogue
from webapp.models import OPEN_STAGES, Order, Refund

pytestmark = pytest.mark.long

SEED = 20261125
PURCHASES, FEWER, DEADLINE_S, SKIPPED_S = 75, 3, 420, 12
"""A third of the people are as much too many where orders have less than half the time."""
LATE_S = (35.0, 180.0)
"""On either side of SETTLE_S: some in time to be seen before anything is bought again."""
FULL_RUNS, FULL_PURCHASES = 10, 1_000
REFUND_WITHIN_S = 60
LOOKED_BACK_S = 2_400
HEARD_WITHIN_S = 30
FULL = "Very many people are buying now"
LOST = ("reset_after_commit", "500_after_commit", "broken_json", "commit_late")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ten streets of a thousand purchases each with --prove, else one short one."""
    full = metafunc.config.getoption("--prove")
    runs = [(SEED + number, FULL_PURCHASES) for number in range(FULL_RUNS)] if full else [(SEED, PURCHASES)]
    metafunc.parametrize(("seed", "purchases"), runs)


@pytest.mark.proof
def test_every_purchase_is_delivered_or_refunded_in_time(
    seed: int,
    purchases: int,
    in_full: bool,
    tmp_path: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    config = config_for(engine.migrated(tmp_path))
    brief = changed(config, deadline_s=DEADLINE_S)
    world = World(config if in_full else brief, seed, monkeypatch)
    try:
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        street = Street(world, purchases, 1 if in_full else FEWER)
        dealt = Dealt(provider_mix, PURCHASE, LOOK, READ), Dealt(chat_mix, CHAT)
        if not in_full:
            world.provider.late_s = LATE_S
        world.provider.mix, world.chat.mix = (provider_mix, chat_mix) if in_full else dealt
        play(world, street, 0 if in_full else SKIPPED_S)
        audit = Audit(world)
        figures = measured(street, audit, seed)
        print(f"{figures}; {audit.ledger}")
        check(audit, street)
        assert in_full or [mix.owed for mix in dealt] == [[], []], "every kind of bad luck was met"
        record_property(proved.STREET, list(figures))
    finally:
        world.close()


def play(world: World, street: Street, skipped_s: float) -> None:
    """Until so many have paid, everything has ended, and the provider was looked through again."""
    world.start_jobs()
    Weather(world).begin()
    street.open_doors()
    assert passes(street, lambda: street.is_busy, 30 * street.wanted + 20_000, skipped_s)
    assert passes(street, lambda: is_anything_open(world), 7200, skipped_s)
    assert passes(street, lambda: world.network.late > 0, 1500, skipped_s)
    # It looks back every 10 min, and a look that gets no answer is not repeated sooner.
    passes(street, lambda: Audit(world).unbound() != [], LOOKED_BACK_S, skipped_s)


def passes(street: Street, condition: Callable[[], bool], at_most_s: float, skipped_s: float) -> bool:
    """False when the condition still holds after so long. Once enough have paid, and while the shop owes
    nobody anything, so many seconds are skipped after each that is played: what was due meanwhile is overdue.
    """
    hub = street.hub
    give_up_s = hub.now_s + at_most_s
    while condition():
        if hub.now_s >= give_up_s:
            return False
        if skipped_s and street.paid >= street.wanted and not is_anything_owed():
            hub.run_until(hub.now_s + 1)
            hub.now_s += skipped_s
        else:
            hub.run_until(hub.now_s + 10)
    return True


def is_anything_owed() -> bool:
    orders = Order.select().where(Order.stage.in_(OPEN_STAGES)).exists()
    return orders or Refund.select().where(Refund.state != "done").exists()


def is_anything_open(world: World) -> bool:
    updates = world.telegram.world.data["updates"].values()
    return is_anything_owed() or any(entry["state"] == "pending" for entry in updates)


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


def measured(street: Street, audit: Audit, seed: int) -> proved.Street:
    faults = audit.world.network.told
    paid = [order for order in audit.orders.values() if order.paid_at is not None]
    delivered = [order for order in paid if order.stage == "ready"]
    returned = {payment.order_id for payment in audit.payments if payment.id in audit.refunds}
    refunded = [order for order in paid if order.stage == "failed" and order.id in returned]
    return proved.Street(
        seed=seed,
        charges=len(audit.payments),
        delivered=len(delivered),
        refunded=len(refunded),
        both=sum(not audit.kept[order.id] for order in delivered),
        neither=len(paid) - len(delivered) - len(refunded),
        tightest=round(-max(audit.lateness_s(HEARD_WITHIN_S))),
        refund_wait=round(max(audit.refund_waits_s(), default=0)),
        bought=len(audit.world.bought),
        answers_lost=sum(faults[f"eSIM Go {how}"] for how in LOST),
        duplicates=audit.duplicates().total(),
        made_late=len(audit.late()),
        stock=audit.stock(),
        told_before=street.turned_away(FULL),
        faults=faults.total(),
        crashes=sum(audit.world.power.cuts.values()),
        stars=audit.ledger.paid,
        minutes=round(audit.world.hub.now_s / 60),
    )
