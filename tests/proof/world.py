"""The whole shop and both stand-ins in one process, on a clock that moves when nothing else is to be done."""

import json
import logging
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

import sandbox.clock
from jobs import schedule
from jobs.context import Context, JobLocks
from sandbox import server
from sandbox.esimgo import app as esimgo_app
from sandbox.esimgo.areas import countries
from sandbox.esimgo.offers import Offers
from sandbox.telegram import app as telegram_app
from sandbox.telegram import botapi as telegram_botapi
from sandbox.telegram import stars
from sandbox.telegram.courier import Courier
from sandbox.telegram.params import Params
from sandbox.telegram.world import meet
from tests.proof.hub import Alone, Hub, PowerCut, Process, Turn
from tests.proof.network import Environ, Mix, Network, Place, Work, uncut
from webapp.base import clock, crash_points, sealing
from webapp.base.config import ROOT, Config
from webapp.clients import http
from webapp.clients.esimgo import budget, calls
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.telegram import botapi
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.updates import parse_update
from webapp.models import Esim, Order, Submission, db
from webapp.orders import payments, quotes, reconciling, telegram_updates
from webapp.orders.places import Places
from webapp.state import leases
from webapp.state.leases import Leadership

ESIMGO, TELEGRAM = "127.0.0.1:1", "127.0.0.1:2"
KEY, TOKEN = "sandbox-key", "123456:SANDBOX"
SOLD_IN = ("TR", "FR", "JP")
BEAT_S = 4.0
NOT_RUN = {
    "answer_requests",
    "answer_topups",
    "apply_callbacks",
    "deliver_notifications",
    "purge",
    "refresh_esims",
}
"""Jobs that move no money; each has its own tests. The state machine runs some of them all the same."""


def offers() -> Offers:
    """A small shelf, always the same."""
    return Offers([area for area in countries() if area.code in SOLD_IN])


def config_for(database_url: str) -> Config:
    return Config(
        esimgo_api_key=KEY,
        esimgo_api_url=f"http://{ESIMGO}/v2.5",
        telegram_bot_token=TOKEN,
        telegram_api_url=f"http://{TELEGRAM}",
        telegram_webhook_secret="hook",
        database_url=database_url,
        esimgo_refunds="on",
        forgotten_file=Path(tempfile.gettempdir()) / f"simka-forgotten-{os.getpid()}",
        purchase_limits="orders=1000/day stars=9999999/day first=9999999 burst=1000/hour",
    )


def named_crash_points() -> list[str]:
    """Every crash point that stands in the code of the shop."""
    found: set[str] = set()
    for file in (*(ROOT / "webapp").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")):
        found.update(re.findall(r'\bcrash_point\("([a-z_.]+)"\)', file.read_text()))
    return sorted(found)


@dataclass(frozen=True)
class Bought:
    """A purchase at the provider: for which intent, and when. `again`: it was made twice, unasked."""

    reference: str
    submission_id: int
    at_s: float
    again: bool = False


class Power:
    """Cuts the power of whoever passes an armed crash point next."""

    def __init__(self) -> None:
        self.armed: list[str] = []
        self.cuts: Counter[str] = Counter()

    def crash_point(self, name: str) -> None:
        if name in self.armed:
            self.armed.remove(name)
            self.cuts[name] += 1
            raise PowerCut


class Troubles(logging.Handler):
    """Errors with a traceback: something went wrong that nobody had thought of."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.found.append(f"{record.name}: {record.getMessage()}: {record.exc_info[1]!r}")


class World:
    """Made for one run. `patch` puts the seams in place: the clock, the adapters, the crash points."""

    def __init__(self, config: Config, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.config, self.chance, self.patch = config, Random(seed), patch
        self.hub = Hub(lambda: not db.database.in_transaction())
        self.network = Network(self.hub, self.chance)
        self.power, self.troubles = Power(), Troubles()
        self.verdict_waits = Places(quotes.WAIT_AT_ONCE)
        self.invoice_waits = Places(payments.ASK_AT_ONCE)
        self.bought: dict[str, Bought] = {}
        self.boots = 1
        self._sew()
        db.bind(config.database_url, [sealing.derived_key(TOKEN)])
        if config.database_url.startswith("sqlite"):
            db.database.pragma("synchronous", 0)  # this is not about the disk
        self._open_the_stand_ins()
        self.bot = BotApi(TOKEN, config.telegram_api_url)
        self.jobs: list[Jobs] = []
        self.chat_back_s: list[float] = []
        self.taken_back: set[str] = set()

    def _sew(self) -> None:
        set_ = self.patch.setattr
        for module, its in ((clock, self.hub.machine), (sandbox.clock, self.hub)):
            set_(module, "datetime", its)
            set_(module, "time", self.hub)
        set_(clock, "boot", lambda: f"boot {self.boots}")
        clock.count_from(None)
        set_(calls, "Adapter", self.network.adapter)
        set_(botapi, "Adapter", self.network.adapter)
        set_(http, "cut_off", uncut)
        set_(budget, "threading", SimpleNamespace(Condition=lambda: Turn(self.hub)))
        set_(leases, "os", SimpleNamespace(getpid=lambda: self.hub.current.pid))
        set_(leases, "process_started", self._started)
        # A greenlet has context variables of its own, so each of them watches for itself.
        self.hub.around = lambda: crash_points.watched(self.power.crash_point)
        # Both clocks are one here; an hour of everybody's orders would be read every 10 s.
        set_(reconciling, "WIDE", timedelta(minutes=2))
        set_(logging.root.manager, "disable", logging.WARNING)  # of these there are thousands
        logging.getLogger().addHandler(self.troubles)

    def reboot(self, off_s: float) -> None:
        """Every process ends, and the machine comes back with a clock that is so far off."""
        for jobs in self.jobs:
            self.hub.cut(jobs.process)
        self.boots += 1
        self.hub.machine.off_s = off_s
        clock.count_from(None)

    def close(self) -> None:
        logging.getLogger().removeHandler(self.troubles)
        for jobs in self.jobs:
            self.hub.cut(jobs.process)
        self.hub.cut(self.hub.outside)
        db.database.close()
        clock.count_from(None)

    def _started(self, pid: int) -> str:
        alive = {jobs.process.pid for jobs in self.jobs if jobs.process.alive}
        return "now" if pid in alive or pid == self.hub.outside.pid else ""

    # the stand-ins

    def _open_the_stand_ins(self) -> None:
        provider = esimgo_app.create_app(KEY, offers=offers(), balance="10000000.00", rate_limit=0)
        self.esimgo = provider.extensions["sandbox"]
        self.patch.setattr(Courier, "start", lambda courier: None)
        chat = telegram_app.create_app(token=TOKEN, app_url="http://127.0.0.1:3/")
        self.telegram = chat.extensions["telegram"]
        self.telegram.courier = Carrier(self)
        self.telegram.questions = Questions(self.hub)
        self.telegram.world.data["webhook"].update(url="here", secret_token="hook")
        self.provider = Place(
            "eSIM Go",
            provider,
            esimgo_app.fault_book(provider),
            (0.05, 0.3),
            _below,
            _calm,
            witness=self._witness,
            makes_no_sense=self._is_mistaken_for_nobodys,
        )
        self.chat = Place("Telegram", chat, telegram_app.fault_book(chat), (0.02, 0.1), _method, _calm)
        self.network.places = {ESIMGO: self.provider, TELEGRAM: self.chat}
        self.network.sender = _intent

    def _witness(self, environ: Environ, work: Work) -> server.Answer:
        orders = self.esimgo.world.orders
        before = len(orders)
        answer = work()
        for count, reference in enumerate(list(orders)[before:]):
            made = Bought(reference, environ["proof.sender"], self.hub.now_s, again=count > 0)
            self.bought[reference] = made
        return answer

    def _is_mistaken_for_nobodys(self, fate: str) -> bool:
        """Whether an eSIM is somebody's is known once it was delivered: the stand-in takes the oldest."""
        oldest = list(self.esimgo.world.esims)[:2]
        delivered = Esim.select().where(Esim.iccid.in_(oldest or [""])).count()
        return fate == "foreign_iccids" and delivered < 2

    def close_chat(self, seconds: float) -> None:
        """Telegram cannot be reached for so long."""
        self.chat.down_until_s = self.hub.now_s + seconds
        self.chat_back_s.append(self.chat.down_until_s)

    def meet(self, user_id: int) -> None:
        with self.telegram.world.change() as data:
            meet(data, user_id, stars=10_000_000)

    def pay(self, invoice: str, user_id: int) -> dict[str, Any]:
        """As Telegram does: {"status": "paid", "charge_id"} or {"status": "failed", "error_message"}."""
        return stars.pay(self.telegram, stars.slug_of(invoice), user_id)

    def replace_bundle(self, name: str, new: str, how: str) -> None:
        """eSIM Go sells a bundle by a new name from now on: the "same", one that has "more" or "less", or is
        "dearer". ValueError when it does not sell it.
        """
        shelf = self.esimgo.world.catalogue
        known = shelf.known(name)
        assert known is not None
        changed: dict[str, dict[str, Any]] = {
            "same": {},
            "more": {"duration": known["duration"] + 30},
            "less": {"duration": 1, "dataAmount": min(known["dataAmount"], 500)},
            "dearer": {"price": known["price_m"] * 1.2 // 1 / 1000},
        }
        shelf.edit({"renamed_bundle": {"from": name, "to": new} | changed[how]})

    def take_back(self, charge_id: str) -> None:
        """A charge goes back without the shop: Telegram's decision, or the owner's hand."""
        paid = self.telegram.world.data["payments"][charge_id]
        user_id = paid["source"]["user"]["id"]
        told = Params({"user_id": user_id, "telegram_payment_charge_id": charge_id})
        self.telegram.call("refundStarPayment", told)
        self.taken_back.add(charge_id)

    # jobs processes

    def start_jobs(self, without: frozenset[str] = frozenset(NOT_RUN)) -> "Jobs":
        jobs = Jobs(self, without)
        self.jobs = [*(known for known in self.jobs if known.process.alive), jobs]
        return jobs

    def leader(self) -> "Jobs | None":
        return next((jobs for jobs in self.jobs if jobs.is_leading), None)


class Jobs:
    """One `python -m jobs`: the real schedule, each of its executors a thread, and the heartbeat."""

    def __init__(self, world: World, without: frozenset[str]) -> None:
        self.world, self.hub = world, world.hub
        self.process: Process = self.hub.process("jobs")
        self.context: Context | None = None
        self._entries = [entry for entry in schedule.SCHEDULE if _name(entry) not in without]
        self.hub.spawn(self.process, self._run)

    @property
    def is_leading(self) -> bool:
        return self.process.alive and self.context is not None

    @property
    def leadership(self) -> Leadership:
        assert self.context is not None
        return self.context.leadership

    def _run(self) -> None:
        leadership = schedule.wait_for_leadership(self.world.config)
        made = Context.of(self.world.config, leadership, schedule.NAMES)
        self.context = replace(made, locks=JobLocks(lambda: Alone(self.hub)))
        self._ticks = schedule.Ticks(self.context)
        self.hub.spawn(self.process, self._beat)
        for executor, lanes in sorted(schedule.EXECUTORS.items()):
            mine = [entry for entry in self._entries if entry.executor == executor]
            for _ in range(lanes if mine else 0):
                self.hub.spawn(self.process, self._tick, mine)

    def _beat(self) -> None:
        while leases.keep(self.leadership, self.world.config.lease_s):
            self.hub.sleep(BEAT_S)
        raise PowerCut  # os._exit

    def _tick(self, entries: list[schedule.Entry]) -> None:
        assert self.context is not None
        due = {entry: self.hub.now_s + self.world.chance.uniform(0, 1) for entry in entries}
        while True:
            entry = min(due, key=due.__getitem__)
            if due[entry] > self.hub.now_s:
                self.hub.sleep(due[entry] - self.hub.now_s)
            self._ticks.tick(entry)
            every_s = min(max(entry.every_s, 1.0), schedule.LONGEST_TICK_S)
            due[entry] = max(due[entry] + every_s, self.hub.now_s + 0.001)


class Carrier(Courier):
    """The stand-in's own courier with its queues and its repeating, but without threads and sockets."""

    def __init__(self, world: World) -> None:
        telegram = world.telegram
        super().__init__(telegram.world, telegram.update_faults, telegram.obey)
        self._shop, self._hub = world, world.hub
        self.dead_web: Callable[[], bool] = lambda: False

    def wait(self, update_id: int, seconds: float) -> bool:
        give_up_s = self._hub.now_s + seconds
        while self._hub.now_s < give_up_s:
            if self.world.data["updates"].get(str(update_id), {}).get("state") == "delivered":
                return True
            self._hub.sleep(0.1)
        return False

    def queue(self, chat_id: int, update_id: int) -> None:
        queue = self.queues.setdefault(chat_id, [])
        queue.append(update_id)
        if len(queue) == 1:
            self._hub.spawn(self._hub.outside, self.carry_all, chat_id)

    def queue_later(self, chat_id: int, update_id: int, seconds: float) -> None:
        self._hub.spawn(self._hub.outside, self.queue, chat_id, update_id, after_s=seconds)

    def carry_all(self, chat_id: int) -> None:
        while queue := self.queues.get(chat_id):
            pause = self.deliver(queue[0])
            if pause is None:
                queue.pop(0)
            else:
                self._hub.sleep(pause)
        self.queues.pop(chat_id, None)

    def post(self, update: dict[str, Any]) -> tuple[int, bytes]:
        """What webapp.views.webhooks.telegram does. A web process that dies takes its request along."""
        self._hub.sleep(self._shop.chance.uniform(0.02, 0.1))
        if self.dead_web():
            raise ConnectionRefusedError
        try:
            answer = self.answer_of_the_shop(json.dumps(update).encode())
        except PowerCut:
            raise ConnectionResetError from None
        return 200, json.dumps(answer or {}).encode()

    def answer_of_the_shop(self, raw: bytes) -> Any:
        update = parse_update(raw)
        assert update is not None
        if update.pre_checkout_query is not None:
            reference = update.pre_checkout_query.invoice_payload
            quotes.wait_for_verdict(reference, self._shop.config, self._shop.verdict_waits)
        return telegram_updates.receive(update, self._shop.config)


class Questions:
    """The stand-in's questions, waited for on the moved clock."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: dict[str, Any] = {}

    def ask(self) -> str:
        question = f"question-{self._hub.process('question').pid}"
        self._open[question] = None
        return question

    def answer(self, question_id: str, answer: dict[str, Any]) -> bool:
        if self._open.get(question_id, answer) is not None:
            return False
        self._open[question_id] = answer
        return True

    def wait(self, question_id: str, seconds: float) -> dict[str, Any] | None:
        give_up_s = self._hub.now_s + seconds
        while self._open[question_id] is None and self._hub.now_s < give_up_s:
            self._hub.sleep(0.05)
        answer: dict[str, Any] | None = self._open.pop(question_id)
        return answer


def _name(entry: schedule.Entry) -> str:
    return entry.job.__name__.removeprefix("jobs.")


def _below(path: str) -> str:
    return path.removeprefix(esimgo_app.BASE)


def _method(path: str) -> str:
    return telegram_botapi.method_path(path) or path


def _calm(_method: str, _path: str, _body: bytes) -> Mix:
    return {}


def _intent() -> int:
    """Whose purchase is being sent: one at a time, so the newest that has begun."""
    newest = Submission.select(Submission.id).where(Submission.sent_at.is_null(False))
    row = newest.order_by(Submission.id.desc()).first()
    return 0 if row is None else int(row.id)


def client(config: Config) -> ESIMGoClient:
    return ESIMGoClient(KEY, config.esimgo_api_url)


def order_of(submission_id: int) -> Order:
    order: Order = Submission.get_by_id(submission_id).order
    return order
