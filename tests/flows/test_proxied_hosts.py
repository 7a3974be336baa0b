"""nginx sends people to https at its own name, whatever name they came with."""

import socket
from pathlib import Path

import pytest

from tests.proxies import DOMAIN, running

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("host", [DOMAIN, "evil.example"])
def test_nobody_is_sent_to_a_host_that_a_stranger_names(tmp_path: Path, host: str) -> None:
    with (
        running("nginx", tmp_path, 9, "10s") as proxy,
        socket.create_connection(("127.0.0.1", proxy.plain_port), timeout=60) as connection,
    ):
        connection.sendall(f"GET /help?lang=ru HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = connection.recv(65536).decode()
    assert f"Location: https://{DOMAIN}/help?lang=ru\r\n" in answer
