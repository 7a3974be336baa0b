"""Real HTTP/1.1 on loopback for a WSGI app, with a control plane that stays when the app goes down."""

import contextlib
import io
import json
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote_to_bytes

from sandbox import clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL_PREFIX = "/_sandbox/"
CONTROL_PORT_DISTANCE = 100
LARGEST_BODY = 16_000_000

_here = threading.local()  # .connection: the one whose request this thread is answering


class Faults(Protocol):
    """What the server has to know of the book of faults."""

    @property
    def is_down(self) -> bool: ...
    def watch(self, watcher: Callable[[], None]) -> None: ...
    def close(self) -> None: ...


@dataclass
class Answer:
    """The whole answer of a WSGI app, before anything of it is sent."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: "StartResponse") -> Iterable[bytes]:
        start_response(self.status, self.headers)
        return [self.body]


def run(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """Call a WSGI app and keep its whole answer."""
    head: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        head.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = head[-1]
    return Answer(status, headers, body)


class PortTaken(Exception):
    """Somebody else listens there already."""


def drop_connection(environ: "WSGIEnvironment") -> None:
    """Let this request end with a TCP reset instead of an answer."""
    environ["sandbox.drop"] = True


def cut_off(environ: "WSGIEnvironment") -> None:
    """End the caller's connection now, not only when this request has been dealt with."""
    connection = environ.get("sandbox.connection")
    if isinstance(connection, socket.socket):
        _shut(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side may have gone already
        connection.shutdown(socket.SHUT_RDWR)


def _reset_on_close(connection: socket.socket) -> None:
    """Closing with a linger time of 0 sends RST and throws away what was not sent yet."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Request(BaseHTTPRequestHandler):
    """One connection, kept alive; werkzeug's own handler closes always and would hide keep-alive faults."""

    server: "Listener"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    close_by_reset = False

    def answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        environ = self._environ(body)
        _here.connection = self.connection
        answer = run(self.server.app, environ)
        if environ.get("sandbox.drop"):
            self.close_connection = self.close_by_reset = True
            return
        if self.server.closing:
            self.close_connection = True
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - BaseHTTPRequestHandler's names

    def finish(self) -> None:
        if self.close_by_reset:
            _reset_on_close(self.connection)
        with contextlib.suppress(OSError):  # a dropped connection has nothing left to flush to
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """The call log of each sandbox says more than an access log would."""

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self.send_error(411 if "Transfer-Encoding" in self.headers else 413)
            return None
        return self.rfile.read(int(length))

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.connection": self.connection,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ

    def _send(self, answer: Answer) -> None:
        """Head and body leave in one write: two would wait for each other's acknowledgement."""
        code, _, reason = answer.status.partition(" ")
        bodiless = self.command == "HEAD" or code in ("204", "304")
        names = {name.lower() for name, _ in answer.headers}
        lines = [f"HTTP/1.1 {code} {reason}", *(f"{name}: {value}" for name, value in answer.headers)]
        if "date" not in names:
            lines.append("Date: " + format_datetime(clock.now().astimezone(UTC), usegmt=True))
        if "content-length" not in names and code != "204":
            lines.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if bodiless else head + answer.body)


class Listener(socketserver.ThreadingTCPServer):
    """One listening port; PortTaken when it is not free."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, port: int, app: "WSGIApplication") -> None:
        self.app, self.closing = app, False
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        try:
            super().__init__(("127.0.0.1", port), Request)
        except (OSError, OverflowError) as error:
            raise PortTaken(f"port {port} is taken or not allowed ({error})") from error
        self.port: int = self.server_address[1]
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._loop.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Without the polite half-close of the base class a reset stays a reset."""
        with self._guard:
            self._open.discard(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close(self, *, spare: socket.socket | None = None) -> None:
        """Stop listening and drop every connection but the spared one, which ends after its answer."""
        self.closing = True
        self.shutdown()
        self.server_close()
        with self._guard:
            dropped = [connection for connection in self._open if connection is not spare]
        for connection in dropped:
            _shut(connection)


class SandboxServer:
    """An app on 127.0.0.1:port, and its control plane alone on port + 100.

    While the book of faults says `down`, the first port is really closed: connections are refused.
    """

    def __init__(self, app: "WSGIApplication", port: int, faults: Faults) -> None:
        self.port, self._app, self._faults = port, app, faults
        self._guard = threading.Lock()
        self._control = Listener(port + CONTROL_PORT_DISTANCE, _control_only(app))
        try:
            self._main: Listener | None = Listener(port, app)
        except PortTaken:
            self._control.close()
            raise
        faults.watch(self._follow)

    def close(self) -> None:
        self._faults.close()
        with self._guard:
            if self._main:
                self._main.close()
            self._main = None
            self._control.close()

    def _follow(self) -> None:
        """Called in the thread that changed the faults, so that a change holds once it is acknowledged."""
        down = self._faults.is_down
        with self._guard:
            if down and self._main:
                self._main.close(spare=getattr(_here, "connection", None))
                self._main = None
            elif not down and not self._main:
                self._main = Listener(self.port, self._app)


def _control_only(app: "WSGIApplication") -> "WSGIApplication":
    def guarded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(CONTROL_PREFIX):
            return app(environ, start_response)
        message = b"only /_sandbox/ is served here\n"
        return Answer("404 Not Found", [("Content-Type", "text/plain")], message).send(start_response)

    return guarded


def exit_quietly() -> None:
    """SIGTERM and SIGINT end the process with code 0. Call this before slow imports: they may come early.

    Until `serve` has something to close they end it on the spot: during an import an exception may be raised
    in a callback of the interpreter's own, which swallows it.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        os._exit(0)

    _on_signals(leave)


def _on_signals(leave: Callable[[int, FrameType | None], None]) -> None:
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)


def serve(app: "WSGIApplication", port: int, faults: Faults, name: str) -> None:
    """Run until SIGTERM or SIGINT; a taken port is one line on stderr and exit code 1."""
    try:
        server = SandboxServer(app, port, faults)
    except PortTaken as error:
        sys.stderr.write(f"{name}: {error}\n")
        raise SystemExit(1) from None

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    _on_signals(leave)
    try:
        while True:
            signal.pause()
    finally:
        server.close()


class StateFile:
    """Keeps one JSON object in a file; path None keeps nothing.

    Whoever changes what a snapshot shows holds `lock`; `save` holds it while it turns a snapshot into text.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.lock = threading.RLock()
        self._writing, self._counting = threading.Lock(), threading.Lock()
        self._asked = self._written = 0

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None when there is nothing, or nothing readable (then it is moved aside)."""
        if self._path is None or not self._path.exists():
            return None
        try:
            state = json.loads(self._path.read_bytes())
        except ValueError:
            state = None
        if isinstance(state, dict):
            return state
        self.set_aside()
        return None

    def set_aside(self) -> None:
        """Rename a file that cannot be used, and say so in one line."""
        if self._path is not None:
            aside = self._path.with_name(self._path.name + ".broken")
            self._path.replace(aside)
            sys.stderr.write(f"{self._path} cannot be read; moved to {aside}, starting afresh\n")

    def save(self, snapshot: Callable[[], dict[str, Any]]) -> None:
        """Write what snapshot() gives; returns when a state at least as new as this call is in the file.

        Changes that pile up behind a slow write share the next one.
        """
        if self._path is None:
            return
        with self._counting:
            self._asked += 1
            mine = self._asked
        with self._writing:
            if self._written >= mine:
                return
            covers = self._asked
            with self.lock:
                text = json.dumps(snapshot(), separators=(",", ":"))
            self._write(self._path, text)
            self._written = covers

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text)
        fresh.replace(path)
