"""A PostgreSQL that goes away and comes back, under the whole shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases.servers import Own, own
from tests.stack import Stack, running, until

pytestmark = pytest.mark.flow


@pytest.fixture
def mortal() -> Iterator[Own]:
    with own() as mortal, mortal.running():
        yield mortal


@pytest.fixture
def alone(mortal: Own, tmp_path: Path) -> Iterator[Stack]:
    """A shop whose PostgreSQL the test may stop: nobody else uses it."""
    with running(tmp_path, DATABASE_URL=mortal.url) as stack:
        yield stack


def test_the_shop_lives_through_a_restart_of_its_database(alone: Stack, mortal: Own) -> None:
    john = alone.customer(5001)
    order = john.order_to_pay()
    mortal.stop()
    assert alone.get("/healthz").status_code == 200, "the process lives: nobody is to restart it"
    until(lambda: alone.get("/readyz").status_code == 503, 15, "not ready")
    mortal.start()
    until(lambda: alone.get("/readyz").status_code == 200, 20, "ready")
    # Until jobs has asked eSIM Go again whether the plan can be had, Pay says to try again.
    until(lambda: john.pay(order["invoice_url"])["status"] == "paid", 30, "the payment")
    john.reaches(order["id"], "ready", seconds=30)
    assert alone.processes["jobs"].poll() is None, "the same jobs process went on"
    assert len(alone.provider_orders()) == 1
