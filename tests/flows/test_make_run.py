"""`make run`, as a newcomer types it: starts, says where, stops without leaving anything behind."""

import os
import re
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from sandbox import clock
from tests.sandbox.esimgo import free_port
from tests.stack import ROOT, until

pytestmark = pytest.mark.flow

SECRET_FREE = {
    name: value for name, value in os.environ.items() if not name.startswith(("ESIMGO", "TELEGRAM", "MAKE"))
}


class Run:
    """A checkout of its own (its var/ is empty), and every process that was started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for entry in ROOT.iterdir():
            if entry.name not in {"var", ".env", ".git"}:
                (folder / entry.name).symlink_to(entry)
        self.mark = f"simka-{uuid.uuid4().hex}"
        self.ports = {name: free_port() for name in ("PORT", "ESIMGO_SANDBOX_PORT", "TELEGRAM_SANDBOX_PORT")}
        self.process: subprocess.Popen[bytes] | None = None
        self.output = folder / "output"

    def start(self, **extra: str) -> "subprocess.Popen[bytes]":
        ports = {name: str(port) for name, port in self.ports.items()}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "--silent", "run"],
                cwd=self.folder,
                env=SECRET_FREE | ports | {"MARK": self.mark} | extra,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Whoever runs the suite in the background lets it ignore Ctrl-C, and its children with it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        return self.process

    def said(self) -> str:
        return self.output.read_text()

    def left(self) -> list[int]:
        """The processes of this run that are still alive."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def end(self) -> None:
        for pid in self.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(60)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.end()


# --- one that goes on while it is used: each of these tests leaves it running


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Has said its address. It runs on files of its own, and nothing is left of it after Ctrl-C."""
    run = Run(tmp_path_factory.mktemp("run"))
    for name in ("webapp", "templates"):
        (run.folder / name).unlink()
        shutil.copytree(ROOT / name, run.folder / name)
    try:
        begin(run)
        yield run
        assert run.process is not None
        os.killpg(run.process.pid, signal.SIGINT)  # Ctrl-C
        until(lambda: run.left() == [], 15, "everything stopped")
    finally:
        run.end()


def begin(run: Run) -> None:
    run.start()
    until(lambda: f"{window(run)}/" in run.said(), 30, "the address")


def window(run: Run) -> str:
    return f"http://127.0.0.1:{run.ports['TELEGRAM_SANDBOX_PORT']}"


SHARED = pytest.mark.xdist_group("make run")


@SHARED
def test_it_prints_one_address_and_keeps_the_orders(lively: Run) -> None:
    addresses = re.findall(r"http://\S+", lively.said().partition("Open this address")[2])
    assert addresses[:1] == [f"{window(lively)}/"]
    reference, headers = buy(lively)
    assert lively.process is not None
    lively.process.send_signal(signal.SIGTERM)
    lively.process.wait(60)
    until(lambda: lively.left() == [], 10, "everything stopped")

    begin(lively)
    found = requests.get(f"{shop(lively)}/api/esimgo/status/{reference}", headers=headers, timeout=30).json()
    assert found["activation_code"].startswith("LPA:1$")


@SHARED
def test_a_killed_process_is_started_again(lively: Run) -> None:
    fallen = begun_again(lively, "web")
    subprocess.run(["pkill", "-9", "-f", f"granian .*{lively.ports['PORT']}"], check=False)
    until(lambda: begun_again(lively, "web") > fallen, 10, "the fall")
    until(lambda: answers(f"{shop(lively)}/healthz"), 20, "the web process again")


def begun_again(run: Run, process: str) -> int:
    return len(re.findall(rf"\b{process}\b.*starting again", run.said()))


@SHARED
@pytest.mark.parametrize(
    ("file", "said", "instead"),
    [
        ("webapp/views/health.py", 'status="ok"', 'status="fine"'),
        ("templates/base.html", "<html", '<html data-changed="fine"'),
    ],
)
def test_a_change_is_seen_without_a_new_start(lively: Run, file: str, said: str, instead: str) -> None:
    url = f"{shop(lively)}/{'healthz' if file.endswith('.py') else 'terms'}"
    assert '"fine"' not in until(lambda: told(url), 60, "the shop")
    text = (lively.folder / file).read_text()
    assert said in text
    before = {name: begun_again(lively, name) for name in KEPT}
    (lively.folder / file).write_text(text.replace(said, instead))
    until(lambda: '"fine"' in told(url), 60, "the change")
    until(lambda: all(begun_again(lively, name) > before[name] for name in KEPT), 30, "all begin again")
    until(lambda: all(map(answers, (f"{shop(lively)}/readyz", *stand_ins(lively)))), 30, "all of them again")


KEPT = ("web", "esimgo", "telegram", "jobs")


def stand_ins(run: Run) -> Iterator[str]:
    for name in ("ESIMGO_SANDBOX_PORT", "TELEGRAM_SANDBOX_PORT"):
        yield f"http://127.0.0.1:{run.ports[name]}/_sandbox/faults"


def shop(run: Run) -> str:
    return f"http://127.0.0.1:{run.ports['PORT']}"


def buy(run: Run) -> tuple[str, dict[str, str]]:
    query = "user_id=1001&language=en"
    init_data = requests.get(f"{window(run)}/_sandbox/init-data?{query}", timeout=30).json()["init_data"]
    headers = {"Authorization": f"tma {init_data}"}

    def order() -> dict[str, str] | None:
        answer = requests.post(
            f"{shop(run)}/api/esimgo/order", json={"plan_id": "tr-1gb-7d"}, headers=headers, timeout=30
        )
        placed = answer.json() if answer.status_code == 201 else {}
        return placed if placed.get("invoice_url") else None

    placed = until(order, 30, "a plan to buy")
    until(lambda: pays(run, placed["invoice_url"]), 30, "the payment")
    status = f"{shop(run)}/api/esimgo/status/{placed['id']}"
    until(lambda: requests.get(status, headers=headers, timeout=30).json()["activation_code"], 20, "delivery")
    return placed["id"], headers


def pays(run: Run, invoice: str) -> bool:
    """A shop that has just started may know neither eSIM Go's balance nor its word: one taps again."""
    body = {"invoice": invoice, "user_id": 1001}
    return bool(
        requests.post(f"{window(run)}/_sandbox/pay", json=body, timeout=60).json()["status"] == "paid"
    )


def told(url: str) -> str:
    """What is at this address, "" while nobody answers."""
    try:
        return requests.get(url, timeout=30).text
    except requests.RequestException:
        return ""


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


# --- those that end at once


SOME, ALL = (0.05, 0.5, 0.9, 1.5), (0.05, 0.3, 0.5, 0.6, 0.7, 0.9, 1.5)
"""Seconds after the start: it has just begun, migrates, starts its processes, and they start."""


@pytest.mark.proof
@pytest.mark.parametrize("ctrl_c", [False, True])
def test_it_stops_right_after_the_start(run: Run, ctrl_c: bool, in_full: bool) -> None:
    for after_s in ALL if in_full else SOME:
        process = run.start()
        clock.sleep(after_s)
        if ctrl_c:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGTERM)
        process.wait(60)
        until(lambda: run.left() == [], 10, f"everything stopped, told after {after_s} s: {run.left()}")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ESIMGO_API_KEY": "real-key"}, "simka: TELEGRAM_BOT_TOKEN is missing"),
        (
            {
                "ESIMGO_API_KEY": "k",
                "TELEGRAM_BOT_TOKEN": "1:a",
                "TELEGRAM_WEBHOOK_SECRET": "s",
                "ESIMGO_API_URL": "http://127.0.0.1:9",
            },
            "simka: TELEGRAM_API_URL is real but ESIMGO_API_URL is a local sandbox",
        ),
        ({"MARKUP_PERCENT": "much"}, "simka: MARKUP_PERCENT must be a number"),
        ({"ESIMGO_SANDBOX_PORT": "door"}, "simka: ESIMGO_SANDBOX_PORT must be a port"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(run: Run, settings: dict[str, str], line: str) -> None:
    assert run.start(**settings).wait(60) != 0
    said = [text for text in run.said().splitlines() if not text.startswith("make")]
    assert len(said) == 1
    assert said[0].startswith(line)


def test_a_taken_port_is_one_clear_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", run.ports["PORT"]))
        taken.listen()
        assert run.start().wait(60) != 0
    said = [text for text in run.said().splitlines() if not text.startswith("make")]
    assert said == [
        f"simka: port {run.ports['PORT']} is taken (Address already in use); set PORT to a free one"
    ]


def test_a_missing_python_is_one_clear_line(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "find-python.sh")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "simka: Python 3.11 or newer is needed, and none was found\n"
