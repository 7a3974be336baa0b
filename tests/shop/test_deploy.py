"""The files of deploy/ are what their own programs take, and start what the Procfile starts."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from webapp.base.config import ROOT

DEPLOY = ROOT / "deploy"
UNITS = ("simka-web.service", "simka-jobs.service", "simka-backup.service", "simka-backup.timer")
CERTIFICATES = "/etc/letsencrypt/live/shop.example.com"


def needs(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed: its file in deploy/ cannot be checked here")
    return path


def ran(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def as_here(unit: str, folder: Path) -> Path:
    """The unit with programs that this machine has, so that only its own words are judged."""
    text = (DEPLOY / unit).read_text()
    for program in ("granian", "python", "flask"):
        text = text.replace(f"/srv/simka/.venv/bin/{program}", "/bin/true")
    path = folder / unit
    path.write_text(text.replace("User=simka\n", ""))
    return path


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    verifier = needs("systemd-analyze")
    units = [str(as_here(unit, tmp_path)) for unit in UNITS]
    done = ran(verifier, "verify", *units)
    told = [line for line in (done.stdout + done.stderr).splitlines() if "simka" in line]
    assert (done.returncode, told) == (0, []), done.stderr


def test_a_mistake_in_a_unit_is_found(tmp_path: Path) -> None:
    verifier = needs("systemd-analyze")
    unit = as_here("simka-jobs.service", tmp_path)
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=sometimes"))
    done = ran(verifier, "verify", str(unit))
    assert "sometimes" in done.stdout + done.stderr


def test_the_units_start_what_the_procfile_starts() -> None:
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines() if line)
    for name, _, command in lines:
        unit = (DEPLOY / f"simka-{name}.service").read_text()
        assert f"ExecStart={command.replace('.venv', '/srv/simka/.venv')}\n" in unit


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example.com")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(3650))
    signed = builder.sign(key, hashes.SHA256())
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(key.private_bytes(*form))


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    nginx = needs("nginx")
    certificate(tmp_path)
    site = (DEPLOY / "nginx.conf").read_text().replace(CERTIFICATES, str(tmp_path))
    main = tmp_path / "nginx.conf"
    main.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {site} }}")
    done = ran(nginx, "-t", "-c", str(main), "-p", str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_configuration() -> None:
    done = ran(needs("caddy"), "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile"))
    assert done.returncode == 0, done.stderr
