"""The web process as the Procfile starts it, and what it weighs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.sandbox.esimgo import free_port
from tests.stack import ROOT, until
from webapp.base import clock

SETTINGS = "--interface wsgi --workers 1 --blocking-threads 16 --workers-kill-timeout 3 --no-access-log"

FEWER_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""Sixteen threads would each keep a heap of their own: a sixth of the process."""


@dataclass(frozen=True)
class Served:
    """`cold_s`: from the start of the process to its first answer."""

    url: str
    pid: int
    cold_s: float

    @property
    def memory_mb(self) -> float:
        """Resident, of the process that answers: not of its parent, which only watches over it."""
        return sum(resident_mb(pid) for pid in children(self.pid))


@contextmanager
def served(app: str, settings: Mapping[str, str], port: int = 0) -> Iterator[Served]:
    port = port or free_port()
    command = [
        sys.executable,
        "-m",
        "granian",
        *SETTINGS.split(),
        "--port",
        str(port),
        "--log-level",
        "error",
    ]
    began = clock.monotonic()
    process = subprocess.Popen([*command, app], cwd=ROOT, env=os.environ | FEWER_ARENAS | dict(settings))
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url), 30, f"{app} answers")
        yield Served(url, process.pid, clock.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.ConnectionError:
        return False


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
