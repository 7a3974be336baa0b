"""The files of deploy/ are what their own programs take, and start what the Procfile starts."""

import subprocess
from pathlib import Path

import pytest

from tests.proxies import CERTIFICATES, DEPLOY, caddyfile, certificate, needs, nginx_command
from webapp.base.config import ROOT

UNITS = ("simka-web.service", "simka-jobs.service", "simka-backup.service", "simka-backup.timer")


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


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith(".service")])
def test_a_unit_that_is_broken_into_leads_nowhere(unit: str) -> None:
    """As systemd itself judges: OK is below 4 of 10."""
    done = ran(needs("systemd-analyze"), "security", "--offline=true", "--threshold=20", str(DEPLOY / unit))
    judged = [line for line in done.stdout.splitlines() if "Overall exposure level" in line]
    assert done.returncode == 0, judged
    assert "OK" in judged[0]


def test_the_units_are_closed_alike() -> None:
    """Less of one of them would be found there alone."""
    texts = [(DEPLOY / unit).read_text() for unit in UNITS if unit.endswith(".service")]
    closed = {text[text.index("UMask=") :].partition("\n\n")[0].strip() for text in texts}
    assert len(closed) == 1


def test_the_units_start_what_the_procfile_starts() -> None:
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines() if line)
    for name, _, command in lines:
        unit = (DEPLOY / f"simka-{name}.service").read_text()
        assert f"ExecStart={command.replace('.venv', '/srv/simka/.venv')}\n" in unit


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    certificate(tmp_path)
    site = (DEPLOY / "nginx.conf").read_text().replace(CERTIFICATES, str(tmp_path))
    done = ran(*nginx_command(site, tmp_path), "-t")
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_configuration() -> None:
    done = ran(needs("caddy"), "validate", "--adapter", "caddyfile", "--config", str(caddyfile()))
    assert done.returncode == 0, done.stderr


def test_the_two_files_for_caddy_say_the_same_in_its_two_spellings() -> None:
    new, old = ((DEPLOY / name).read_text().splitlines() for name in ("Caddyfile", "Caddyfile-2.6"))
    differing = [pair for pair in zip(new, old, strict=True) if pair[0] != pair[1]]
    assert differing[1:] == [("\t\trequest_buffers 1MB", "\t\tbuffer_requests")], differing
    assert all(line.startswith("# ") for line in differing[0])
