"""The whole shop as real processes on free ports: both stand-ins, web and jobs. What a flow test drives."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, TypeVar

import requests

from sandbox import clock
from tests.databases.servers import say
from tests.forking import Forked
from tests.sandbox.esimgo import free_port

ROOT = Path(__file__).parents[1]
KEY = "sandbox-key"
TOKEN = "123456:SANDBOX"
SECRET = "hook"
PLAN = "tr-3gb-30d"
PATIENCE = 6  # a busy one is so many times slower
STARTS_IN_S = 30  # all workers start their shops at once: fifteen processes

UNDER_WAY = """
SELECT 1 FROM orders WHERE stage IN ('paid', 'submitting', 'unknown', 'accepted')
UNION ALL SELECT 1 FROM refund WHERE state <> 'done'
"""

T = TypeVar("T")


def until(look: Callable[[], T | None], seconds: float = 15, what: str = "") -> T:
    """Wait in real time until `look` gives something true; returns that. `seconds` is what a quiet machine
    may need.
    """
    give_up = clock.monotonic() + seconds * PATIENCE
    while not (found := look()):
        assert clock.monotonic() < give_up, f"it never came true: {what or look}"
        clock.sleep(0.05)
    return found


@dataclass
class Stack:
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    web_port: int = field(default_factory=free_port)
    esimgo_port: int = field(default_factory=free_port)
    telegram_port: int = field(default_factory=free_port)
    processes: dict[str, Forked] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    # --- processes

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def window(self) -> str:
        return f"http://127.0.0.1:{self.telegram_port}"

    @property
    def environment(self) -> dict[str, str]:
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("ESIMGO", "TELEGRAM"))
        }
        return plain | {
            "ENV_FILE": os.devnull,  # whoever develops here may have a shop of their own in .env
            "FLASK_SKIP_DOTENV": "1",
            "ESIMGO_API_KEY": KEY,
            "ESIMGO_API_URL": f"http://127.0.0.1:{self.esimgo_port}/v2.5",
            "ESIMGO_ORDER_INTERVAL_S": "0",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.window,
            "TELEGRAM_SANDBOX_URL": self.window,
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "PUBLIC_URL": self.web,
            "DATABASE_URL": f"sqlite:///{self.folder}/simka.db",
            "CLOCK_FILE": str(self.folder / "clock"),
            "FORGOTTEN_FILE": str(self.folder / "forgotten"),
            "SETTLE_S": "3",
            **self.settings,
        }

    def start(self) -> None:
        clock_file = f"--clock-file {self.folder / 'clock'}"
        self.spawn(
            "esimgo",
            f"sandbox.esimgo --port {self.esimgo_port} --api-key {KEY} --rate-limit 10 {clock_file}"
            f" --callback-url {self.web}/api/esimgo/webhook",
        )
        self.spawn(
            "telegram",
            f"sandbox.telegram --port {self.telegram_port} --token {TOKEN} --app-url {self.web} {clock_file}"
            f" --esimgo-url http://127.0.0.1:{self.esimgo_port}",
        )
        self.flask("migrate")
        self.start_web()
        self.start_jobs()
        until(lambda: self.answers(f"{self.window}/_sandbox/state"), STARTS_IN_S, "Telegram")
        self.flask("setup-bot")
        until(lambda: self.answers(f"{self.web}/healthz"), STARTS_IN_S, "the shop")
        until(lambda: self.catalogue(), STARTS_IN_S, "the catalogue")

    def is_open(self) -> bool:
        """The shop says of nothing that it does not work: a leader is there, by the clock as it is now."""
        return 'class="notice"' not in self.get("/").text

    def start_web(self, kill_at: str = "", name: str = "web") -> None:
        server = f"granian --interface wsgi --host 127.0.0.1 --port {self.web_port} --no-access-log"
        threads = "--blocking-threads 16 --workers-kill-timeout 3"
        self.spawn(name, f"{server} {threads} wsgi:app", KILL_AT=kill_at)

    def second_node(self) -> "Stack":
        """The same shop, seen through another web process."""
        other = replace(self, web_port=free_port())
        other.start_web(name="web2")
        until(lambda: self.answers(f"{other.web}/healthz"), STARTS_IN_S, "the second node")
        return other

    def start_jobs(self, kill_at: str = "", name: str = "jobs") -> None:
        self.spawn(name, "jobs", KILL_AT=kill_at)

    def spawn(self, name: str, module: str, **extra: str) -> None:
        """Run `python -m MODULE ARGUMENTS`; what it says is added to NAME.log."""
        log = self.folder / f"{name}.log"
        self.processes[name] = Forked(module.split(), self.environment | extra, log)

    def flask(self, *command: str) -> str:
        """What a command of the shop says."""
        code, said = self.run(" ".join(("flask --app wsgi", *command)))
        assert code == 0, said
        return said

    def run(self, module: str) -> tuple[int, str]:
        """Run `python -m MODULE ARGUMENTS` to its end: its exit code, and what it said."""
        (self.folder / "command.log").unlink(missing_ok=True)
        self.spawn("command", module)
        return self.wait_for_death("command"), self.log("command")

    def kill(self, name: str = "jobs") -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def wait_for_death(self, name: str = "jobs") -> int:
        return self.processes[name].wait(20 * PATIENCE)

    def stop(self) -> None:
        with suppress(requests.RequestException):
            self.note_secrets()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except TimeoutExpired:
                process.kill()
                process.wait()
        self.assert_no_secret_was_logged()

    def note_secrets(self) -> None:
        """Everything that somebody could install an eSIM with, or call in our name with."""
        for esim in self.esimgo("GET", "state")["esims"]:
            self.secrets |= {esim["iccid"], esim["matchingId"], esim["lpa"]}

    def assert_no_secret_was_logged(self) -> None:
        secrets = self.secrets | {KEY, TOKEN, f"={SECRET}"}
        for name in ("web", "web2", "jobs", "standby"):
            text = self.log(name) if (self.folder / f"{name}.log").exists() else ""
            told = [secret for secret in secrets if secret in text]
            assert told == [], f"{len(told)} secrets in the log of {name}"
            assert "tgWebAppData" not in text and "query_id=" not in text

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def last_said(self, characters: int = 2000) -> list[tuple[str, str]]:
        """Of each process: which log, and how it ends."""
        logs = sorted(self.folder.glob("*.log"))
        return [(f"the end of {log.name}", log.read_text(errors="replace")[-characters:]) for log in logs]

    def count(self, name: str, words: str) -> int:
        """How often the log of NAME says so by now: it is added to by every process of that name."""
        return self.log(name).count(words) if (self.folder / f"{name}.log").exists() else 0

    # --- the stand-ins' control planes, on the port that is there even when the first is down

    def esimgo(self, method: str, path: str, body: Any = None) -> Any:
        return self._control(self.esimgo_port + 100, method, path, body)

    def telegram(self, method: str, path: str, body: Any = None) -> Any:
        return self._control(self.telegram_port + 100, method, path, body)

    @staticmethod
    def _control(port: int, method: str, path: str, body: Any) -> Any:
        answer = requests.request(method, f"http://127.0.0.1:{port}/_sandbox/{path}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @staticmethod
    def answers(url: str) -> bool:
        try:
            return requests.get(url, timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def reset(self) -> None:
        """A clean provider and a clean Telegram. The shop keeps its rows, as it would, but has done with
        them: what an earlier test left is neither bought, refunded nor looked at in a later one.
        """
        self.note_secrets()
        self.esimgo("DELETE", "faults")
        self.telegram("DELETE", "faults")
        self.live(660)  # no payment sheet of an earlier test is open, no quote of one counts
        until(lambda: self.get("/readyz").status_code == 200, 20, "ready")
        until(self.hurried(lambda: not self.sql(UNDER_WAY)), 30, "the end of what was begun")
        self.sql("UPDATE esim SET next_refresh_at = NULL")
        self.forget_verdicts()
        self.esimgo("POST", "reset")
        self.telegram("POST", "reset")
        until(self.is_open, 30, "open for sale")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Behind the shop's back, in its database, and committed; returns the rows."""
        return say(self.environment["DATABASE_URL"], statement)

    def advance(self, seconds: float) -> None:
        self.esimgo("POST", "clock", {"advance_s": seconds})

    def live(self, seconds: float) -> None:
        """Advance, and wait until the leader has met the new time: until then nobody leads, by that time."""
        beats = self.sql("SELECT epoch, beats FROM lease")
        self.advance(seconds)
        until(lambda: self.sql("SELECT epoch, beats FROM lease") != beats, 20, "a leader by the new time")

    def hurried(self, look: Callable[[], T]) -> Callable[[], T]:
        """`look`, which moves the clock by eleven seconds whenever half a second has brought nothing."""
        moved_at = clock.monotonic()

        def looking() -> T:
            nonlocal moved_at
            if not (found := look()) and clock.monotonic() - moved_at > 0.5:
                self.advance(11)
                moved_at = clock.monotonic()
            return found

        return looking

    def confirmed(self) -> bool:
        """The shop has noted eSIM Go's word for a plan with an open payment sheet; what it has said may
        still be on its way.
        """
        return bool(self.sql("SELECT 1 FROM esimgo_products WHERE check_verdict = 'ok'"))

    def forget_verdicts(self) -> None:
        self.sql("UPDATE esimgo_products SET check_verdict = '', checked_at = NULL")

    def provider_orders(self) -> list[dict[str, Any]]:
        return list(self.esimgo("GET", "state")["orders"])

    def refunds(self) -> list[dict[str, Any]]:
        return list(self.telegram("GET", "refunds")["refunds"])

    # --- the shop as anybody sees it

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.web + path, timeout=30, **more)

    def catalogue(self) -> list[dict[str, Any]]:
        return list(self.get("/api/esimgo/catalogue", params={"country": "TR"}).json()["plans"])

    def customer(self, user_id: int, language: str = "en") -> "Traveller":
        self.telegram("POST", "send", {"user_id": user_id, "text": "/start"})
        return Traveller(self, user_id, language)


@dataclass
class Traveller:
    """One person with Telegram on their phone."""

    stack: Stack
    user_id: int
    language: str = "en"

    @cached_property
    def headers(self) -> dict[str, str]:
        """As of the first time: good for a day of the clock, like a Mini App that stays open."""
        query = f"init-data?user_id={self.user_id}&language={self.language}"
        return {"Authorization": "tma " + self.stack.telegram("GET", query)["init_data"]}

    def fragment(self, path: str) -> requests.Response:
        return self.stack.get(path, headers=self.headers | {"HX-Request": "true"})

    def press(self, path: str, **form: str) -> requests.Response:
        headers = self.headers | {"HX-Request": "true"}
        return requests.post(self.stack.web + path, data=form, headers=headers, timeout=60)

    def order(self, plan_id: str = PLAN) -> dict[str, Any]:
        answer = requests.post(
            f"{self.stack.web}/api/esimgo/order", json={"plan_id": plan_id}, headers=self.headers, timeout=30
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def pay(self, invoice_url: str) -> dict[str, Any]:
        body = {"invoice": invoice_url, "user_id": self.user_id}
        return dict(self.stack.telegram("POST", "pay", body))

    def buy(self, plan_id: str = PLAN) -> str:
        """Order and pay, patiently; returns the order's reference."""
        order = self.order_to_pay(plan_id)
        until(lambda: self.pays(order["invoice_url"]), 60, "the payment")
        return str(order["id"])

    def buy_into(self, kind: str, **fault: Any) -> str:
        """Buy what eSIM Go has just confirmed, and let the order itself meet the fault."""
        order = self.order_to_pay()
        until(self.stack.confirmed, 20, "the word of eSIM Go")
        self.pay_into(order["invoice_url"], kind, **fault)
        return str(order["id"])

    def pay_into(self, invoice_url: str, kind: str, **fault: Any) -> None:
        """eSIM Go falls ill while the sheet is open. When its word is asked for again just then, the payment
        is refused: then it speaks once more, and falls ill again.
        """
        fault = {"match": "POST /orders", "kind": kind} | fault
        for _ in range(5):
            self.stack.esimgo("POST", "faults", fault)
            if self.pay(invoice_url)["status"] == "paid":
                return
            self.stack.esimgo("DELETE", "faults")
            self.stack.forget_verdicts()
            until(self.stack.confirmed, 20, "the word of eSIM Go")
        raise AssertionError("the payment was never allowed")

    def order_to_pay(self, plan_id: str = PLAN) -> dict[str, Any]:
        """With its invoice: at first Telegram may not give one, when many are asking at once."""

        def look() -> dict[str, Any] | None:
            order = self.order(plan_id)
            return order if order["invoice_url"] else None

        return until(look, 60, "the invoice")

    def pays(self, invoice_url: str) -> bool:
        """As a person does: "tap Pay again" is obeyed, any other refusal is not expected."""
        told = self.pay(invoice_url)
        again = ("tap Pay again", "нажмите «Оплатить» ещё раз")
        assert told["status"] == "paid" or any(text in told.get("error_message", "") for text in again), told
        return bool(told["status"] == "paid")

    def status(self, reference: str) -> dict[str, Any]:
        answer = self.stack.get(f"/api/esimgo/status/{reference}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def reaches(
        self, reference: str, *stages: str, seconds: float = 20, faster: bool = False
    ) -> dict[str, Any]:
        """Wait until the order is in one of these stages; returns its JSON model.

        `faster` is for what waits for the clock, not for an answer: it is played forward meanwhile.
        """
        last: dict[str, Any] = {}

        def look() -> bool:
            last.update(self.status(reference))
            return last["stage"] in stages

        until(self.stack.hurried(look) if faster else look, seconds, f"{reference} in {stages}")
        return last

    def messages(self) -> list[dict[str, Any]]:
        """What the bot has written to this person."""
        found = self.stack.telegram("GET", f"messages?user_id={self.user_id}")["messages"]
        return [message for message in found if message["from"]["is_bot"]]

    def texts(self) -> list[str]:
        return [message.get("text") or message.get("caption") or "" for message in self.messages()]


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Stack]:
    """What fails meanwhile says what the processes said last."""
    stack = Stack(folder, settings)
    try:
        stack.start()
        yield stack
    except Exception as error:
        for title, said in stack.last_said():
            error.add_note(f"--- {title}\n{said}")
        raise
    finally:
        stack.stop()
