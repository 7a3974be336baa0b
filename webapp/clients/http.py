"""One HTTP exchange with the outside: bounded in time and size, never redirected, never through a proxy.

requests' adapter is used without its Session, which would follow redirects, read proxies and .netrc from
the environment, and carry the key there. The one thing added is to know whether a request was handed over.
"""

import io
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests
from requests.adapters import DEFAULT_POOLSIZE, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from webapp.base import clock

log = logging.getLogger(__name__)

PIECE = 64 * 1024
DATED_WITHIN_S = 10
OnSent = Callable[[], None]


def tls_context(authorities: Path | None) -> ssl.SSLContext:
    """For connections that are not made here: checks names, and believes the certificates of `authorities` (a
    PEM file) and no others; None: of the usual ones.
    """
    return ssl.create_default_context(cafile=authorities)


class NoAnswer(Exception):
    """No whole answer came. `body_was_sent`: some of it was handed to the socket, so it may have arrived."""

    def __init__(self, reason: str, *, body_was_sent: bool = False, unparsable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.body_was_sent = body_was_sent
        self.unparsable = unparsable  # an answer did come, but not one that can be read


class TooMuch(Exception):
    """The answer is larger than anything this call can mean."""


@dataclass(frozen=True)
class Heard:
    """What an answer says of the time: the zero from which its sender would count if it counted as we do
    (clock.zero), and when that was heard (clock.counted).
    """

    zero: datetime
    at_s: float


@dataclass(frozen=True)
class Answer:
    """Its body may hold keys and activation data, so it never shows in a repr."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    heard: Heard | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Bounds:
    """Seconds to connect, seconds for the whole answer after that, and bytes of the (unpacked) answer."""

    connect_s: float
    answer_s: float
    size: int


def send(
    adapter: HTTPAdapter,
    request: requests.PreparedRequest,
    bounds: Bounds,
    on_sent: OnSent | None = None,
    begin_by: float | None = None,
) -> Answer:
    """Send and read. `on_sent` is called once the last byte of the body is with the socket.

    After `begin_by` (clock.monotonic) no byte of the body is handed over any more. Errors: NoAnswer.
    A DELETE has an empty body, which is looked at once its head is with the socket, and so knows as much.
    """
    body = _Watched(request.body, on_sent, begin_by)
    if request.body is not None or request.method not in {"GET", "HEAD"}:
        request.body = body  # type: ignore[assignment]  # its stub knows no file-like bodies
    began_at = clock.monotonic()
    try:
        return _send_and_read(adapter, request, bounds)
    except TooMuch:
        failure = NoAnswer("the answer is too large", body_was_sent=body.read_from, unparsable=True)
    except Exception as error:  # whatever happens after the first byte, the outcome must be told apart
        reason = f"{type(error).__name__} after {clock.monotonic() - began_at:.1f} s"
        failure = NoAnswer(reason, body_was_sent=body.read_from)
    raise failure  # out here, so that the lower error with its address does not hang on to it


def _send_and_read(adapter: HTTPAdapter, request: requests.PreparedRequest, bounds: Bounds) -> Answer:
    give_up_at = clock.monotonic() + bounds.connect_s + bounds.answer_s
    began_s, offset_s = clock.counted(), clock.offset_s()
    response = adapter.send(request, stream=True, timeout=(bounds.connect_s, bounds.answer_s))
    heard = _heard(response.headers, began_s, offset_s)
    try:
        with cut_off(give_up_at - clock.monotonic(), response.raw.shutdown):
            body = _read(response.raw, bounds.size)
    finally:
        response.close()
    return Answer(response.status_code, response.headers, body, heard)


def _heard(headers: Mapping[str, str], began_s: float, offset_s: float) -> Heard | None:
    """None where nobody can tell when it was written: no date, one out of a cache, a slow answer, or time
    that was played forward meanwhile.
    """
    now_s = clock.counted()
    if "Age" in headers or now_s - began_s > DATED_WITHIN_S or clock.offset_s() != offset_s:
        return None
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
        return Heard(date.astimezone(UTC) - timedelta(seconds=(began_s + now_s) / 2 + offset_s - 0.5), now_s)
    except (ValueError, OverflowError):
        return None


def _read(raw: HTTPResponse, size: int) -> bytes:
    pieces = bytearray()
    while piece := raw.read1(PIECE, decode_content=True):
        pieces += piece
        if len(pieces) > size:
            raise TooMuch
    return bytes(pieces)


class _Watched(io.BytesIO):
    """A request body that knows whether it was read: urllib3 reads it only once the headers are sent."""

    def __init__(self, content: Any, on_sent: OnSent | None, begin_by: float | None) -> None:
        super().__init__(content or b"")
        self.read_from = False
        self._on_sent = on_sent
        self._begin_by = begin_by

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.read_from and self._begin_by is not None and clock.monotonic() > self._begin_by:
            raise TimeoutError("too late to begin")
        self.read_from = True
        if not (piece := super().read(size)):
            self._report()
        return piece

    def _report(self) -> None:
        on_sent, self._on_sent = self._on_sent, None
        if on_sent is None:
            return
        try:
            on_sent()
        except Exception as error:  # the money is on its way: its answer matters more than this note
            log.error("on_sent failed after an order was sent: %s: %s", type(error).__name__, error)


@contextmanager
def cut_off(seconds: float, cut: Callable[[], object]) -> Iterator[None]:
    """Shut the socket down after so long: a timeout of a socket starts anew with each byte that drips in."""

    def fall() -> None:
        with suppress(OSError, ValueError, RuntimeError):  # already closed, or back in the pool
            cut()

    deadline_timer = threading.Timer(max(0.0, seconds), fall)
    deadline_timer.daemon = True
    deadline_timer.start()
    try:
        yield
    finally:
        deadline_timer.cancel()


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        with cut_off(float(self.timeout or 0), partial(self.sock.shutdown, socket.SHUT_RDWR)):
            return super().getresponse()


class _TLSConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        with cut_off(float(self.timeout or 0), partial(self.sock.shutdown, socket.SHUT_RDWR)):
            return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class Adapter(HTTPAdapter):
    """Safe to share between threads, and the head of an answer must arrive whole within the read timeout.

    `authorities`: whose certificates are believed, as in `tls_context`.
    """

    def __init__(self, authorities: Path | None = None, *, pool_maxsize: int = DEFAULT_POOLSIZE) -> None:
        self._verify = True if authorities is None else str(authorities)
        super().__init__(pool_maxsize=pool_maxsize)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        return super().send(request, *args, **options | {"verify": self._verify})

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


class _NoSecrets(logging.Filter):
    """urllib3 logs paths, and in these stand the bot's token and ICCIDs."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        masked = re.sub(r"/esims/[0-9]+", "/esims/…", re.sub(r"/bot[^/\s]+/", "/bot…/", line))
        if masked != line:
            record.msg, record.args = masked, ()
        return True


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_NoSecrets())
