"""R15: whatever happens, after each step paid = delivered + returned + refunded + in flight."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.databases.servers import Engine
from tests.proof.machine import Shop
from tests.proof.proved import ROW, Row
from tests.proof.world import World, client, config_for
from webapp import catalogue

pytestmark = pytest.mark.long

SEED = 20261130
SHORT, FULL = (200, 50), (10_000, 80)
"""Steps in all, and steps in one run."""
MOST_ROUNDS = 5
"""It goes on, by other dice, until everything that it is there for has happened."""
ENDS = ("ready", "active", "failed", "returned", "expired")
HAPPENED = ("charges", "refunds", "crashes", "forgotten", "orders ready", "orders active", "orders failed")


@pytest.fixture
def stocked(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database file with the catalogue in it: to read it anew would take longer than a run."""
    url = engine.migrated(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        world = World(config_for(url), 0, patch)
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        world.close()
    return Path(url.removeprefix("sqlite:///"))


@pytest.mark.proof
def test_the_money_adds_up_after_every_step(
    stocked: Path,
    in_full: bool,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    def fresh(folder: Path) -> str:
        return f"sqlite:///{shutil.copy(stocked, folder / 'simka.db')}"

    steps, steps_a_run = FULL if in_full else SHORT
    runs = -(-steps * 115 // (steps_a_run * 100))  # some runs end before their last step
    monkeypatch.setattr(Shop, "fresh", staticmethod(fresh), raising=False)
    monkeypatch.setattr(Shop, "seen", Counter())
    for number in range(MOST_ROUNDS):
        dealt = seed(SEED + number)(Shop)
        run_state_machine_as_test(dealt, settings=machine_settings(runs, steps_a_run))
        if all(Shop.seen[name] for name in HAPPENED):
            break
    row = figure(runs * (number + 1))
    print(f"{row.promise}: {row.run}: {row.figure}")
    record_property(ROW, list(row))
    assert Shop.seen["steps"] >= steps
    assert min(Shop.seen[name] for name in HAPPENED) > 0, "a proof in which nothing happens proves nothing"


def machine_settings(runs: int, steps_a_run: int) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=steps_a_run,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


def figure(runs: int) -> Row:
    seen = Shop.seen
    run = f"{seen['steps']} steps in {runs} runs of a Hypothesis state machine over all actions and faults"
    came = ", ".join(f"{seen[name]} {name}" for name in ("charges", "provider orders", "refunds"))
    ends = ", ".join(f"{seen[f'orders {stage}']} {stage}" for stage in ENDS)
    trouble = f"{seen['crashes']} crashes, {seen['calls that went wrong']} calls that went wrong"
    none = f"0 violations after any step; {came}; {ends}; {trouble}"
    return Row("R15 the money adds up after every step", run, none, str(SEED))
