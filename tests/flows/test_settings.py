"""R33 with real processes: whoever reads the settings reads the same file, in the same way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.esimgo import free_port
from tests.stack import ROOT
from webapp.base.config import names

pytestmark = pytest.mark.flow

LOCAL = """
ESIMGO_API_KEY=key
ESIMGO_API_URL=http://127.0.0.1:9/v2.5
TELEGRAM_BOT_TOKEN=1:a
TELEGRAM_API_URL=http://127.0.0.1:9
TELEGRAM_WEBHOOK_SECRET=secret
DATABASE_URL=sqlite:///shop.db
"""

PROCESSES = {
    "the web's starter": ["wsgi.py"],
    "a server of one's own": ["-m", "granian", "--interface", "wsgi", "wsgi:app"],
    "the jobs": ["-m", "jobs", "doctor"],
    "a command": ["-m", "flask", "--app", "wsgi", "migrate"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with a file of settings, and above it a file of somebody else's."""
    (tmp_path / ".env").write_text("SHOP_NAM=of another shop\nMARKUP_PERCENT=99\n")
    shop = tmp_path / "shop"
    shop.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in {"var", ".env", ".git"}:
            (shop / entry.name).symlink_to(entry)
    return shop


def run(folder: Path, arguments: list[str], lines: str) -> "subprocess.CompletedProcess[str]":
    (folder / ".env").write_text(f"{LOCAL}{lines}\n")
    settings = {*names(), "ENV_FILE"}
    environ = {name: value for name, value in os.environ.items() if name not in settings}
    python = [sys.executable, *arguments]
    return subprocess.run(
        python, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_ends_with_the_same_line(folder: Path, process: str) -> None:
    done = run(folder, PROCESSES[process], f"PORT={free_port()}\nMARKUP_PERCENT=much")
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("simka: ")]
    assert said == ["simka: MARKUP_PERCENT must be a number from 0 to 1000"]
    assert done.returncode != 0


@pytest.mark.parametrize("process", ["the jobs", "a command"])
def test_a_slip_of_a_name_stops_each_process(folder: Path, process: str) -> None:
    done = run(folder, PROCESSES[process], "ADMIN_TELEGRAM_ID=1")
    assert "simka: ADMIN_TELEGRAM_ID is no setting: did you mean ADMIN_TELEGRAM_IDS?" in done.stderr
    assert done.returncode != 0


def test_a_command_takes_what_the_file_says_and_nothing_from_above(folder: Path) -> None:
    assert run(folder, PROCESSES["a command"], "").returncode == 0
    shown = run(folder, ["-m", "flask", "--app", "wsgi", "pricing", "show"], "STAR_USD=0.0125")
    assert shown.stdout == "everything: 40 % markup (MARKUP_PERCENT), a Star brings 0.0125 USD (STAR_USD)\n"
