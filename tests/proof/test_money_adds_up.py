"""R15: whatever happens in whatever order, paid = delivered + returned + refunded + in flight after each step."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.databases.servers import Engine
from tests.proof.machine import Shop
from tests.proof.world import World, client, config_for
from webapp import catalogue

STEPS, STEPS_A_RUN = 1_000, 60
RUNS = STEPS // (STEPS_A_RUN - 10)


@pytest.fixture
def stocked(memory: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database file with the catalogue in it; reading it anew for each run would take longer than the run."""
    url = engine.migrated(memory)
    with pytest.MonkeyPatch.context() as patch:
        world = World(config_for(url), 0, patch)
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        world.close()
    return Path(url.removeprefix("sqlite:///"))


def test_the_money_adds_up_after_every_step(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh(folder: Path) -> str:
        return f"sqlite:///{shutil.copy(stocked, folder / 'simka.db')}"

    monkeypatch.setattr(Shop, "fresh", staticmethod(fresh), raising=False)
    monkeypatch.setattr(Shop, "seen", Counter())
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    print(f"the money added up after every step: {dict(sorted(Shop.seen.items()))}")
    assert Shop.seen["steps"] >= STEPS
