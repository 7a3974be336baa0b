"""Real processes that begin at once: each is forked from one that has imported the shop and its stand-ins.

Whoever imports for itself needs a second of the machine for it, and the suite starts some hundred of them.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from multiprocessing.util import get_temp_dir
from pathlib import Path

from tests.databases.servers import LONGEST_SOCKET
from webapp.base.config import ROOT

IMPORTED = (
    __name__,
    "flask.cli",
    "jobs.doctor",
    "jobs.schedule",
    "sandbox.esimgo.app",
    "sandbox.telegram.app",
)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([*IMPORTED])


class Forked:
    """A process that runs `python -m MODULE ARGUMENTS`; has what the suite needs of subprocess.Popen."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        log.touch()
        leave_room_for_a_socket()
        given = (list(command), dict(environment), log)
        self._process = FORKS.Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Negative: the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Seconds; raises subprocess.TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def leave_room_for_a_socket() -> None:
    """The forkserver is asked through a socket among the temporary files, where its name may be too long."""
    name = f"{tempfile.gettempdir()}/pymp-12345678/listener-12345678"
    if len(os.fsencode(name)) > LONGEST_SOCKET:
        usual, tempfile.tempdir = tempfile.tempdir, "/tmp"
        try:
            get_temp_dir()  # it is chosen once in a process
        finally:
            tempfile.tempdir = usual


def _run(command: list[str], environment: dict[str, str], log: Path) -> None:
    """In the new process, as a new interpreter would."""
    with log.open("ab") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = command[1:]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
