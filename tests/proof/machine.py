"""Anything may happen at any time, in any order; after each step the money adds up.

Time passes in two ways: `wait` lets everybody work on, `jump` moves the clock for all at once, so that much
is overdue together. What is begun in one step may end many steps later.
"""

import hashlib
import hmac
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sandbox.esimgo import life
from sandbox.esimgo.errors import Refused
from sandbox.telegram.errors import Refused as NotRefunded
from tests.proof.audit import Audit
from tests.proof.network import Mix
from tests.proof.world import KEY, NOT_RUN, World, config_for, named_crash_points
from webapp import catalogue, esims, orders
from webapp.customers import account, identity
from webapp.esims import callbacks
from webapp.models import OPEN_STAGES, Esim, JobRequest, Order, Plan, Refund
from webapp.orders import limits, payments
from webapp.state import outages
from webapp.state.funnel import Funnel

PEOPLE = (7001, 7002, 7003)
PLANS = 3
PROVIDER_FATES = (
    "429",
    "500",
    "503",
    "400",
    "reset_before",
    "reset_after_commit",
    "500_after_commit",
    "broken_json",
    "wrong_shape",
    "commit_late",
    "hang",
    "out_of_funds",
    "price_changed",
    "price_drift",
    "down",
    "swapped_answer",
    "tripled_answer",
    "shortened_answer",
    "foreign_iccids",
    "duplicate_order",
    "late_visible",
    "filter_refused",
    "filter_ignored",
)
CHAT_FATES = ("429", "502", "lost_answer", "broken_json", "hang", "down", "403")
CRASH_POINTS = [name for name in named_crash_points() if not name.startswith("notification.")]
PURCHASE_POINTS = [name for name in CRASH_POINTS if name.startswith(("order.", "payment."))]
JOBS = (
    "validate_quotes",
    "submit_paid_orders",
    "collect_accepted",
    "reconcile_unknown",
    "refresh_esims",
    "sync_catalogue",
    "check_provider",
    "apply_callbacks",
    "enforce_deadlines",
    "expire_unpaid",
    "issue_refunds",
    "telegram_payments",
    "answer_returns",
    "check_ledger",
)
RUN_HERE = {"answer_requests", "apply_callbacks", "refresh_esims"}
WITHOUT = frozenset(NOT_RUN - RUN_HERE)
"""Jobs that stand still here: chats have their own proof, and a purge touches no money."""

a_person = st.sampled_from(PEOPLE)
any_number = st.integers(0, 10_000)


class Shop(RuleBasedStateMachine):
    """`fresh(folder)` gives the address of a migrated database with the catalogue in it; `seen` counts what
    came about, so that a proof in which nothing happens is noticed.
    """

    fresh: ClassVar[Callable[[Path], str]]
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = tempfile.TemporaryDirectory()

    @initialize(seed=st.integers(0, 2**32))
    def open(self, seed: int) -> None:
        url = type(self).fresh(Path(self.folder.name))
        self.world = World(config_for(url), seed, self.patch)
        self.hub = self.world.hub
        self.purchase_fates: list[str] = []
        self.held: set[str] = set()
        self.replaced = 0
        self.world.provider.mix = self._fate
        self.plans = list(Plan.select().where(Plan.available).order_by(Plan.id).limit(PLANS))
        for user_id in PEOPLE:
            self.world.meet(user_id)
        self.world.start_jobs(WITHOUT)
        self.hub.run_until(8)
        for number, user_id in enumerate(PEOPLE[:2]):  # something for the others to meddle with
            self.buy(user_id, number)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self._come_to_rest()
            finally:
                self.world.close()
        self.patch.undo()
        self.folder.cleanup()

    # --- time and power

    @rule(seconds=st.sampled_from((2, 5, 10)))
    def wait(self, seconds: int) -> None:
        """Whoever keeps the jobs process running has seen by now that it is gone."""
        if not any(jobs.process.alive for jobs in self.world.jobs):
            self.start_a_jobs_process()
        self.hub.run_until(self.hub.now_s + seconds)

    @rule(seconds=st.sampled_from((4, 11, 61, 130, 800, 1900)))
    def jump(self, seconds: int) -> None:
        self.hub.now_s += seconds
        self.hub.run_until(self.hub.now_s + 1)

    @rule(off_s=st.sampled_from((-3600, -1200, -90, 0, 3600, 86_400)))
    def somebody_sets_the_machines_clock(self, off_s: int) -> None:
        self.hub.machine.off_s = off_s

    @rule(off_s=st.sampled_from((-900, -90, 0, 90, 900)))
    def the_machine_boots_with_a_clock_that_may_be_wrong(self, off_s: int) -> None:
        self.world.reboot(off_s)
        self.world.start_jobs(WITHOUT)
        self.hub.run_until(self.hub.now_s + 1.5)

    @rule(name=st.sampled_from(CRASH_POINTS))
    def arm_a_crash(self, name: str) -> None:
        self.world.power.armed = [name]

    @rule()
    def cut_the_power(self) -> None:
        for jobs in self.world.jobs:
            self.hub.cut(jobs.process)

    @precondition(lambda self: sum(jobs.process.alive for jobs in self.world.jobs) < 2)
    @rule()
    def start_a_jobs_process(self) -> None:
        """The only one, or one that stands by."""
        self.world.start_jobs(WITHOUT)
        self.hub.run_until(self.hub.now_s + 1.5)

    @rule()
    def pause_the_leader(self) -> None:
        if (jobs := self.world.leader()) is not None:
            self.hub.pause(jobs.process)

    @rule()
    def resume_all(self) -> None:
        for jobs in self.world.jobs:
            self.hub.resume(jobs.process)
        self.hub.run_until(self.hub.now_s + 0.5)

    @rule(name=st.sampled_from(JOBS))
    def ask_for_a_job(self, name: str) -> None:
        JobRequest.create(name=name)

    # --- people

    @rule(user_id=a_person, number=any_number)
    def place(self, user_id: int, number: int) -> None:
        self._place(user_id, number)

    @rule(user_id=a_person, number=any_number)
    def buy(self, user_id: int, number: int) -> None:
        """Without any hurry: the provider is asked about the plan while the sheet is open."""
        order = self._place(user_id, number)
        self.hub.run_until(self.hub.now_s + 1.5)
        if order is not None and order.invoice_url is not None:
            self._pay(order, user_id)
            self.hub.run_until(self.hub.now_s + 2)

    @rule(user_id=a_person, number=any_number, kind=st.sampled_from(PROVIDER_FATES))
    def buy_with_bad_luck(self, user_id: int, number: int, kind: str) -> None:
        self.purchase_fates[:] = [kind]
        self.buy(user_id, number)

    @rule(user_id=a_person, number=any_number, name=st.sampled_from(PURCHASE_POINTS))
    def buy_and_crash(self, user_id: int, number: int, name: str) -> None:
        self.world.power.armed = [name]
        self.buy(user_id, number)

    @rule(number=any_number)
    def ask_for_the_invoice_again(self, number: int) -> None:
        if order := _one(number, Order.stage == "awaiting_payment"):
            payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)

    @rule(number=any_number)
    def pay(self, number: int) -> None:
        if order := _one(number, Order.stage == "awaiting_payment", Order.invoice_url.is_null(False)):
            self._pay(order, order.telegram_user_id)
            self.hub.run_until(self.hub.now_s + 0.8)

    @rule(number=any_number)
    def pay_twice_at_once(self, number: int) -> None:
        if order := _one(number, Order.stage == "awaiting_payment", Order.invoice_url.is_null(False)):
            for _ in range(2):
                self._pay(order, order.telegram_user_id)
            self.hub.run_until(self.hub.now_s + 0.8)

    @rule(number=any_number, user_id=a_person)
    def pay_whatever_it_is(self, number: int, user_id: int) -> None:
        """An old link, or somebody else's."""
        if order := _one(number, Order.invoice_url.is_null(False)):
            self._pay(order, user_id)

    @rule(kind=st.sampled_from((("late", 30), ("late", 1000), ("late", 2500), ("lost_answer", 0))))
    def the_next_payment_is_told_late_or_twice(self, kind: tuple[str, int]) -> None:
        fault = {"match": "UPDATE /message", "kind": kind[0], "after_s": kind[1], "times": 1}
        self.world.telegram.update_faults.add(fault)

    @rule(number=any_number)
    def an_update_comes_again(self, number: int) -> None:
        known = [int(key) for key in self.world.telegram.world.data["updates"]]
        if known:
            self.world.telegram.courier.resend(known[number % len(known)])

    @rule(number=any_number)
    def install_and_use(self, number: int) -> None:
        if esim := _one_of(number, list(Esim.select().order_by(Esim.id))):
            at_the_provider = self.world.esimgo.world.esims[esim.iccid]
            with suppress(Refused):  # revoked, perhaps
                life.install(self.world.esimgo.world, at_the_provider)
                life.use(self.world.esimgo.world, at_the_provider, 50_000_000)
            esims.activate(esim)

    @rule(number=any_number)
    def give_it_back(self, number: int) -> None:
        if order := _one(number, Order.stage.in_(("ready", "active"))):
            orders.request_return(order, self.world.config)

    @rule(user_id=a_person)
    def somebody_deletes_their_data(self, user_id: int) -> None:
        self.seen["forgotten"] += account.forget(identity.recognise(user_id, "Ann", "en", "en"))

    # --- the provider

    @rule(kinds=st.lists(st.sampled_from(PROVIDER_FATES), min_size=1, max_size=3))
    def the_next_purchases_go_wrong(self, kinds: list[str]) -> None:
        self.purchase_fates[:] = kinds

    @rule(kind=st.sampled_from(PROVIDER_FATES))
    def a_call_to_the_provider_goes_wrong(self, kind: str) -> None:
        self.world.provider.next_fates[1:] = [kind]

    @rule(seconds=st.sampled_from((5, 20, 1000)))
    def the_provider_is_away(self, seconds: int) -> None:
        self.world.provider.down_until_s = self.hub.now_s + seconds

    @rule(balance=st.sampled_from((0, 6_000, 10_000_000, 20_000_000)))
    def the_balance_is(self, balance: int) -> None:
        self.world.esimgo.world.balance_m = balance

    @rule(seconds=st.sampled_from((0.0, 20.0, 2000.0)))
    def orders_take(self, seconds: float) -> None:
        purse = self.world.esimgo.world
        purse.adopt(purse.habits.changed({"order_s": seconds}))

    @rule(number=any_number, wish=st.sampled_from(("price", "remove", "restore")))
    def the_catalogue_changes(self, number: int, wish: str) -> None:
        name = Plan.get_by_id(self.plans[number % PLANS].id).bundle.name
        shelf = self.world.esimgo.world.catalogue
        value = {"price": {name: 1.5 + number % 7}, "remove": [name], "restore": True}[wish]
        with suppress(ValueError):  # it is gone already
            shelf.edit({wish: value})
        catalogue.request_sync()

    @rule(number=any_number, how=st.sampled_from(("same", "more", "less", "dearer")), told=st.booleans())
    def a_bundle_is_replaced(self, number: int, how: str, told: bool) -> None:
        """Of which the shop may not know before it wants to buy it."""
        name = Plan.get_by_id(self.plans[number % PLANS].id).bundle.name
        self.replaced += 1
        with suppress(ValueError):  # it is gone already
            self.world.replace_bundle(name, f"bundle_{self.replaced}", how)
        if told:
            catalogue.request_sync()

    @rule(number=any_number, forged=st.booleans())
    def a_callback_comes(self, number: int, forged: bool) -> None:
        esim = _one_of(number, list(Esim.select().order_by(Esim.id)))
        told = {"alertType": "FirstAttachment", "iccid": esim.iccid if esim else "8944501000000181227"}
        raw = json.dumps(told).encode()
        key = "somebody else's" if forged else KEY
        signed = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
        assert callbacks.receive(raw, signed, self.world.config, Funnel()) is not forged

    @rule()
    def the_troubles_are_over(self) -> None:
        self._lift_everything()

    # --- Telegram

    @rule(kind=st.sampled_from(CHAT_FATES))
    def a_call_to_telegram_goes_wrong(self, kind: str) -> None:
        self.world.chat.next_fates[1:] = [kind]

    @rule(seconds=st.sampled_from((5, 20, 1000)))
    def telegram_is_away(self, seconds: int) -> None:
        self.world.close_chat(seconds)

    @rule(number=any_number)
    def a_charge_is_taken_back(self, number: int) -> None:
        charges = list(self.world.telegram.world.data["payments"])
        if charge_id := _one_of(number, charges):
            with suppress(NotRefunded):  # it went back before
                self.world.take_back(charge_id)
            self.hub.run_until(self.hub.now_s + 1)

    @rule()
    def the_owner_releases_everybody(self) -> None:
        for hold in limits.held():
            limits.release(hold)
        self.held = set()

    # --- after each step

    @invariant()
    def everything_adds_up(self) -> None:
        if hasattr(self, "world"):
            self.seen["steps"] += 1
            assert Audit(self.world).problems() == []

    @invariant()
    def nobody_gets_out_of_a_hold_but_by_the_owner(self) -> None:
        if hasattr(self, "world"):
            now = {hold.name for hold in limits.held()}
            assert self.held <= now
            self.held = now

    # --- how

    def _fate(self, method: str, path: str, body: bytes) -> Mix:
        """What was meant for a purchase waits for one: many other calls come before it."""
        is_purchase = (method, path) == ("POST", "/orders") and b'"transaction"' in body
        return {self.purchase_fates.pop(): 1.0} if is_purchase and self.purchase_fates else {}

    def _place(self, user_id: int, number: int) -> Order | None:
        person = identity.recognise(user_id, "Ann", "en", "en")
        plan = catalogue.plan(self.plans[number % PLANS].plan_id)
        if plan is None or outages.now().sales_paused:
            self.seen["not for sale, on the page"] += 1
            return None
        order = orders.place(person, plan)
        payments.invoice_or_none(order, self.world.bot, self.world.config, self.world.invoice_waits)
        return order

    def _pay(self, order: Order, user_id: int) -> None:
        self.hub.spawn(self.hub.outside, self._pays, order.invoice_url, user_id)

    def _pays(self, url: str, user_id: int) -> None:
        answer = self.world.pay(url, user_id)
        self.seen[f"told: {answer.get('error_message', 'paid').split('.')[0]}"] += 1

    def _come_to_rest(self) -> None:
        """When all troubles are over, everything that was begun ends, and well."""
        self._lift_everything()
        for _ in range(4):
            self.resume_all()
            if not any(jobs.process.alive for jobs in self.world.jobs):
                self.start_a_jobs_process()
            self.hub.run_until(self.hub.now_s + 14)
            self.hub.now_s += 900
        self.hub.run_while(_is_anything_open, 120, 5)
        audit = Audit(self.world)
        assert audit.problems() == []
        assert not _is_anything_open(), "everything is delivered or refunded in the end"
        assert audit.unheard_of() == set(), "every charge is known"
        assert audit.ledger.in_flight == 0
        self._count(audit)

    def _count(self, audit: Audit) -> None:
        self.seen.update(f"orders {order.stage}" for order in audit.orders.values())
        self.seen["orders replaced"] += sum(bool(order.sold_bundle) for order in audit.orders.values())
        self.seen["charges"] += len(audit.payments)
        self.seen["refunds"] += len(audit.refunds)
        self.seen["provider orders"] += len(self.world.bought)
        self.seen["crashes"] += sum(self.world.power.cuts.values())
        self.seen["calls that went wrong"] += sum(self.world.network.told.values())

    def _lift_everything(self) -> None:
        for place in (self.world.provider, self.world.chat):
            place.next_fates.clear()
            place.down_until_s = 0.0
            place.faults.lift_all()
        self.purchase_fates.clear()
        self.world.power.armed = []
        self.world.esimgo.world.balance_m = 10_000_000
        self.orders_take(seconds=0.0)


def _is_anything_open() -> bool:
    unsent = Refund.select().where(Refund.state != "done").exists()
    return unsent or Order.select().where(Order.stage.in_(OPEN_STAGES)).exists()


def _one(number: int, *conditions: Any) -> Order | None:
    found: Order | None = _one_of(number, list(Order.select().where(*conditions).order_by(Order.id)))
    return found


def _one_of(number: int, rows: list[Any]) -> Any:
    return rows[number % len(rows)] if rows else None
