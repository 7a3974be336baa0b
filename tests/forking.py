"""Real processes that begin at once: each is forked from one that has imported the shop, its web server and
its stand-ins.

Whoever imports for itself needs a second of the machine for it, and the suite starts some hundred of them.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path

from tests.databases.servers import LONGEST_SOCKET
from webapp.base.config import ROOT

IMPORTED = (
    __name__,
    "flask.cli",
    "granian.cli",
    "granian.wsgi",
    "jobs.doctor",
    "jobs.schedule",
    "sandbox.esimgo.app",
    "sandbox.telegram.app",
    "webapp.operations.watchdog",
    "webapp.operations.cli",
    "webapp.views.site",
    "whitenoise",
)
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([*IMPORTED])


class Forked:
    """A process that runs `python -m MODULE ARGUMENTS`; has what the suite needs of subprocess.Popen.

    What the system says that it was started with is its parent's: /proc/PID/environ and cmdline.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path = ROOT
    ) -> None:
        """`log` gets what it says at its end; `folder` is where it runs."""
        log.touch()
        self._process = forked(_run, list(command), dict(environment), log, folder)
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


def forked(does: Callable[..., None], *given: object) -> BaseProcess:
    """A process that does this, in a module that it may import; it has begun."""
    _leave_room_for_a_socket()
    process = FORKS.Process(target=does, args=given, daemon=True)
    process.start()
    return process


def _leave_room_for_a_socket() -> None:
    """The forkserver is asked through a socket among the temporary files, where its name may be too long."""
    name = f"{tempfile.gettempdir()}/pymp-12345678/listener-12345678"
    if len(os.fsencode(name)) > LONGEST_SOCKET:
        usual, tempfile.tempdir = tempfile.tempdir, "/tmp"
        try:
            get_temp_dir()  # it is chosen once in a process
        finally:
            tempfile.tempdir = usual


def _run(command: list[str], environment: dict[str, str], log: Path, folder: Path) -> None:
    """In the new process, as a new interpreter would."""
    gc.freeze()  # what was imported before is nobody's garbage: it is never looked through again
    multiprocessing.current_process().daemon = False  # a web server has processes of its own...
    multiprocessing.set_start_method(None, force=True)  # ...and starts them in the usual way
    with log.open("ab") as told:
        os.dup2(told.fileno(), 1)
        os.dup2(told.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = command[1:]
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
