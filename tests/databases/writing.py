"""Several writers at once, as real processes."""

from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.databases import writers
from tests.forking import FORKS, forked


@dataclass
class Writer:
    """A process of tests/databases/writers.py, forked from one that has imported the shop."""

    work: str
    url: str
    times: int = 0
    process: BaseProcess = field(init=False)
    _told: "Connection[object, object]" = field(init=False)
    _asked: "Connection[object, object]" = field(init=False)

    def __post_init__(self) -> None:
        self._told, telling = FORKS.Pipe(duplex=False)
        hearing, self._asked = FORKS.Pipe(duplex=False)
        self.process = forked(writers.main, self.work, self.url, self.times, hearing, telling)
        hearing.close()
        telling.close()  # ours: what it has told ends when it ends
        assert self.says() == writers.THERE

    def says(self) -> str:
        return str(self._told.recv())

    def says_within(self, seconds: float) -> bool:
        return self._told.poll(seconds)

    def go(self) -> None:
        self._asked.send("go")

    def told(self) -> list[str]:
        """Everything it says until it ends."""
        said = []
        with self._told, self._asked:
            try:
                while True:
                    said.append(self.says())
            except EOFError:
                self.process.join(120)
        return said


def together(work: str, url: str, times: int, processes: int = 2) -> list[list[str]]:
    """What each of the processes has told; they began at the same time, and ended well."""
    started = [Writer(work, url, times) for _ in range(processes)]
    for writer in started:
        writer.go()
    told = [writer.told() for writer in started]
    assert [writer.process.exitcode for writer in started] == [0] * processes
    return told
