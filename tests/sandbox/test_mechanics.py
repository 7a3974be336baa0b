"""The mechanics both sandboxes share, over real sockets: clock, faults, server, state."""

import http.client
import json
import multiprocessing
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox import clock
from sandbox.faults import CallLog, FaultBook, UnderFaults
from sandbox.server import PortTaken, SandboxServer, StateFile
from tests.sandbox.esimgo import free_port, until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = {"reset_before", "reset_after_commit", "commit_late", "hang", "slow", "broken_json", "down", "429"}


class Counter:
    """An app with one piece of work: to count. `/api/count` counts, `/_sandbox/count` tells."""

    def __init__(self) -> None:
        self.count = 0
        self.faults = FaultBook(KINDS)
        self.calls = CallLog()
        self.wsgi = UnderFaults(self._answer, self.faults, self.calls, self._api_path)

    def _api_path(self, path: str) -> str | None:
        return path.removeprefix("/api") if path.startswith("/api") else None

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/api"):
            self.count += 1
        if environ["PATH_INFO"] == "/_sandbox/down":
            self.faults.add({"kind": "down"})
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"count": self.count}).encode()]


@pytest.fixture(autouse=True)
def own_clock() -> Iterator[None]:
    clock.use_offset_file(None)
    yield
    clock.use_offset_file(None)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def url(counter: Counter) -> Iterator[str]:
    port = free_port()
    server = SandboxServer(counter.wsgi, port, counter.faults)
    yield f"http://127.0.0.1:{port}"
    server.close()


# --- clock


def test_an_absent_file_means_the_machines_own_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=NOON.astimezone))
    clock.use_offset_file(tmp_path / "clock")
    assert (clock.now(), clock.now().tzinfo) == (NOON, UTC)


def test_advancing_moves_everybody_who_reads_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.use_offset_file(tmp_path / "clock")
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=NOON.astimezone))
    assert clock.advance(90) == 90
    assert clock.advance(0.5) == 90.5
    assert float((tmp_path / "clock").read_text()) == 90.5
    assert clock.now() == NOON + timedelta(seconds=90.5)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_the_clock_never_runs_backwards(seconds: float) -> None:
    with pytest.raises(ValueError, match="forward"):
        clock.advance(seconds)
    assert clock.offset_s() == 0


def _advance_often(path: Path) -> None:
    clock.use_offset_file(path)
    for _ in range(100):
        clock.advance(1)


def test_two_processes_advancing_at_once_lose_no_second(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    movers = [spawn.Process(target=_advance_often, args=(tmp_path / "clock",)) for _ in range(2)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(60)
    assert float((tmp_path / "clock").read_text()) == 200


# --- the book of faults


@pytest.mark.parametrize(
    ("json_", "complaint"),
    [
        ([], "JSON object"),
        ({}, "unknown kind ''"),
        ({"kind": "flood"}, "unknown kind 'flood'"),
        ({"kind": "hang", "time": 1}, "unknown field 'time'"),
        ({"kind": "hang", "times": 0}, "times"),
        ({"kind": "hang", "times": True}, "times"),
        ({"kind": "hang", "times": "2"}, "times"),
        ({"kind": "hang", "after_s": -1}, "after_s"),
        ({"kind": "hang", "after_s": float("inf")}, "after_s"),
        ({"kind": "hang", "after_s": "1"}, "after_s"),
        ({"kind": "hang", "factor": "1"}, "factor"),
        ({"kind": "hang", "factor": -1}, "factor"),
        ({"kind": "hang", "match": 5}, "match"),
        ({"kind": "hang", "match": "POST? /orders"}, "match"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(json_: object, complaint: str) -> None:
    book = FaultBook(KINDS)
    with pytest.raises(ValueError, match=complaint.replace("?", r"\?")):
        book.add(json_)
    assert book.list() == []


@pytest.mark.parametrize(
    ("match", "method", "path", "hit"),
    [
        (None, "GET", "/anything", True),
        ("", "GET", "/anything", True),
        ("POST /orders", "POST", "/orders", True),
        ("post /orders", "POST", "/orders/1", True),
        ("POST /orders", "GET", "/orders", False),
        ("/orders", "GET", "/orders", True),
        ("/orders", "GET", "/esims", False),
        ("DELETE", "DELETE", "/esims", True),
    ],
)
def test_a_fault_meets_the_calls_its_match_describes(match: str, method: str, path: str, hit: bool) -> None:
    book = FaultBook(KINDS)
    book.add({"match": match, "kind": 429})
    assert (book.take(method, path) is not None) is hit


def test_the_first_added_fault_wins_and_gives_way_when_it_is_used_up() -> None:
    book = FaultBook(KINDS)
    book.add({"kind": "slow", "times": 2})
    book.add({"kind": "hang"})
    taken = [book.take("GET", "/") for _ in range(4)]
    assert [fault and fault.kind for fault in taken] == ["slow", "slow", "hang", "hang"]


def test_lifting_forgets_every_fault() -> None:
    book = FaultBook(KINDS)
    book.add({"kind": "hang"})
    book.lift_all()
    assert book.take("GET", "/") is None
    assert book.list() == []


# --- faults over a real connection


def test_a_healthy_connection_is_kept_alive(counter: Counter, url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    ports = set()
    for _ in range(5):
        connection.request("GET", "/api/count")
        connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1
    assert counter.count == 5


def test_the_date_header_follows_the_clock(url: str) -> None:
    clock.advance(86_400)
    date = parsedate_to_datetime(requests.get(f"{url}/api/count", timeout=60).headers["Date"])
    assert abs((date - clock.now()).total_seconds()) < 30


def test_reset_before_does_no_work_and_sends_a_reset(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "reset_before", "times": 1})
    with pytest.raises(requests.ConnectionError) as caught:
        requests.post(f"{url}/api/count", timeout=60)
    assert "Connection reset" in str(caught.value)
    assert counter.count == 0
    assert requests.post(f"{url}/api/count", timeout=60).json() == {"count": 1}


def test_reset_after_commit_does_the_work_and_loses_the_answer(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "reset_after_commit"})
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/api/count", timeout=60)
    assert counter.count == 1
    assert counter.calls.list()[0]["status"] is None


def test_commit_late_cuts_the_caller_off_before_it_does_the_work(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "commit_late", "after_s": 0.3})
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/api/count", timeout=60)
    until(lambda: counter.count == 1)


def test_a_late_commit_can_be_played_forward(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "commit_late", "after_s": 3600, "times": 1})
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{url}/api/count", timeout=0.1)
    until(lambda: counter.faults.list() == [])
    assert counter.count == 0
    clock.advance(3600)
    until(lambda: counter.count == 1)


def test_starting_over_drops_the_work_that_was_still_to_come(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "commit_late", "after_s": 3600, "times": 1})
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{url}/api/count", timeout=0.1)
    until(lambda: counter.faults.list() == [])
    counter.faults.start_over()
    clock.advance(3600)
    clock.sleep(0.5)
    assert counter.count == 0


def test_a_hanging_call_ends_when_the_fault_is_lifted(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "hang", "times": 1})
    ended: list[str] = []

    def call() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/api/count", timeout=60)
        ended.append("dropped")

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: counter.faults.list() == [])
    clock.sleep(0.2)
    assert ended == []
    counter.faults.lift_all()
    caller.join(60)
    assert (ended, counter.count) == (["dropped"], 0)


def test_a_call_is_let_go_though_it_was_only_about_to_wait(counter: Counter) -> None:
    counter.faults.add({"kind": "hang", "times": 1})
    met = counter.faults.take("GET", "/")
    assert met is not None
    counter.faults.lift_all()
    counter.faults.hold(met, 3600)


def test_a_slow_call_works_at_once_and_answers_later(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "slow", "after_s": 3600})
    answers: list[requests.Response] = []
    caller = threading.Thread(target=lambda: answers.append(requests.post(f"{url}/api/count", timeout=60)))
    caller.start()
    until(lambda: counter.count == 1)
    assert not answers
    counter.faults.lift_all()
    caller.join(60)
    assert answers[0].json() == {"count": 1}


def test_broken_json_arrives_whole_but_cannot_be_read(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "broken_json"})
    answer = requests.post(f"{url}/api/count", timeout=60)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert counter.count == 1


def test_down_refuses_connections_until_it_is_lifted(counter: Counter, url: str) -> None:
    with requests.Session() as session:
        assert session.get(f"{url}/api/count", timeout=60).ok
        counter.faults.add({"kind": "down"})
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(f"{url}/api/count", timeout=60)
        assert "refused" in str(caught.value)
    assert counter.count == 1
    counter.faults.lift_all()
    assert requests.get(f"{url}/api/count", timeout=60).json() == {"count": 2}


def test_the_control_plane_stays_up_while_the_port_is_down(counter: Counter, url: str) -> None:
    control = f"http://127.0.0.1:{int(url.rpartition(':')[2]) + 100}"
    assert requests.get(f"{url}/_sandbox/down", timeout=60).ok, "the call that asks for it gets its answer"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/_sandbox/count", timeout=60)
    assert requests.get(f"{control}/_sandbox/count", timeout=60).json() == {"count": 0}
    assert requests.get(f"{control}/api/count", timeout=60).status_code == 404


def test_going_down_cuts_off_calls_that_are_being_answered(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "hang", "times": 1})
    threading.Timer(0.2, counter.faults.add, [{"kind": "down"}]).start()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/api/count", timeout=60)


def test_a_call_is_noted_when_it_arrives_and_again_when_it_is_answered(counter: Counter, url: str) -> None:
    counter.faults.add({"kind": "slow", "after_s": 3600})
    caller = threading.Thread(target=requests.get, args=(f"{url}/api/count?x=1",), kwargs={"timeout": 60})
    caller.start()
    until(lambda: bool(counter.calls.list()))
    call = counter.calls.list()[0]
    assert (call["method"], call["path"], call["query"], call["status"]) == ("GET", "/count", "x=1", None)
    counter.faults.lift_all()
    caller.join(60)
    assert counter.calls.list()[0]["status"] == 200


def test_a_taken_port_is_said_so(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(PortTaken, match=str(port + 100)):
        SandboxServer(Counter().wsgi, port, FaultBook(KINDS))


def test_a_body_without_a_length_is_refused(url: str) -> None:
    answer = requests.post(f"{url}/api/count", data=iter([b"a"]), timeout=60)
    assert answer.status_code == 411


SERVE = """
import sys
from sandbox.server import exit_quietly
exit_quietly()
print("ready", flush=True)
from sandbox.faults import FaultBook
from sandbox.server import serve
app = lambda environ, start_response: [start_response("200 OK", []), b""][1:]
serve(app, int(sys.argv[1]), FaultBook({"down"}), "stand-in")
"""


@pytest.mark.flow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("pause", [0.0, 0.5])
def test_a_signal_ends_the_process_quietly_even_right_after_the_start(number: int, pause: float) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(free_port())], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        clock.sleep(pause)
        process.send_signal(number)
        _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, b"")


@pytest.mark.flow
def test_a_taken_port_ends_the_start_with_one_line(url: str) -> None:
    port = url.rpartition(":")[2]
    done = subprocess.run([sys.executable, "-c", SERVE, port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("stand-in: port ")


# --- state


def test_what_was_saved_is_loaded_again(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "deep" / "state.json")
    assert file.load() is None
    file.save(lambda: {"orders": [1]})
    assert StateFile(tmp_path / "deep" / "state.json").load() == {"orders": [1]}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["state.json"]


def test_a_broken_file_is_moved_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"orders": [')
    assert StateFile(path).load() is None
    assert (tmp_path / "state.json.broken").read_text() == '{"orders": ['
    assert capsys.readouterr().err.count("\n") == 1


def test_every_save_returns_with_its_change_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    file, done = StateFile(path), []
    missing: list[int] = []

    def change(number: int) -> None:
        done.append(number)
        file.save(lambda: {"done": list(done)})
        if number not in json.loads(path.read_text())["done"]:
            missing.append(number)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not missing
