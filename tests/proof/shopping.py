"""People who come in waves, pay, are told to wait, pay twice, pay late, or leave."""

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from tests.proof.network import Mix, MixOf
from tests.proof.world import World, named_crash_points
from webapp import catalogue, orders
from webapp.customers import identity
from webapp.models import Order, Plan
from webapp.orders import payments
from webapp.state import outages

PURCHASE: Mix = {
    "reset_after_commit": 0.06,
    "broken_json": 0.02,
    "500_after_commit": 0.02,  # with the two above: 10 % of the answers are lost
    "500": 0.05,
    "503": 0.05,
    "429": 0.05,
    "reset_before": 0.05,
    "commit_late": 0.01,
    "hang": 0.005,
    "400": 0.01,
    "price_changed": 0.005,
    "price_drift": 0.005,
    "swapped_answer": 0.01,
    "tripled_answer": 0.01,
    "shortened_answer": 0.01,
    "foreign_iccids": 0.01,
    "late_visible": 0.01,
    "duplicate_order": 0.005,
}
READ: Mix = {"500": 0.04, "503": 0.03, "429": 0.02, "reset_before": 0.03, "broken_json": 0.02, "hang": 0.002}
LOOK: Mix = READ | {
    "swapped_answer": 0.01,
    "tripled_answer": 0.01,
    "shortened_answer": 0.01,
    "foreign_iccids": 0.01,
    "filter_refused": 0.03,
    "filter_ignored": 0.03,
    "late_visible": 0.03,
}
"""What became of a purchase is asked, and answered with the truth less often."""
CHAT: Mix = {"502": 0.10, "429": 0.05, "lost_answer": 0.05, "hang": 0.005}
CRASH = 0.02
PAUSE = 0.002
LARGEST_WAVE = 330
STEPS_SEED = 20
DEADLINE_S = 900  # as it is unless the owner has set another
CALM = ("catalogue.", "notification.")
"""Crash points of jobs that do not run here."""


def provider_mix(method: str, path: str, body: bytes) -> Mix:
    if (method, path) == ("POST", "/orders") and b'"transaction"' in body:
        return PURCHASE
    return LOOK if path.startswith(("/orders", "/esims/assignments")) and method == "GET" else READ


def chat_mix(_method: str, path: str, _body: bytes) -> Mix:
    return CHAT if path.lower() == "/refundstarpayment" else {"502": 0.05}


class Dealt:
    """A mix where too few come for rare bad luck: of each of `mixes` every kind is met twice, at every second
    call that it is for. The others are drawn.
    """

    def __init__(self, drawn: MixOf, *mixes: Mix) -> None:
        self._drawn = drawn
        self._owed = {id(mix): [*mix, *mix] for mix in mixes}
        self._calls: Counter[int] = Counter()

    def __call__(self, method: str, path: str, body: bytes) -> Mix:
        mix = self._drawn(method, path, body)
        self._calls[id(mix)] += 1
        if self._owed.get(id(mix)) and self._calls[id(mix)] % 2 == 0:
            return {self._owed[id(mix)].pop(): 1.0}
        return mix

    @property
    def owed(self) -> list[str]:
        """What was not met yet."""
        return [kind for kinds in self._owed.values() for kind in kinds]


class Street:
    """Everybody who comes by until `wanted` of them have paid. With `fewer` a wave has so many times fewer
    people, and each of them brings a crash or a pause so many times more often.
    """

    def __init__(self, world: World, wanted: int, fewer: int = 1) -> None:
        self.world, self.hub, self.wanted, self.fewer = world, world.hub, wanted, fewer
        self.chance = Random(world.chance.random())
        self.told: Counter[str] = Counter()
        self.paid = self.open = self.crashes = self.pauses = 0
        self._people = 10_000
        self._plans = list(Plan.select().where(Plan.available).order_by(Plan.id))
        self._crash_points = [name for name in named_crash_points() if not name.startswith(CALM)]

    @property
    def is_busy(self) -> bool:
        return self.paid < self.wanted or self.open > 0

    def turned_away(self, beginning: str) -> int:
        return sum(count for words, count in self.told.items() if words.startswith(beginning))

    def open_doors(self) -> None:
        self.hub.spawn(self.hub.outside, self._waves)

    def _waves(self) -> None:
        """Between two waves there is time for about as many orders as came; some waves are too large."""
        size = LARGEST_WAVE // self.fewer
        while self.paid < self.wanted:
            within_s = self.chance.choice((60, 120, 240))
            for _ in range(size):
                self._people += 1
                after_s = self.chance.uniform(0, within_s)
                self.hub.spawn(self.hub.outside, self._visit, self._people, after_s=after_s)
            pause_s = size * self.world.config.esimgo_order_interval_s * self.chance.uniform(0.6, 1.1)
            self.hub.sleep(max(within_s, pause_s))
            size = self.chance.choice((30, 60, 120, 180, LARGEST_WAVE)) // self.fewer

    def _visit(self, user_id: int) -> None:
        if self.paid >= self.wanted:
            return
        self.open += 1
        try:
            self._shop(user_id)
        finally:
            self.open -= 1

    def _shop(self, user_id: int) -> None:
        self.world.meet(user_id)
        person = identity.recognise(user_id, "Ann", "en", "en")
        wanted = self.chance.choice(self._plans).plan_id
        for _ in range(self.chance.randint(1, 4)):
            plan = catalogue.plan(wanted)
            if outages.now().sales_paused:
                self.told["sales are paused, on the page"] += 1
            elif plan is None:
                self.told["not sold any more, on the page"] += 1
            elif self._pays(orders.place(person, plan), user_id):
                return
            self.hub.sleep(self.chance.uniform(20, 300))
        self.told["left without paying"] += 1

    def _pays(self, order: Order, user_id: int) -> bool:
        url = payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)
        if url is None:
            self.told["no invoice, try again"] += 1
            return False
        self.hub.sleep(self.chance.uniform(1, 45) if self.chance.random() > 0.01 else 1900)
        if self.chance.random() < 0.02:
            self._make_late()
        answer = self.world.pay(url, user_id)
        if answer["status"] != "paid":
            self.told[answer["error_message"]] += 1
            return False
        self._has_paid(url, user_id)
        return True

    def _make_late(self) -> None:
        """The next payment is told again, or told late."""
        kind, after_s = self.chance.choice((("lost_answer", 0), ("late", 40), ("late", 2400)))
        fault: dict[str, Any] = {"match": "UPDATE /message", "kind": kind, "times": 1, "after_s": after_s}
        self.world.telegram.update_faults.add(fault)

    def _has_paid(self, url: str, user_id: int) -> None:
        self.paid += 1
        if self.chance.random() < 0.03:
            again = self.world.pay(url, user_id)
            self.told[f"paid twice: {again['status']}"] += 1
        if self.chance.random() < CRASH * self.fewer:
            self.crashes += 1
            self.world.power.armed.append(self.chance.choice(self._crash_points))
        if self.chance.random() < PAUSE * self.fewer:
            self.pauses += 1
            self.hub.spawn(self.hub.outside, self._pause, after_s=self.chance.uniform(0, 60))

    def _pause(self) -> None:
        """The leader stands still for longer than its lease, in the middle of whatever it does."""
        jobs = self.world.leader()
        if jobs is None or jobs.process.paused:
            return
        self.hub.pause(jobs.process)
        self.world.start_jobs()
        self.hub.sleep(self.chance.uniform(20, 120))
        self.hub.resume(jobs.process)


class Weather:
    """Outages, one after the other, and somebody who starts a jobs process again when none is there. Where
    orders have less time than usual, outages come as much sooner and are as much shorter.
    """

    def __init__(self, world: World) -> None:
        self.world, self.hub = world, world.hub
        self.chance = Random(world.chance.random())
        self.seen: Counter[str] = Counter()
        self.pace = world.config.deadline_s / DEADLINE_S

    def begin(self) -> None:
        self.hub.spawn(self.hub.outside, self._supervise)
        self.hub.spawn(self.hub.outside, self._change)
        self.hub.spawn(self.hub.outside, self._replace)
        self.hub.spawn(self.hub.outside, self._set_the_clock)

    def _supervise(self) -> None:
        while True:
            if not any(jobs.process.alive and not jobs.process.paused for jobs in self.world.jobs):
                self.hub.sleep(self.chance.uniform(0.5, 20))
                self.world.start_jobs()
            self.hub.sleep(1)

    def _change(self) -> None:
        self.hub.sleep(600 * self.pace)
        self._both_down()  # in every run, however short
        while True:
            self.hub.sleep(self.chance.uniform(2000, 6000) * self.pace)
            self.chance.choice(
                (self._provider_down, self._provider_hangs, self._chat_down, self._both_down, self._broke)
            )()

    def _set_the_clock(self) -> None:
        """Of the shop's machine, again and again. By dice of its own."""
        dice = Random(STEPS_SEED)
        while True:
            self.hub.sleep(dice.uniform(100, 900) * self.pace)
            self.hub.machine.off_s = dice.choice((-3600, -1200, -90, 0, 3600, 86_400))
            self.seen["steps of the clock"] += 1

    def _replace(self) -> None:
        """Bundles get new names, and sometimes other contents, while orders wait for them."""
        while True:
            self.hub.sleep(self.chance.uniform(60, 240))
            newest = Order.select().where(Order.stage == "paid").order_by(Order.paid_at.desc()).limit(60)
            names = sorted({order.esimgo_product_id for order in newest})
            for name in self.chance.sample(names, min(3, len(names))):
                how = self.chance.choice(("same", "same", "same", "more", "less", "dearer"))
                with suppress(ValueError):  # it is gone already
                    self.world.replace_bundle(name, f"{name}_{self.seen.total()}", how)
                    self.seen["bundles replaced"] += 1

    def _provider_down(self) -> None:
        self.seen["provider down"] += 1
        self.world.provider.down_until_s = self.hub.now_s + self.pace * self.chance.choice((40, 200, 1100))

    def _provider_hangs(self) -> None:
        self.seen["provider hangs"] += 1
        self.world.provider.hangs_until_s = self.hub.now_s + self.pace * self.chance.choice((60, 300, 1000))

    def _chat_down(self) -> None:
        self.seen["Telegram down"] += 1
        self.world.close_chat(self.pace * self.chance.choice((60, 300, 2000)))

    def _both_down(self) -> None:
        self.seen["both down"] += 1
        self.world.provider.down_until_s = self.hub.now_s + 500 * self.pace
        self.world.close_chat(700 * self.pace)

    def _broke(self) -> None:
        self.seen["out of funds"] += 1
        purse = self.world.esimgo.world
        balance, purse.balance_m = purse.balance_m, 0
        self.hub.sleep(self.pace * self.chance.choice((60, 400, 1000)))
        purse.balance_m += balance
