"""A real server on a loopback socket that plays one script for each connection."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from types import TracebackType

Script = Callable[["Line"], None]

SOON_S = 30  # on any machine; what these scripts play would go on for ever


class Line:
    """One connection, seen from the server."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over

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
        with suppress(OSError):
            for _ in range(200):
                if self.over.wait(0.05):
                    return
                self.sock.sendall(piece)

    def pour(self, piece: bytes) -> None:
        """Far more than anybody should take."""
        with suppress(OSError):
            for _ in range(2000):
                self.sock.sendall(piece)

    def hang(self) -> None:
        self.over.wait(10)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

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
        self._over = threading.Event()
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.address = f"http://127.0.0.1:{self._sock.getsockname()[1]}"

    def __enter__(self) -> "Server":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for sock in (self._sock, *self._lines):
            with suppress(OSError):  # closed by its own thread
                sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._sock.accept()
                self.connections += 1
                self._lines.append(sock)
                thread = threading.Thread(target=self._play, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _play(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            self._script(Line(sock, self._over))


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address whose port is taken and refuses connections."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
