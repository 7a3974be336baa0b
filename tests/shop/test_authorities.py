"""CA_FILE: behind a proxy with authorities of its own, whoever speaks to the outside believes these, and only
these.
"""

import ast
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from webapp.base.config import ROOT
from webapp.clients.esimgo.calls import Timeouts
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import EsimGoError
from webapp.clients.esimgo.recorder import RecordingClient
from webapp.clients.mail.errors import MailError
from webapp.clients.mail.smtp import Mailer
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import TelegramError
from webapp.operations import external_checks

ANSWER = b'{"ok": true, "result": {"id": 1, "is_bot": true, "first_name": "b"}}'


@dataclass
class Secured:
    """A server on this machine whose certificate an authority of its own has signed."""

    port: int
    authorities: Path

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"


class Answering(BaseHTTPRequestHandler):
    timeout = 1
    """Seconds until it hangs up on who says nothing, such as a mailer that waits for a greeting."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def signed(folder: Path) -> Path:
    """A file with a key, and a certificate for 127.0.0.1 that has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
    now = datetime.now(UTC)  # noqa: TID251 - certificates are judged by the real clock
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(9))
    made = made.add_extension(here, False).add_extension(x509.BasicConstraints(True, None), True)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "authority.pem"
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem) + secret)
    return file


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    file = signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = HTTPServer(("127.0.0.1", 0), Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield Secured(server.server_port, file)
    server.shutdown()
    server.server_close()
    thread.join()


Call = Callable[[Secured, Path | None], object]
"""Where it may, it waits for far longer than a busy machine needs: a timeout says nothing of belief."""


def esim_go(at: Secured, ca: Path | None) -> ESIMGoClient:
    return ESIMGoClient("key", at.address, timeouts=Timeouts(60, 60, 60, 60), authorities=ca)


def mailer(at: Secured, ca: Path | None) -> Mailer:
    return Mailer(f"smtps://127.0.0.1:{at.port}", timeout_s=60, session_s=60, authorities=ca)


CALLS: dict[str, Call] = {
    "Telegram": lambda at, ca: BotApi("1:a", at.address, timeout=(60, 60), authorities=ca).get_me(),
    "eSIM Go": lambda at, ca: esim_go(at, ca).organisation(),
    "eSIM Go, buying": lambda at, ca: esim_go(at, ca).create_order("esim"),
    "eSIM Go, smoke-live": lambda at, ca: RecordingClient("key", at.address, ca).organisation(),
    "mail": lambda at, ca: mailer(at, ca).send(EmailMessage()),
    "certificate": lambda at, ca: external_checks.certificate_end("127.0.0.1", at.port, ca),
}


def is_believed(call: Call, secured: Secured, authorities: Path | None) -> bool:
    """Does it come as far as an answer? What that says is not its own business here."""
    try:
        call(secured, authorities)
    except (TelegramError, EsimGoError, MailError, OSError) as error:
        return "SSL" not in str(error)
    return True


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_server_is_believed_by_its_authority_alone(secured: Secured, tmp_path: Path, call: Call) -> None:
    (tmp_path / "others").mkdir()
    others = signed(tmp_path / "others")
    believed = [
        is_believed(call, secured, authorities) for authorities in (None, others, secured.authorities)
    ]
    assert believed == [False, False, True]


def test_whoever_speaks_to_the_outside_is_told_whom_to_believe() -> None:
    """One that is not would believe the usual authorities, whatever CA_FILE says."""
    speaks = {
        "BotApi",
        "ESIMGoClient",
        "RecordingClient",
        "Mailer",
        "Adapter",
        "tls_context",
        "certificate_end",
    }
    told: list[str] = []
    silent: list[str] = []
    for path in (*(ROOT / "webapp").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in speaks:
                given = ast.unparse(node)
                knows = any(word in given for word in ("ca_file", "authorities", "trusted"))
                (told if knows else silent).append(f"{path.relative_to(ROOT)}: {given}")
    assert silent == []
    assert len(told) > 10
