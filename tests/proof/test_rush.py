"""R19: who cannot be served in time is told before paying. Hundreds within ten seconds, at every pace that
eSIM Go may have, and while it changes.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.databases.servers import Engine
from tests.proof import proved
from tests.proof.audit import Audit
from tests.proof.network import Mix
from tests.proof.world import World, client, config_for
from tests.settings import changed
from webapp import catalogue, orders
from webapp.customers import identity
from webapp.models import OPEN_STAGES, Order, Plan, Refund
from webapp.orders import payments

pytestmark = pytest.mark.long

SEED = 20261130
WITHIN_S = 10.0
TAPS = 30
TAP_AGAIN = "please tap Pay again"
COME_BACK = "Very many people are buying now"
AT_ONCE_AFTER_S = 0.1
DELIVERED_IN_TIME = 0.995


class Wave(NamedTuple):
    """So many buyers within WITHIN_S from `at_s` on; since then eSIM Go answers in `answers_in_s` seconds."""

    at_s: float
    buyers: int
    answers_in_s: float


def one(buyers: int, answers_in_s: float) -> tuple[Wave, ...]:
    return (Wave(0, buyers, answers_in_s),)


def changing(buyers: int) -> tuple[Wave, ...]:
    """Slower and quicker from one wave to the next, each time as the first of it come."""
    return (Wave(0, buyers, 0), Wave(400, buyers, 10), Wave(1500, buyers, 0), Wave(1900, buyers, 5))


SOME = {"at once, then 10 s": (Wave(0, 40, 0), Wave(200, 40, 10))}
DEADLINE_S = 420
"""In the suite: half the people are too many, too, where orders have less than half the time."""
ALL = {
    f"{answers}, {buyers} buyers": one(buyers, seconds)
    for buyers in (300, 1000)
    for answers, seconds in (("at once", 0), ("2 s", 2), ("5 s", 5), ("10 s", 10))
} | {"at once, 10 s, at once, 5 s": changing(300)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    known = ALL if metafunc.config.getoption("--prove") else SOME
    metafunc.parametrize(("answers", "waves"), known.items(), ids=[name.replace(" ", "_") for name in known])


@dataclass
class Rush:
    """Everybody who comes, and when each order left."""

    world: World
    waves: tuple[Wave, ...]
    told: Counter[str] = field(default_factory=Counter)
    left_at_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    paid: int = 0
    to_come: int = 0

    def begin(self) -> None:
        self.world.provider.mix = self._note
        self.plans = list(Plan.select().where(Plan.available).order_by(Plan.id).limit(6))
        person = 10_000
        for wave in self.waves:
            self.world.hub.spawn(
                self.world.hub.outside, self._answer_in, wave.answers_in_s, after_s=wave.at_s
            )
            self.to_come += wave.buyers
            for _ in range(wave.buyers):
                person += 1
                after_s = wave.at_s + self.world.chance.uniform(0, WITHIN_S)
                self.world.hub.spawn(self.world.hub.outside, self._visit, person, after_s=after_s)

    def _answer_in(self, seconds: float) -> None:
        half = max(seconds, 0.02) / 2
        self.world.provider.calm_s = (half, half)

    def _note(self, method: str, path: str, body: bytes) -> Mix:
        if (method, path) == ("POST", "/orders") and b'"transaction"' in body:
            self.left_at_s.append(self.world.hub.now_s)
            self.took_s.append(sum(self.world.provider.calm_s))
        return {}

    def _visit(self, user_id: int) -> None:
        self.world.meet(user_id)
        person = identity.recognise(user_id, "Ann", "en", "en")
        order = orders.place(person, self.world.chance.choice(self.plans))
        for _ in range(TAPS):
            answer = self._pay(order, user_id)
            self.told[answer] += 1
            if answer == "paid" or TAP_AGAIN not in answer:
                break
            self.world.hub.sleep(self.world.chance.uniform(2, 8))
        self.to_come -= 1

    def _pay(self, order: Order, user_id: int) -> str:
        url = None
        while url is None:  # four at a time ask Telegram
            url = payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)
            self.world.hub.sleep(self.world.chance.uniform(0.2, 1))
        answer = self.world.pay(url, user_id)
        self.paid += answer["status"] == "paid"
        return str(answer.get("error_message", "paid"))

    def apart(self) -> tuple[float, float]:
        """Least pause between two orders, and the most by which one left later than the pace wants: eSIM Go's
        pause, or the answer to the one before. Only where the next was waiting.
        """
        interval_s = self.world.config.esimgo_order_interval_s
        pauses = [later - earlier for earlier, later in zip(self.left_at_s, self.left_at_s[1:], strict=False)]
        over = [pause - max(interval_s, took) for pause, took in zip(pauses, self.took_s, strict=False)]
        return min(pauses), max(one for one in over if one < interval_s)


@pytest.mark.proof
def test_who_cannot_be_served_in_time_is_told_before_paying(
    answers: str,
    waves: tuple[Wave, ...],
    in_full: bool,
    tmp_path: Path,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    config = config_for(engine.migrated(tmp_path))
    world = World(config if in_full else changed(config, deadline_s=DEADLINE_S), SEED, monkeypatch)
    try:
        catalogue.sync(client(world.config).catalogue_pages(500), world.config)
        rush = Rush(world, waves)
        world.start_jobs()
        world.hub.run_until(30)
        rush.begin()
        assert world.hub.run_while(lambda: rush.to_come > 0 or is_open(), 6000, 5)
        delivered = Order.select().where(Order.stage == "ready").count()
        refunded = Refund.select().count()
        least, most = rush.apart()
        buyers = sum(wave.buyers for wave in waves)
        where = world.config.database_url.partition(":")[0]
        run = f"{' and '.join(str(wave.buyers) for wave in waves)} buyers, within 10 s each time, on {where}"
        figure = (
            f"{rush.paid} charged, {delivered} delivered in time, {refunded} refunded, "
            f"{buyers - rush.paid} told before; {least:.2f} s apart at least, "
            f"at most {most:.2f} s more than the pause or the answer"
        )
        print(f"\nR19: {run}: {figure}")
        print(rush.told)
        assert Audit(world).problems() == []
        assert rush.paid == delivered + refunded
        assert delivered >= DELIVERED_IN_TIME * rush.paid
        assert refunded == 0
        assert least >= world.config.esimgo_order_interval_s
        assert most <= AT_ONCE_AFTER_S
        assert any(words.startswith(COME_BACK) for words in rush.told)
        row = proved.Row(f"R19 told before paying: {answers}", run, figure, f"{SEED} ({where})")
        record_property(proved.ROW, list(row))
    finally:
        world.close()


def is_open() -> bool:
    return bool(Order.select().where(Order.stage.in_(OPEN_STAGES)).exists())
