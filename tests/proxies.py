"""nginx and Caddy with the files of deploy/, on free ports and with a certificate of their own."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox.esimgo import free_port
from tests.stack import until
from webapp.base.config import ROOT

DEPLOY = ROOT / "deploy"
DOMAIN = "shop.example.com"
CERTIFICATES = f"/etc/letsencrypt/live/{DOMAIN}"
UNPACKED = ROOT / "var" / "proxies"  # by tools/install-proxies.sh
FOLDERS = ("/usr/sbin", "/sbin", *(str(UNPACKED / folder) for folder in ("usr/sbin", "usr/bin")))
NAMES = ("nginx", "caddy")


def needs(program: str) -> str:
    """Its path. Where there is none a test is skipped, except under CI=true: there it fails."""
    path = shutil.which(program) or shutil.which(program, path=":".join(FOLDERS))
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{program} is missing: its file in deploy/ has to be checked")
    if path is None:
        pytest.skip(f"{program} is not installed: its file in deploy/ cannot be checked here")
    return path


def caddy_version() -> tuple[int, ...]:
    told = subprocess.run([needs("caddy"), "version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"v?(\d+)\.(\d+)", told)
    assert version is not None, told
    return tuple(map(int, version.groups()))


def caddyfile() -> Path:
    """The one for the Caddy of this machine."""
    return DEPLOY / ("Caddyfile" if caddy_version() >= (2, 7) else "Caddyfile-2.6")


class Proxy(NamedTuple):
    """`plain_port`: where nginx sends people to https; Caddy does that without being told."""

    port: int
    plain_port: int
    folder: Path

    def connect(self) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=60), server_hostname=DOMAIN
        )


@contextmanager
def running(name: str, folder: Path, upstream: int, body_timeout: str) -> Iterator[Proxy]:
    """The proxy before the web process on port `upstream`. `body_timeout` stands for the one in its file."""
    proxy = Proxy(free_port(), free_port(), folder)
    certificate(folder)
    command = (_nginx if name == "nginx" else _caddy)(proxy, upstream, body_timeout)
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: _accepts(proxy.port), what=f"{name} accepts connections")
        yield proxy
    finally:
        process.terminate()
        process.wait(30)


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def nginx_command(site: str, folder: Path, events: str = "") -> list[str]:
    """nginx, in the foreground, with the site of deploy/nginx.conf and nothing of the machine's."""
    own = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    head = f"pid {folder}/pid; error_log stderr; daemon off; events {{ {events} }}"
    main.write_text(f"{head}\nhttp {{ {own}\n{site}\n}}")
    return [needs("nginx"), "-c", str(main), "-p", str(folder), "-e", "stderr"]


def _nginx(proxy: Proxy, upstream: int, body_timeout: str) -> list[str]:
    site = (DEPLOY / "nginx.conf").read_text().replace(CERTIFICATES, str(proxy.folder))
    site = _put(site, "listen 80;", f"listen 127.0.0.1:{proxy.plain_port};")
    site = _put(site, "listen 443 ssl;", f"listen 127.0.0.1:{proxy.port} ssl;")
    site = _put(site, "http://127.0.0.1:8000;", f"http://127.0.0.1:{upstream};")
    site = _put(site, "client_body_timeout 10s;", f"client_body_timeout {body_timeout};")
    return nginx_command(site, proxy.folder)


def _caddy(proxy: Proxy, upstream: int, body_timeout: str) -> list[str]:
    site = caddyfile().read_text()
    quiet = "admin off\n\tauto_https off\n\tskip_install_trust"
    site = _put(site, "{\n\tservers", f"{{\n\t{quiet}\n\tservers")
    keys = f"tls {proxy.folder}/fullchain.pem {proxy.folder}/privkey.pem"
    site = _put(site, f"\n{DOMAIN} {{\n", f"\nhttps://{DOMAIN}:{proxy.port} {{\n\t{keys}\n")
    site = _put(site, "127.0.0.1:8000", f"127.0.0.1:{upstream}")
    site = _put(site, "read_body 30s", f"read_body {body_timeout}")
    path = proxy.folder / "Caddyfile"
    path.write_text(site)
    return [needs("caddy"), "run", "--adapter", "caddyfile", "--config", str(path)]


def _put(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
    return text.replace(old, new)


def certificate(folder: Path) -> None:
    """fullchain.pem and privkey.pem for DOMAIN."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DOMAIN)])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(3650))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(DOMAIN)]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(*form))
