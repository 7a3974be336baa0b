"""The catalogue over real HTTP: renamed bundles, a process that dies while it reads, and the size of life."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import requests

from tests.databases.servers import migrate
from tests.flows import beside
from tests.forking import FORKS, Forked, forked
from tests.sandbox.esimgo import free_port
from tests.stack import KEY, PLAN, Stack, Traveller, until

pytestmark = pytest.mark.flow

V2, V3 = "esim_3GB_30D_TR_V2", "esim_3GB_30D_TR_V3"


@pytest.fixture
def provider(shop: Stack) -> Iterator[Stack]:
    """What a test changes in the provider's catalogue is as before after it, in the shop too."""
    yield shop
    shop.esimgo("POST", "catalogue", {"restore": True})
    shop.flask("catalogue", "sync")


def served(shop: Stack) -> str:
    """The bundle that serves the plan now."""
    return next(str(plan["esimgo_product_id"]) for plan in shop.catalogue() if plan["plan_id"] == PLAN)


def test_a_renamed_bundle_is_bought_under_its_new_name(provider: Stack, john: Traveller) -> None:
    kept = john.order()
    provider.esimgo("POST", "catalogue", {"rename": {"from": V2, "to": V3}})
    provider.flask("catalogue", "sync")
    assert served(provider) == V3
    reference = john.buy()
    assert reference != kept["id"], "what was promised for the old one ends with it"
    john.reaches(reference, "ready")
    assert [order["item"] for order in provider.provider_orders()] == [V3]


def paid_while_it_is_away(shop: Stack, person: Traveller) -> str:
    """An order that waits, because eSIM Go went away just when it was paid, and whose quote is old by now."""
    reference = person.buy_into("down", match="")
    shop.advance(130)
    return reference


def test_an_order_is_delivered_although_its_bundle_was_renamed_while_it_waited(
    provider: Stack, john: Traveller
) -> None:
    reference = paid_while_it_is_away(provider, john)
    provider.esimgo("POST", "renamed_bundle", {"from": V2, "to": V3})
    provider.esimgo("DELETE", "faults")
    john.reaches(reference, "ready", seconds=60, faster=True)
    assert [order["item"] for order in provider.provider_orders()] == [V3]
    assert provider.refunds() == []
    assert served(provider) == V3
    assert any("3 GB" in text for text in john.texts()), "what was paid for"


def test_an_order_is_refunded_when_nothing_equal_is_sold_any_more(provider: Stack, john: Traveller) -> None:
    """What is as large and costs no more is gone everywhere: some regions would do."""
    reference = paid_while_it_is_away(provider, john)
    price = provider.sql(f"SELECT wholesale FROM esimgo_products WHERE name = '{V2}'")[0][0]
    as_large = f"data_mb >= 3000 AND duration_days >= 30 AND wholesale <= {price} * 1.05 AND name <> '{V2}'"
    others = [name for (name,) in provider.sql(f"SELECT name FROM esimgo_products WHERE {as_large}")]
    less = {"from": V2, "to": V3, "dataAmount": 2000}
    provider.esimgo("POST", "catalogue", {"renamed_bundle": less, "remove": others})
    provider.esimgo("DELETE", "faults")
    john.reaches(reference, "failed", seconds=60, faster=True)
    until(provider.refunds, what="the refund")
    assert (provider.provider_orders(), len(provider.refunds())) == ([], 1)
    assert "has refused this plan" in john.fragment(f"/orders/{reference}").text


def test_a_jobs_process_killed_in_the_switch_leaves_the_shop_whole(provider: Stack) -> None:
    provider.kill()
    provider.esimgo("POST", "catalogue", {"rename": {"from": V2, "to": V3}})
    provider.start_jobs(kill_at="catalogue.switching.plans")
    provider.advance(3601)
    assert provider.wait_for_death() == -9
    assert served(provider) == V2
    provider.start_jobs()
    provider.advance(61)
    until(lambda: served(provider) == V3, 30, "the new catalogue")


def test_a_catalogue_that_shrinks_waits_for_the_owner(provider: Stack) -> None:
    before = len(provider.get("/api/esimgo/catalogue").json()["plans"])
    provider.esimgo("POST", "catalogue", {"keep_only": 50})
    provider.flask("catalogue", "sync")
    assert len(provider.get("/api/esimgo/catalogue").json()["plans"]) == before
    assert "Held since" in provider.flask("catalogue", "status")
    provider.flask("catalogue", "accept")
    provider.flask("catalogue", "sync")
    assert len(provider.get("/api/esimgo/catalogue").json()["plans"]) < 60


# --- the size of life

SOME, ALL = 1500, 6000
"""Bundles; there are about 6,000 in life."""


@pytest.mark.proof
def test_a_catalogue_of_190_countries_is_read_while_others_write_and_search(
    tmp_path: Path, in_full: bool
) -> None:
    """Over HTTP into SQLite: nobody is refused, or sees half of it."""
    bundles = ALL if in_full else SOME
    url = f"sqlite:///{tmp_path}/shop.db"
    migrate(url)
    seen: set[tuple[int, int]] = set()
    with provider_of(bundles, 190, tmp_path / "provider.log") as address:
        for which in ("first", "again"):
            with process(beside.write, url) as writer, process(beside.look, url) as reader:
                assert (writer.recv(), reader.recv()) == ("ready", "ready")
                with process(beside.sync, url, address) as reading:
                    peak_mb, read, places = reading.recv()
                for pipe in (writer, reader):
                    pipe.send("enough")
                written = writer.recv()
                seen |= reader.recv()
            print(f"\n{which} sync: {peak_mb} MB at most, {read} bundles, {written} writes meanwhile")
            assert (read, places >= 190) == (bundles, True)
            assert peak_mb < 300
            assert written > 0
    assert len(seen - {(0, 0)}) == 1, "Germany is not there, or it is there with all of its plans"


@contextmanager
def provider_of(bundles: int, countries: int, log: Path) -> Iterator[str]:
    port = free_port()
    size = f"--bundles {bundles} --countries {countries}"
    command = f"sandbox.esimgo --port {port} --api-key {KEY} {size}".split()
    provider = Forked(command, os.environ, log)
    try:
        until(lambda: answers(port), 30, "the provider")
        yield f"http://127.0.0.1:{port}/v2.5"
    finally:
        provider.terminate()
        provider.wait(60)


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/_sandbox/faults", timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def process(does: Callable[..., None], *given: str) -> Iterator[Connection]:
    """One of `beside`, and our end of its pipe. It ends before this does, and nothing was refused to it."""
    ours, theirs = FORKS.Pipe()
    beside_us = forked(does, theirs, *given)
    theirs.close()  # who ends without a word is noticed
    try:
        yield ours
        beside_us.join(60)
        assert beside_us.exitcode == 0, "it was refused"
    finally:
        beside_us.kill()
