"""R21: however the shop came back from a copy, nothing is bought twice and nobody delivered is refunded.

A shop sells; a copy is made while purchases are in flight; it sells on for hours, and then it is the copy
that is started. What was true before is remembered by the test and by both stand-ins, and by nobody else.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.databases.servers import Engine, Server, migrate, wheel
from tests.proof import proved
from tests.proof.network import Mix
from tests.proof.world import NOT_RUN, World, client, config_for
from tests.settings import changed
from webapp import catalogue, orders
from webapp.customers import identity
from webapp.models import OPEN_STAGES, Customer, Esim, Order, Plan, Refund, db
from webapp.operations import backups
from webapp.orders import payments

pytestmark = pytest.mark.long

SEED = 20261130
BEFORE, IN_FLIGHT, SHORT, FULL = 4, 6, 12, 200
HOURS, PLAYED_S = 6, 25
WITHOUT = frozenset(NOT_RUN - {"refresh_esims"})
NEVER = ("bought twice", "delivered and refunded", "wrong eSIMs", "without their eSIM")


@dataclass
class Street:
    """People who buy, each one plan, one after the other."""

    world: World
    people: int = 20_000
    charged: dict[str, str] = field(default_factory=dict)
    """Charges, by the order that they pay."""

    def comes(self) -> None:
        self.people += 1
        self.world.hub.spawn(self.world.hub.outside, self._buys, self.people)

    def _buys(self, user_id: int) -> None:
        self.world.meet(user_id)
        person = identity.recognise(user_id, "Ann", "en", "en")
        plans = list(Plan.select().where(Plan.available).order_by(Plan.id).limit(3))
        order = orders.place(person, self.world.chance.choice(plans))
        url = None
        while url is None:
            url = payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)
            self.world.hub.sleep(1)
        for _ in range(30):
            answer = self.world.pay(url, user_id)
            if answer["status"] == "paid":
                self.charged[order.reference] = answer["charge_id"]
                return
            self.world.hub.sleep(5)


class Refusing:
    """eSIM Go refuses so many purchases, and sells from then on."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self, method: str, path: str, body: bytes) -> Mix:
        refuses = (method, path) == ("POST", "/orders") and b'"transaction"' in body and self._left > 0
        self._left -= refuses
        return {"400": 1.0} if refuses else {}


@dataclass
class Truth:
    """Who had what when the newer database was lost: ICCIDs by order, with the buyer; what had gone back."""

    esims: dict[str, str]
    buyers: dict[str, int]
    refunded: set[str]
    open: set[str]

    @classmethod
    def now(cls) -> "Truth":
        esims, buyers = {}, {}
        for esim in Esim.select(Esim, Order).join(Order):
            esims[esim.order.reference] = esim.iccid
            buyers[esim.order.reference] = esim.order.telegram_user_id
        ended = {order.reference for order in Order.select().where(Order.stage == "failed")}
        waiting = {order.reference for order in Order.select().where(Order.stage.in_(OPEN_STAGES))}
        return cls(esims, buyers, ended, waiting)


# --- ways to come back


def restored(world: World, engine: Engine, folder: Path) -> Callable[[], str]:
    """`flask backup`, `flask restore`."""
    backups.save(world.config.database_url, folder / "copy.backup")

    def back() -> str:
        (folder / "new").mkdir()
        url = engine.empty(folder / "new")
        backups.restore(url, folder / "copy.backup", world.config)
        return url

    return back


def copied(world: World, engine: Engine, folder: Path) -> Callable[[], str]:
    """`cp`; on PostgreSQL a database made of another, as a snapshot of its disk would be."""
    url = world.config.database_url
    db.database.close()
    if isinstance(engine, Server):
        kept = engine.empty(folder)
        name, template = (urlsplit(one).path[1:] for one in (kept, url))
        engine.say(f'DROP DATABASE "{name}"')
        engine.say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return lambda: kept
    file = Path(url.removeprefix("sqlite:///"))
    for part in file.parent.glob(f"{file.name}*"):
        shutil.copy(part, folder / f"copy-of-{part.name}")

    def back() -> str:
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
        for part in folder.glob(f"copy-of-{file.name}*"):
            shutil.copy(part, file.parent / part.name.removeprefix("copy-of-"))
        return url

    return back


def set_back(world: World, engine: Engine, folder: Path) -> Callable[[], str]:
    """The whole folder as it was; on PostgreSQL a database beside the newer one."""
    if isinstance(engine, Server):
        return copied(world, engine, folder)
    home = Path(world.config.database_url.removeprefix("sqlite:///")).parent
    db.database.close()
    shutil.copytree(home, folder / "snapshot")

    def back() -> str:
        shutil.rmtree(home)
        (folder / "snapshot").rename(home)
        return world.config.database_url

    return back


WAYS = {"flask restore": restored, "a copied file": copied, "a folder set back": set_back}


# --- the proof


@pytest.mark.proof
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_bought_twice_and_nobody_delivered_is_refunded(
    way: str,
    in_full: bool,
    tmp_path: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv("PATH", f"{wheel() / 'bin'}:{shutil.os.environ['PATH']}")  # type: ignore[attr-defined]
    (tmp_path / "home").mkdir()
    url = engine.empty(tmp_path / "home")
    migrate(url)
    world = World(changed(config_for(url)), SEED, monkeypatch)
    try:
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        street, sales = Street(world), FULL if in_full else SHORT
        jobs = world.start_jobs(WITHOUT)
        sell(street, BEFORE, 60)
        sell(street, IN_FLIGHT, 0)
        assert world.hub.run_while(lambda: len(Truth.now().open) < IN_FLIGHT / 2, 60, 0.2)
        back = WAYS[way](world, engine, tmp_path)
        world.provider.mix = Refusing(2)
        sell(street, sales, HOURS * 3600 // sales)
        truth = Truth.now()
        assert truth.refunded, "money went back of which the copy does not know"
        world.hub.cut(jobs.process)
        db.database.close()
        world.config = changed(world.config, database_url=back())
        db.rebind(world.config.database_url)
        in_copy = {order.reference for order in Order.select()}
        world.start_jobs(WITHOUT)
        sell(street, BEFORE, 10)
        world.hub.run_while(is_open, 3600, 5)
        world.hub.run_until(world.hub.now_s + 200)
        counted = count(world, street, truth, in_copy)
        where = world.config.database_url.partition(":")[0]
        run = (
            f"{way} on {where}: {len(truth.esims)} had their eSIMs and {len(truth.refunded)} their money, "
            f"{IN_FLIGHT} purchases begun as the copy was made, {sales} sales in the {HOURS} h after it"
        )
        figure = ", ".join(f"{number} {what}" for what, number in counted.items())
        print(f"\nR21: {run}: {figure}")
        assert world.troubles.found == []
        assert [counted[what] for what in NEVER] == [0] * len(NEVER)
        row = proved.Row(f"R21 nothing is bought twice: {way}", run, figure, f"{SEED} ({where})")
        record_property(proved.ROW, list(row))
    finally:
        world.close()


def sell(street: Street, people: int, apart_s: float) -> None:
    """A while after each purchase is played; the rest of the time until the next one is skipped."""
    hub = street.world.hub
    for _ in range(people):
        street.comes()
        hub.run_until(hub.now_s + min(apart_s, PLAYED_S))
        hub.now_s += max(0, apart_s - PLAYED_S)


def is_open() -> bool:
    unsent = Refund.select().where(Refund.state != "done").exists()
    return unsent or bool(Order.select().where(Order.stage.in_(OPEN_STAGES)).exists())


def count(world: World, street: Street, truth: Truth, in_copy: set[str]) -> dict[str, int]:
    """By what both stand-ins remember."""
    now: dict[str, Any] = {e.order.reference: e for e in Esim.select(Esim, Order).join(Order)}
    refunded = world.telegram.world.data["refunds"]
    made = [iccid for order in world.esimgo.world.orders.values() for iccid in order["order"][0]["iccids"]]
    given = {esim.iccid for esim in now.values()}
    known = {iccid for iccid in made if iccid in given or iccid in truth.esims.values()}
    had = truth.esims.items()
    wrong = [ref for ref, iccid in had if ref in now and now[ref].iccid != iccid]
    shared = Counter(esim.iccid for esim in now.values())
    owners = [
        ref
        for ref, user in truth.buyers.items()
        if ref in now and now[ref].customer != Customer.get(Customer.telegram_user_id == user)
    ]
    delivered = set(now) | set(truth.esims)
    return {
        "bought twice": len(made) - len(known) + sum(n - 1 for n in shared.values()),
        "delivered and refunded": sum(street.charged[ref] in refunded for ref in delivered),
        "wrong eSIMs": len(wrong) + len(owners),
        "found again of those the copy did not know": len(set(now) & set(truth.esims) - in_copy),
        "without their eSIM": len(set(truth.esims) - set(now)),
    }
