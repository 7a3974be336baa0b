"""The stand-in's control plane, its memory over restarts, and its process."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import clock
from tests.forking import Forked
from tests.sandbox.esimgo import KEY, TURKEY, Provider, free_port, running
from tests.stack import until


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def test_state_shows_orders_esims_and_calls(provider: Provider) -> None:
    order = provider.buy()
    iccid = order["order"][0]["iccids"][0]
    provider.call("PUT", "/esims?iccid=x", json={"iccid": iccid, "customerRef": "ORDER-7"})
    state = provider.state()
    assert state["balance"] == float(order["runningBalance"])
    assert state["orders"] == [
        {
            "orderReference": order["orderReference"],
            "createdDate": order["createdDate"],
            "type": "bundle",
            "item": TURKEY,
            "quantity": 1,
            "total": order["total"],
            "status": "completed",
            "iccids": [iccid],
        }
    ]
    esim = state["esims"][0]
    assert esim["lpa"] == f"LPA:1${esim['smdpAddress']}${esim['matchingId']}"
    assert (esim["iccid"], esim["customerRef"], esim["profileStatus"]) == (iccid, "ORDER-7", "Released")
    assert [(one["name"], one["bundleState"]) for one in esim["bundles"]] == [(TURKEY, "queued")]
    calls = [(call["method"], call["path"], call["query"], call["status"]) for call in state["calls"]]
    assert calls == [("POST", "/orders", "", 200), ("PUT", "/esims", "iccid=x", 200)]
    assert all(call["at"].endswith("Z") for call in state["calls"])


def test_the_last_calls_can_be_asked_for_alone(provider: Provider) -> None:
    for path in ("/organisation", "/inventory"):
        provider.get(path)
    assert [call["path"] for call in provider.control("GET", "state?calls=1")["calls"]] == ["/inventory"]


def test_a_reset_begins_anew_but_never_moves_the_clock(provider: Provider) -> None:
    provider.buy()
    provider.fault("500")
    moved = provider.control("POST", "clock", {"advance_s": 3600})
    assert moved["offset_s"] == 3600
    assert moved["now"].endswith("Z")
    provider.control("POST", "reset")
    assert provider.state() == {"balance": 1000, "orders": [], "esims": [], "calls": []}
    assert provider.control("GET", "faults") == {"faults": []}
    assert clock.offset_s() == 3600


@pytest.mark.parametrize("seconds", [-900, 86_400])
def test_its_own_clock_can_be_wrong_and_nobody_elses_is(provider: Provider, seconds: int) -> None:
    told = provider.control("POST", "clock", {"skew_s": seconds})
    assert (told["skew_s"], told["offset_s"]) == (seconds, 0)
    url = f"http://127.0.0.1:{provider.port}/_sandbox/state"
    date = parsedate_to_datetime(requests.get(url, timeout=60).headers["Date"])
    assert abs(date - clock.now()) < timedelta(seconds=60), "it is the same process here"
    assert abs((date - datetime.now(UTC)).total_seconds() - seconds) < 60  # noqa: TID251 - the machine's
    provider.control("POST", "reset")
    assert clock.skew_s() == 0


@pytest.mark.parametrize("seconds", ["60", None, True])
def test_a_clock_is_wrong_by_a_number_of_seconds(provider: Provider, seconds: Any) -> None:
    assert provider.control("POST", "clock", {"skew_s": seconds}, expect=400)["error"]
    assert clock.skew_s() == 0


@pytest.mark.parametrize("seconds", [-1, "60", None, True])
def test_the_clock_refuses_to_run_backwards_or_nowhere(provider: Provider, seconds: Any) -> None:
    assert provider.control("POST", "clock", {"advance_s": seconds}, expect=400)["error"]
    assert clock.offset_s() == 0


@pytest.mark.parametrize("body", ["", "[]", "{", '{"advance_s": NaN}', '{"advance_s": 1' + "0" * 400 + "}"])
def test_bad_control_input_is_a_400(provider: Provider, body: str) -> None:
    url = f"http://127.0.0.1:{provider.port}/_sandbox/clock"
    answer = requests.post(url, data=body, timeout=60)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_an_unknown_esim_is_a_400(provider: Provider) -> None:
    assert provider.control("POST", "esims/123/install", expect=400)["error"]


def test_the_control_plane_answers_pages_of_another_port(provider: Provider) -> None:
    url = f"http://127.0.0.1:{provider.port}/_sandbox/clock"
    answer = requests.options(url, headers={"Access-Control-Request-Method": "POST"}, timeout=60)
    assert answer.ok
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    faults = requests.get(url.replace("clock", "faults"), timeout=60)
    assert faults.headers["Access-Control-Allow-Origin"] == "*"


def test_control_calls_are_not_counted_as_api_calls(provider: Provider) -> None:
    provider.state()
    provider.control("GET", "faults")
    assert provider.state()["calls"] == []


# --- memory and process


@contextmanager
def process(folder: Path, port: int, *arguments: str) -> Iterator[Provider]:
    log = folder / "said"
    running = begun(log, "--port", str(port), *arguments)
    try:
        provider = Provider(port)
        until(lambda: _answers(provider, running), what="the stand-in")
        yield provider
    finally:
        running.send_signal(signal.SIGTERM)
        code = running.wait(60)
    assert (code, log.read_text()) == (0, "")


def begun(log: Path, *arguments: str) -> Forked:
    return Forked(["sandbox.esimgo", "--api-key", KEY, *arguments], os.environ, log)


def one_line(folder: Path, *arguments: str) -> str:
    """What it says, with which it ends."""
    log = folder / "said"
    code = begun(log, *arguments).wait(60)
    said = log.read_text()
    assert (code, said.count("\n")) == (1, 1), said
    return said


def _answers(provider: Provider, process: Forked) -> bool:
    assert process.poll() is None, "it has ended"
    try:
        provider.control("GET", "faults")
    except requests.ConnectionError:
        return False
    return True


@pytest.mark.flow
def test_a_restart_keeps_orders_esims_and_balance(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.json"), "--clock-file", str(tmp_path / "clock"))
    port = free_port()
    with process(tmp_path, port, *arguments, "--balance", "50") as provider:
        iccid = provider.buy_esim()
        provider.buy(TURKEY, body={"assign": False})
        provider.install(iccid)
        provider.use(iccid, 500)
        provider.control("POST", "clock", {"advance_s": 60})
        before = provider.state()
        inventory = provider.get("/inventory")
    assert (tmp_path / "clock").read_text() == "60.0"
    with process(tmp_path, port, *arguments, "--balance", "999") as provider:
        after = provider.state()
        assert {**after, "calls": []} == {**before, "calls": []}
        assert provider.get("/inventory") == inventory
        provider.buy(TURKEY, iccids=[iccid])


def test_an_order_in_processing_is_finished_after_a_restart(tmp_path: Path) -> None:
    with running(state=tmp_path / "state.json") as provider:
        reference = provider.buy(quantity=6)["orderReference"]
    with running(state=tmp_path / "state.json") as provider:
        clock.advance(10)
        assert len(provider.get(f"/orders/{reference}")["order"][0]["iccids"]) == 6


def test_what_was_answered_is_in_the_file(tmp_path: Path) -> None:
    with running(state=tmp_path / "state.json") as provider:
        reference = provider.buy()["orderReference"]
        assert reference in json.loads((tmp_path / "state.json").read_text())["orders"]


@pytest.mark.parametrize("text", ["{", "[]", '{"balance_m": 1}', '{"balance_m": "x", "stock": []}'])
def test_a_broken_state_file_is_moved_aside(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state.json").write_text(text)
    with running(state=tmp_path / "state.json") as provider:
        assert provider.state()["balance"] == 1000
    assert (tmp_path / "state.json.broken").read_text() == text
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.flow
def test_a_taken_port_is_one_line_and_exit_code_1(provider: Provider, tmp_path: Path) -> None:
    assert str(provider.port + 100) in one_line(tmp_path, "--port", str(provider.port))


@pytest.mark.flow
def test_a_wrong_balance_is_one_line(tmp_path: Path) -> None:
    assert "plenty" in one_line(tmp_path, "--balance", "plenty")


@pytest.mark.flow
def test_a_size_and_habits_can_be_given_at_the_start(tmp_path: Path) -> None:
    habits = json.dumps({"refunds": False, "costs": {"GET /catalogue": 5}})
    arguments = ("--bundles", "700", "--countries", "20", "--habits", habits, "--signature", "hex")
    with process(tmp_path, free_port(), *arguments) as provider:
        answer = provider.call("GET", "/catalogue?perPage=1")
        assert (answer.json()["rows"], answer.headers["X-Ratelimit-Cost"]) == (700, "5")
        found = provider.control("GET", "habits")
        assert (found["refunds"], found["signature"]) == (False, "hex")


@pytest.mark.flow
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--bundles", "70000"), "190 countries make"),
        (("--countries", "500"), "countries is a number"),
        (("--habits", '{"manners": 1}'), "manners"),
        (("--habits", "[]"), "habits"),
    ],
)
def test_a_wrong_size_or_habit_is_one_line(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in one_line(tmp_path, *arguments)
