"""The processes of a Procfile, started together and stopped together, at any moment."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer


class Processes(Manager):  # type: ignore[misc] # honcho has no types
    """honcho's manager, which can also be stopped before it has heard of all its processes.

    By itself it forgets those that it has not heard of yet, and waits for them for ever.
    """

    def __init__(self) -> None:
        super().__init__(Printer(sys.stdout, colour=sys.stdout.isatty()))
        self._owner = os.getpid()
        self._stopping = False

    def terminate(self) -> None:
        self._stopping = True
        if os.getpid() == self._owner and super()._all_started():
            super().terminate()

    def _all_started(self) -> bool:
        started: bool = super()._all_started()
        if started and self._stopping:
            super().terminate()
        return started


def run(procfile: Path, environ: Mapping[str, str]) -> int:
    """Run every line of `procfile` until one ends or a signal comes; returns the exit code."""
    processes = Processes()
    for name, command in parse_procfile(procfile.read_text()).processes.items():
        processes.add_process(name, command, env=dict(environ))
    processes.loop()
    return int(processes.returncode or 0)
