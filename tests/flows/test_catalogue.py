"""The catalogue over real HTTP: renamed bundles, a process that dies while it reads, and the size of life."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.databases.servers import migrate
from tests.sandbox.esimgo import free_port
from tests.stack import KEY, PLAN, ROOT, Stack, Traveller, until

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
    assert "Held since" in provider.python("-m", "flask", "--app", "wsgi", "catalogue", "status").stdout
    provider.flask("catalogue", "accept")
    provider.flask("catalogue", "sync")
    assert len(provider.get("/api/esimgo/catalogue").json()["plans"]) < 60


# --- the size of life

SYNC = """
import pathlib, re, sys
from webapp import catalogue
from webapp.models import db
from webapp.base.config import Config
from webapp.clients.esimgo.client import ESIMGoClient

url, address = sys.argv[1:]
config = Config(
    esimgo_api_key="sandbox-key", esimgo_api_url=address, telegram_bot_token="123456:SANDBOX",
    telegram_api_url="http://127.0.0.1:9", telegram_webhook_secret="hook", database_url=url,
)
db.bind(url)
client = ESIMGoClient(config.esimgo_api_key, config.esimgo_api_url)
catalogue.sync(client.catalogue_pages(500), config)
# Of this process alone: ru_maxrss would count what the tests' process had taken before it started us.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024
state = catalogue.state()
print(f"{peak} MB at most", state.bundles, state.places)
"""

WRITE = """
import select, sys
from webapp.base import clock
from webapp.models import db
from webapp.models import Setting

db.bind(sys.argv[1])
print("ready", flush=True)
written = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    with db.transaction():
        Setting.write("another.writer", 1)
    written += 1
    clock.sleep(0.01)
print(written)
"""


READ = """
import select, sys
from webapp import catalogue
from webapp.base import clock
from webapp.models import db
from webapp.base.i18n import speaking

db.bind(sys.argv[1])
search, seen = catalogue.Search(), set()
print("ready", flush=True)
with speaking("en"):
    while not select.select([sys.stdin], [], [], 0)[0]:
        with db.database.atomic():  # one state of the catalogue for both
            found = len(search.look(catalogue.areas(), "germany").cards), len(catalogue.plans_in("DE"))
        seen.add(found)
        clock.sleep(0.01)
print(*(f"{areas}/{plans}" for areas, plans in sorted(seen)))
"""


@pytest.mark.proof
def test_a_catalogue_of_190_countries_is_read_while_others_write_and_search(
    tmp_path: Path, in_full: bool
) -> None:
    """Over HTTP into SQLite: nobody is refused, or sees half of it. There are about 6,000 bundles in life."""
    bundles = 6000 if in_full else 1500
    url = f"sqlite:///{tmp_path}/shop.db"
    migrate(url)
    seen: set[str] = set()
    with provider_of(bundles, 190) as address:
        for which in ("first", "again"):
            with meanwhile(WRITE, url) as written, meanwhile(READ, url) as looked:
                told = python("-c", SYNC, url, address).split()
            print(
                f"\n{which} sync of {bundles} bundles: {' '.join(told[:-2])}, {written[0]} writes meanwhile"
            )
            assert (told[-2], int(told[-1]) >= 190) == (str(bundles), True)
            assert int(told[0]) < 300
            assert int(written[0]) > 0
            seen |= set(looked)
    assert len(seen - {"0/0"}) == 1, "Germany is not there, or it is there with all of its plans"


@contextmanager
def provider_of(bundles: int, countries: int) -> Iterator[str]:
    port = free_port()
    size = f"--bundles {bundles} --countries {countries}"
    command = f"-m sandbox.esimgo --port {port} --api-key {KEY} {size}".split()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), 30, "the provider")
        yield f"http://127.0.0.1:{port}/v2.5"
    finally:
        process.terminate()
        process.wait(60)


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/_sandbox/state", timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def meanwhile(script: str, url: str) -> Iterator[list[str]]:
    """A process that runs all the time and is never refused; at the end the list holds the words that it
    leaves.
    """
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    left: list[str] = []
    try:
        yield left
    finally:
        left += process.communicate("\n", timeout=60)[0].split()
    assert process.returncode == 0, "it was refused"


def python(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
