"""How a call is made: key, budget, breaker, bounds, repeating what may be repeated, and the verdict on it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from webapp.base import clock
from webapp.clients.http import Adapter, Answer, Bounds, Heard, NoAnswer, OnSent, send

from . import rate_limit, verdicts
from .breaker import Breaker
from .budget import Budget, Priority
from .errors import (
    EsimGoError,
    NotSent,
    NotThere,
    RateLimited,
    Unavailable,
    Unclear,
    Unusable,
)
from .state import NOT_ASKED, ClientState, Kind, Tally
from .verdicts import Purpose

log = logging.getLogger(__name__)

OnReachable = Callable[[bool], None]
Result = TypeVar("Result")
Reader = Callable[[Answer], Result]

CATALOGUE_SIZE = 20 * 1024 * 1024
ANSWER_SIZE = 2 * 1024 * 1024
PRIORITIES: dict[Kind, Priority] = {
    "orders": "orders",
    "lookups": "orders",
    "deliveries": "orders",
    "reads": "reads",
    "catalogue": "reads",
}


@dataclass(frozen=True)
class Timeouts:
    """Seconds. An answer counts as a whole, head and body, however slowly it drips in."""

    connect_s: float = 3.0
    order_s: float = 30.0
    catalogue_s: float = 30.0
    read_s: float = 10.0


@dataclass(frozen=True)
class Call:
    """One request, before anything is known about connections. `values` fill the braces of `template`."""

    method: str
    template: str
    values: Mapping[str, str] = field(default_factory=dict)
    purpose: Purpose = Purpose.READ
    kind: Kind = "reads"
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Errors: NotThere for a name of dots alone: the path would shrink to another endpoint's."""
        if not all(value.strip(".") for value in self.values.values()):
            raise NotThere("nothing has this name")

    @property
    def endpoint(self) -> str:
        """Method and path without anybody's values: what costs and counts are kept under."""
        return f"{self.method} {self.template}"

    @property
    def path(self) -> str:
        return self.template.format_map({name: quote(value, safe="") for name, value in self.values.items()})


class Caller:
    """Safe to share between threads."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        budget: Budget,
        timeouts: Timeouts,
        on_reachable: OnReachable | None = None,
        authorities: Path | None = None,
    ) -> None:
        """Errors: ValueError for a key that cannot stand in a header; the message does not repeat it."""
        if not api_key or not all("!" <= character <= "~" for character in api_key):
            raise ValueError("the eSIM Go API key must be printable ASCII without spaces")
        if not base_url.startswith(("https://", "http://")):
            raise ValueError("the address of eSIM Go must start with https:// or http://")
        self._key = api_key
        self._base_url = base_url.rstrip("/")
        self._budget = budget
        self._breakers = {kind: Breaker() for kind in PRIORITIES}
        self._tally = Tally()
        self._timeouts = timeouts
        self._on_reachable = on_reachable
        self._authorities = authorities
        self._adapter = Adapter(authorities, pool_maxsize=16)
        self.heard: Heard | None = None
        """What the last answer said of the time."""

    def state(self) -> ClientState:
        moods = {kind: breaker.state() for kind, breaker in self._breakers.items()}
        return ClientState(self._budget.state(), moods, self._tally.counted())

    def get(self, call: Call, read: Reader[Result]) -> Result:
        """A call that may be repeated. Errors: any EsimGoError that the last attempt ended with."""
        attempt = 1
        while True:
            try:
                return self.once(call, read)
            except EsimGoError as error:
                delay_s = verdicts.retry_delay(call.method, attempt, error)
                if delay_s is None:
                    raise
            clock.sleep(delay_s)
            attempt += 1

    def once(self, call: Call, read: Reader[Result]) -> Result:
        """One attempt on a kept connection."""
        with self._accounted(call):
            return read(self._answer(call, self._adapter))

    def buy(
        self,
        call: Call,
        read: Reader[Result],
        on_sent: OnSent | None = None,
        begin_by: float | None = None,
    ) -> Result:
        """One attempt on a fresh connection: a kept one that has died would leave the outcome unclear."""
        adapter = Adapter(self._authorities)
        try:
            with self._accounted(call):
                return _outcome(self._answer(call, adapter, on_sent, begin_by), read)
        finally:
            adapter.close()

    @contextmanager
    def _accounted(self, call: Call) -> Iterator[None]:
        """At once no call while the breaker rests; else its outcome is for the breaker and the counts."""
        breaker = self._breakers[call.kind]
        if (ticket := breaker.enter()) is None:
            self._tally.count(call.endpoint, NOT_ASKED)
            raise _left_alone(call)
        sensible: bool | None = None
        outcome = "crash"
        try:
            yield
            sensible, outcome = True, "ok"
        except EsimGoError as error:
            sensible = _was_sensible(call, error)
            outcome = type(error).__name__ if error.asked else NOT_ASKED
            raise
        finally:
            breaker.leave(ticket, sensible)
            self._tally.count(call.endpoint, outcome)

    def _answer(
        self, call: Call, adapter: Adapter, on_sent: OnSent | None = None, begin_by: float | None = None
    ) -> Answer:
        """Errors: what `verdicts` make of the answer, or of its absence; TryLater of the budget."""
        error: EsimGoError | None
        with self._budget.place(PRIORITIES[call.kind], call.endpoint) as place:
            try:
                answer = send(adapter, self._prepared(call), self._bounds(call), on_sent, begin_by)
                self.heard = answer.heard or self.heard
                place.heed(rate_limit.told(answer))
                error = verdicts.refusal(call.purpose, answer, self._key)
            except NoAnswer as failure:
                error = verdicts.no_answer(call.purpose, failure)
        self._tell(not isinstance(error, NotSent | Unclear | Unavailable))
        if isinstance(error, RateLimited):
            self._budget.hold(error.retry_after_s)
        if error:
            raise error
        return answer

    def _tell(self, reachable: bool) -> None:
        if self._on_reachable is None:
            return
        try:
            self._on_reachable(reachable)
        except Exception as error:  # what eSIM Go answered matters more than this note
            log.error("on_reachable failed: %s: %s", type(error).__name__, error)

    def _prepared(self, call: Call) -> requests.PreparedRequest:
        headers = {
            "X-API-Key": self._key,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "Simka",
        }
        url, params = self._base_url + call.path, list(call.params)
        return requests.Request(call.method, url, headers=headers, params=params, json=call.body).prepare()

    def _bounds(self, call: Call) -> Bounds:
        times = self._timeouts
        if call.kind == "catalogue":
            return Bounds(times.connect_s, times.catalogue_s, CATALOGUE_SIZE)
        answer_s = times.order_s if call.purpose is Purpose.PURCHASE else times.read_s
        return Bounds(times.connect_s, answer_s, ANSWER_SIZE)


def _outcome(answer: Answer, read: Reader[Result]) -> Result:
    """A purchase whose answer nobody can read may have been made."""
    try:
        return read(answer)
    except Unusable as error:
        raise Unclear(str(error)) from error


def _was_sensible(call: Call, error: EsimGoError) -> bool | None:
    """Did eSIM Go give an answer? A refusal is one; None when it was not asked, and where what it says of one
    order makes no sense: that is about this order.
    """
    if isinstance(error, Unusable) and call.kind == "deliveries":
        return None
    return not isinstance(error, NotSent | Unclear | Unavailable) if error.asked else None


def _left_alone(call: Call) -> EsimGoError:
    kind = NotSent if call.purpose is Purpose.PURCHASE else Unavailable
    error = kind("eSIM Go has not answered lately and is left alone for a while")
    error.asked = False
    return error
