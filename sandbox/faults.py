"""What can be made to go wrong: a book of faults, and the WSGI layer that plays them around the real work."""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox import clock
from sandbox.server import Answer, cut_off, drop_connection, run

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HANG_S = 3600.0
SLOW_S = 5.0
COMMIT_LATE_S = 5.0


@dataclass
class Fault:
    """One order to misbehave. times None = until lifted; after_s and factor 0 = the kind's own default."""

    match: str
    kind: str
    times: int | None
    after_s: float
    factor: float = 0.0

    def concerns(self, method: str, path: str) -> bool:
        wanted_method, slash, rest = self.match.partition("/")
        return wanted_method.strip() in ("", method) and path.startswith(slash + rest)


@dataclass(kw_only=True)
class Met(Fault):
    """A fault as a call has met it: when, by the sandbox's clock, and after how many resets and lifts."""

    at: datetime
    era: int
    lifts: int


class FaultBook:
    """The faults in force, first added first served. Thread-safe.

    `down` is a state of the port rather than an answer to a call: its match and times mean nothing, it
    lasts until everything is lifted, and `take` never returns it.
    """

    def __init__(self, kinds: set[str]) -> None:
        self.kinds = kinds
        self.era = 0
        self.closed = False
        self._faults: list[Fault] = []
        self._lifts = 0
        self._changed = threading.Condition()
        self._watchers: list[Callable[[], None]] = []

    def add(self, json: object) -> Fault:
        """Put down `{"match", "kind", "times", "after_s", "factor"}`.

        ValueError says what is wrong with it.
        """
        fault = _read(json, self.kinds)
        with self._changed:
            self._faults.append(fault)
        self._tell_watchers()
        return fault

    def take(self, method: str, path: str) -> Met | None:
        """The fault for this call, counted down. The path is relative to the API's root: `/orders`.

        Whoever has seen it counted down and then moves the clock, lifts or resets does so after the meeting.
        """
        with self._changed:
            for fault in self._faults:
                if fault.kind != "down" and fault.concerns(method, path):
                    self._count_down(fault)
                    return Met(**asdict(fault), at=clock.now(), era=self.era, lifts=self._lifts)
        return None

    def lift_all(self) -> None:
        """Forget every fault and let go of every call that has met one."""
        with self._changed:
            self._lift()
        self._tell_watchers()

    def start_over(self) -> None:
        """Lift all, and drop the work that commit_late still has to do: it belongs to the past."""
        with self._changed:
            self.era += 1
            self._lift()
        self._tell_watchers()

    def list(self) -> "list[dict[str, Any]]":
        with self._changed:
            return [asdict(fault) for fault in self._faults]

    @property
    def is_down(self) -> bool:
        with self._changed:
            return any(fault.kind == "down" for fault in self._faults)

    def hold(self, met: Met, usual_s: float) -> None:
        """Wait in real time; ends early when everything is lifted or the server stops."""
        with self._changed:
            seconds = met.after_s or usual_s
            self._changed.wait_for(lambda: self.closed or self._lifts != met.lifts, timeout=seconds)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this after every change, in the thread that made it."""
        self._watchers.append(watcher)

    def close(self) -> None:
        """The server stops: let go of every held call."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _lift(self) -> None:
        self._faults.clear()
        self._lifts += 1
        self._changed.notify_all()

    def _count_down(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self._faults.remove(fault)

    def _tell_watchers(self) -> None:
        for watcher in self._watchers:
            watcher()


def _read(json: object, kinds: set[str]) -> Fault:
    if not isinstance(json, dict):
        raise ValueError("a fault is a JSON object: match, kind, times, after_s, factor")
    if unknown := json.keys() - {"match", "kind", "times", "after_s", "factor"}:
        raise ValueError(f"unknown field {sorted(map(str, unknown))[0]!r}")
    kind = str(json.get("kind", ""))
    if kind not in kinds:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(sorted(kinds))}")
    times = _read_times(json.get("times"))
    after_s, factor = (_read_number(json, name) for name in ("after_s", "factor"))
    return Fault(_read_match(json.get("match")), kind, times, after_s, factor)


def _read_match(match: object) -> str:
    if match is None:
        return ""
    if not isinstance(match, str):
        raise ValueError('match is a text such as "POST /orders"')
    method, slash, rest = match.strip().partition("/")
    if not (method.strip().isalpha() or not method.strip()):
        raise ValueError('match is a method and the beginning of a path, such as "POST /orders"')
    return f"{method.strip().upper()} {slash}{rest}".strip()


def _read_times(times: object) -> int | None:
    if times is None:
        return None
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise ValueError("times is a whole number of 1 or more; leave it out for 'until lifted'")
    return times


def _read_number(json: "dict[str, Any]", name: str) -> float:
    value = json.get(name)
    if value is None:
        return 0.0
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name} is a number")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} is a number, 0 or more")
    return float(value)


class CallLog:
    """The last API calls, each from the moment it arrives; status stays null until it is answered."""

    def __init__(self, limit: int = 100_000) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=limit)

    def arrived(self, method: str, path: str, query: str) -> dict[str, Any]:
        at = clock.now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        call = {"at": at, "method": method, "path": path, "query": query, "status": None}
        self._calls.append(call)
        return call

    def list(self) -> "list[dict[str, Any]]":
        return [dict(call) for call in self._calls.copy()]

    def clear(self) -> None:
        self._calls.clear()


DROPPED = Answer("204 No Content", [], b"")

Work = Callable[[], Answer]


class UnderFaults:
    """WSGI: notes each API call on arrival and plays the faults that concern the connection.

    `api_path` turns PATH_INFO into the path relative to the API's root, or None when it is no API call.
    Played here: reset_before, reset_after_commit (also called lost_answer), commit_late, hang, slow,
    broken_json. Any other kind is left in environ["sandbox.fault"] for the app, which knows its own API.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        faults: FaultBook,
        calls: CallLog,
        api_path: Callable[[str], str | None],
    ) -> None:
        self.app, self.faults, self.calls, self.api_path = app, faults, calls, api_path
        self._plays: dict[str, Callable[[WSGIEnvironment, Met, Work], Answer]] = {
            "reset_before": self._reset_before,
            "reset_after_commit": self._reset_after_commit,
            "lost_answer": self._reset_after_commit,
            "commit_late": self._commit_late,
            "hang": self._hang,
            "slow": self._slow,
            "broken_json": self._broken_json,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = self.api_path(environ["PATH_INFO"])
        if path is None:
            return self.app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        call = self.calls.arrived(method, path, environ.get("QUERY_STRING", ""))
        fault = self.faults.take(method, path)
        answer = self._play(environ, fault)
        if not environ.get("sandbox.drop"):
            call["status"] = int(answer.status.split()[0])
        return answer.send(start_response)

    def _play(self, environ: "WSGIEnvironment", fault: Met | None) -> Answer:
        def work() -> Answer:
            return run(self.app, environ)

        if fault is None:
            return work()
        environ["sandbox.fault"] = fault
        play = self._plays.get(fault.kind)
        return play(environ, fault, work) if play else work()

    def _reset_before(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        drop_connection(environ)
        return DROPPED

    def _reset_after_commit(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        work()
        drop_connection(environ)
        return DROPPED

    def _hang(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        self.faults.hold(fault, HANG_S)
        drop_connection(environ)
        return DROPPED

    def _slow(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        """The work is done at once, so that the caller can be killed between commit and answer."""
        answer = work()
        self.faults.hold(fault, SLOW_S)
        return answer

    def _broken_json(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        """The work is done, but only the first half of the text arrives: never valid JSON."""
        answer = work()
        half = answer.body[: max(1, len(answer.body) // 2)] or b"{"
        headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
        return Answer(answer.status, [*headers, ("Content-Length", str(len(half)))], half)

    def _commit_late(self, environ: "WSGIEnvironment", fault: Met, work: Work) -> Answer:
        """The caller is kept waiting and then cut off; only after that is the work done.

        after_s counts on the sandbox's clock, so a test may play the delay forward.
        """
        due = fault.at + timedelta(seconds=fault.after_s or COMMIT_LATE_S)
        while clock.now() < due and not self.faults.closed:
            clock.sleep(0.02)
        cut_off(environ)
        drop_connection(environ)
        if fault.era == self.faults.era and not self.faults.closed:
            work()
        return DROPPED
