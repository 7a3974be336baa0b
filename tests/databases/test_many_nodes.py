"""Two web processes and two jobs processes on one PostgreSQL, and what happens to them in a bad hour."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from sandbox import clock
from tests.databases.servers import own
from tests.stack import Stack, Traveller, running, until

pytestmark = pytest.mark.flow

LEASE_S = 3
LEASE = "SELECT epoch, expires_at FROM lease"


def test_a_bad_hour_of_many_nodes(tmp_path: Path) -> None:
    """Leader killed, next leader paused, a web process paused, database restarted, with orders on the way
    each time: every order is bought once and delivered, whichever node took it.
    """
    with (
        own() as server,
        server.running(),
        running(tmp_path, DATABASE_URL=server.url, LEASE_S=str(LEASE_S)) as first,
    ):
        second = first.second_node()
        first.start_jobs(name="standby")
        orders = sold_by(first, second, 7000)
        first.kill("jobs")
        orders += sold_by(first, second, 7100)
        takes_over(first, "standby")

        first.start_jobs(name="jobs")
        led = epochs(first, "jobs")
        first.processes["standby"].send_signal(signal.SIGSTOP)
        began = clock.monotonic()
        orders += [(second, person, person.buy()) for person in people(second, 7200)]
        until(lambda: epochs(first, "jobs") > led, 20, "the take-over from a paused leader")
        print(
            f"\nleader paused, lease of {LEASE_S} s: the next one leads, with a sale meanwhile, after "
            f"{clock.monotonic() - began:.1f} s"
        )
        first.processes["standby"].send_signal(signal.SIGCONT)
        assert first.wait_for_death("standby") == 1, "who wakes up without the lease ends"

        second.flask("setup-bot")  # what a load balancer does when a node does not answer
        tell_all(first, "web", signal.SIGSTOP)
        assert not first.answers(f"{first.web}/healthz"), "it is paused"
        orders += [(second, person, person.buy()) for person in people(second, 7300)]
        server.stop()
        until(lambda: second.get("/readyz").status_code == 503, 15, "not ready")
        server.start()
        lease = first.sql(LEASE)
        until(lambda: is_led_again(first, lease), 20, "the leader, or the next one")
        tell_all(first, "web", signal.SIGCONT)
        for node in (first, second):
            until(lambda node=node: node.get("/readyz").status_code == 200, 30, "ready again")  # type: ignore[misc]
        orders += sold_by(first, second, 7400)

        for node, person, reference in orders:
            person.stack = second if node is first else first
            person.reaches(reference, "ready", "active", seconds=60)
        assert len(first.provider_orders()) == len(orders)
        assert first.refunds() == []
        print(f"{len(orders)} orders over two nodes: each bought once, delivered, and seen on the other node")


Sale = tuple[Stack, Traveller, str]


def people(node: Stack, number: int) -> list[Traveller]:
    return [node.customer(number + place) for place in range(1)]


def sold_by(first: Stack, second: Stack, number: int) -> list[Sale]:
    buyers = [(first, person) for person in people(first, number)]
    buyers += [(second, person) for person in people(second, number + 50)]
    return [(node, person, person.buy()) for node, person in buyers]


def tell_all(shop: Stack, name: str, word: signal.Signals) -> None:
    """A process and its children: granian's parent alone serves nobody."""
    pid = shop.processes[name].pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        os.kill(one, word)


def epochs(shop: Stack, name: str) -> int:
    log = shop.folder / f"{name}.log"
    return log.read_text().count("leading, epoch") if log.exists() else 0


def is_led_again(shop: Stack, before: list[tuple[Any, ...]]) -> bool:
    """A leader that could not renew its lease in time ends, as it should; a supervisor starts it again."""
    if shop.processes["jobs"].poll() is not None:
        shop.start_jobs()
    return shop.sql(LEASE) != before


def takes_over(shop: Stack, name: str) -> None:
    until(lambda: epochs(shop, name) > 0, 20, "the take-over")
