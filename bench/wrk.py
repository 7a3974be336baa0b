"""Requests as fast as they are answered, by wrk; and a steady stream of them, whatever the answers take."""

import http.client
import json
import statistics
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from webapp.base import clock

CONNECTIONS = 16
THREADS = 1

_SCRIPT = """
local asked = dofile(%s)
local turn = 0
function setup(thread) end
function request()
  turn = turn %% #asked + 1
  local it = asked[turn]
  return wrk.format(it.method, it.path, it.headers, it.body)
end
function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect
  io.write(string.format('{"per_s": %%f, "p50": %%f, "p95": %%f, "p99": %%f, "bad": %%d, "all": %%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, bad, summary.requests))
end
"""


@dataclass(frozen=True)
class Ask:
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Rate:
    """Requests a second, and milliseconds; `bad`: answers that were errors, or none."""

    per_s: float
    p50: float
    p95: float
    p99: float
    bad: int
    all: int


def closed_loop(url: str, asks: Sequence[Ask], seconds: float, folder: Path) -> Rate:
    """16 connections, each asking again as soon as it was answered; the asks go round."""
    table, script = folder / "asks.lua", folder / "wrk.lua"
    table.write_text("return {\n" + ",\n".join(map(_lua, asks)) + "}\n")
    script.write_text(_SCRIPT % json.dumps(str(table)))
    command = ["wrk", f"-c{CONNECTIONS}", f"-t{THREADS}", f"-d{seconds:.0f}s", "-s", str(script), url]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    if ended.stderr:
        raise RuntimeError(ended.stderr)
    last = ended.stdout.splitlines()[-1]
    return Rate(**json.loads(last))


def _lua(ask: Ask) -> str:
    headers = ", ".join(f"[ {_text(name)} ]={_text(value)}" for name, value in ask.headers.items())
    body = f", body={_text(ask.body)}" if ask.body else ""
    return f"{{method={_text(ask.method)}, path={_text(ask.path)}, headers={{{headers}}}{body}}}"


def _text(value: str) -> str:
    """A long bracket, which knows no escapes."""
    return f"[==[{value}]==]"


def open_loop(url: str, asks: Sequence[Ask], per_s: float, workers: int = 32) -> Rate:
    """Each at its own time: how long it took counts from when it was due, not from when a worker was free."""
    waiting, took, bad = iter(enumerate(asks)), list[float](), list[int]()
    began, lock = clock.monotonic() + 0.2, threading.Lock()

    def work() -> None:
        line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        while True:
            with lock:
                number, ask = next(waiting, (0, None))
            if ask is None:
                return line.close()
            due = began + number / per_s
            clock.sleep(max(0.0, due - clock.monotonic()))
            line.request(ask.method, ask.path, ask.body or None, dict(ask.headers))
            answer = line.getresponse()
            answer.read()
            took.append((clock.monotonic() - due) * 1e3)
            if answer.status >= 400:
                bad.append(answer.status)

    team = [threading.Thread(target=work) for _ in range(workers)]
    for one in team:
        one.start()
    for one in team:
        one.join()
    cuts = statistics.quantiles(took, n=100)
    spent = clock.monotonic() - began
    return Rate(len(took) / spent, cuts[49], cuts[94], cuts[98], len(bad), len(took))
