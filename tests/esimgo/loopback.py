"""A real server on a loopback socket that plays one script for each connection.

What goes on for ever here goes on until the caller leaves. So no test needs to ask how long a caller has
listened: it asks the server whether it was listened to until it gave up itself.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from types import TracebackType

from sandbox import clock

Script = Callable[["Line"], None]

GOES_ON_S = 300  # then it gives up, so that a test fails instead of hanging


class Line:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self._gives_up_at = clock.monotonic() + GOES_ON_S
        self.heard_out = False
        """Did somebody stay until the end of what should have been left long before?"""

    def read_request(self) -> tuple[bytes, dict[str, str], bytes]:
        """Request line, headers in lower case, body."""
        head, _, body = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        headers = {name.lower(): value for name, value in message_from_bytes(rest).items()}
        while len(body) < int(headers.get("content-length", 0)):
            body += self._some()
        return first, headers, body

    def answer(self, body: bytes, status: str = "200 OK", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def drip(self, piece: bytes) -> None:
        """The same few bytes, every now and then, far longer than anybody should listen."""
        while self._goes_on():
            self.sock.sendall(piece)
            self.over.wait(0.05)

    def pour(self, piece: bytes) -> None:
        """Far more than anybody should take."""
        while self._goes_on():
            self.sock.sendall(piece)

    def hang(self) -> None:
        """Not a byte, until the caller has gone."""
        self.sock.settimeout(1)
        while self._goes_on():
            with suppress(TimeoutError):
                self._some()

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _goes_on(self) -> bool:
        """Until the test is over; a caller who leaves ends it by an OSError."""
        self.heard_out = clock.monotonic() > self._gives_up_at
        return not self.heard_out and not self.over.is_set()

    def _until(self, mark: bytes) -> bytes:
        got = b""
        while mark not in got:
            got += self._some()
        return got

    def _some(self) -> bytes:
        if not (piece := self.sock.recv(65536)):
            raise ConnectionError("the client has gone")
        return piece


class Server:
    def __init__(self, script: Script) -> None:
        self.connections = 0
        self._script = script
        self._over, self._met = threading.Event(), threading.Event()
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.address = f"http://127.0.0.1:{self._sock.getsockname()[1]}"

    def __enter__(self) -> "Server":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for sock in (self._sock, *(line.sock for line in self._lines)):
            with suppress(OSError):  # closed by its own thread
                sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for thread in self._threads:
            thread.join(60)

    def was_left(self) -> bool:
        """Have all callers gone, and closed their connections, while what they were told still went on?

        True of a script that ends by itself, too. Waits until somebody has come and the script has noticed.
        """
        self._met.wait(GOES_ON_S)
        for thread in self._threads[1:]:
            thread.join(2 * GOES_ON_S)
        return not any(thread.is_alive() for thread in self._threads[1:]) and not any(
            line.heard_out for line in self._lines
        )

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._sock.accept()
                self.connections += 1
                self._lines.append(line := Line(sock, self._over))
                thread = threading.Thread(target=self._play, args=(line,), daemon=True)
                thread.start()
                self._threads.append(thread)
                self._met.set()

    def _play(self, line: Line) -> None:
        with line.sock, suppress(OSError):
            self._script(line)


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address whose port is taken and refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
