"""R33 with real processes: whoever reads the settings reads the same file, in the same way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.sandbox.esimgo import free_port
from tests.shop.test_settings_documented import LINE
from tests.stack import ROOT, until
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
    "the web": ["-m", "webapp.base.server"],
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


def environment(**given: str) -> dict[str, str]:
    settings = {*names(), "ENV_FILE", "FLASK_SKIP_DOTENV"}
    return {name: value for name, value in os.environ.items() if name not in settings} | given


def run(folder: Path, arguments: list[str], lines: str, **given: str) -> "subprocess.CompletedProcess[str]":
    (folder / ".env").write_text(f"{LOCAL}{lines}\n")
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
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


SHOW = ["-m", "flask", "--app", "wsgi", "pricing", "show"]


def shown(star: str, markup: str = "40") -> str:
    return f"everything: {markup} % markup (MARKUP_PERCENT), a Star brings {star} USD (STAR_USD)\n"


def test_a_command_takes_what_the_file_says_and_nothing_from_above(folder: Path) -> None:
    assert run(folder, PROCESSES["a command"], "").returncode == 0
    assert run(folder, SHOW, "STAR_USD=0.0125").stdout == shown("0.0125")


def test_a_command_puts_nothing_in_place_of_a_dollar_sign(folder: Path) -> None:
    done = run(folder, PROCESSES["a command"], "DATABASE_URL=sqlite:///${HOME}.db")
    assert done.returncode == 0
    assert (folder / "${HOME}.db").exists()


def test_what_a_command_is_given_goes_before_its_file_also_where_another_file_says_the_same(
    folder: Path,
) -> None:
    (folder / "other.env").write_text(f"{LOCAL}MARKUP_PERCENT=10\nSTAR_USD=0.01\n")
    given = {"ENV_FILE": "other.env", "MARKUP_PERCENT": "40"}
    assert run(folder, PROCESSES["a command"], "MARKUP_PERCENT=40", **given).returncode == 0
    assert run(folder, SHOW, "MARKUP_PERCENT=40", **given).stdout == shown("0.01")


def test_all_lines_of_the_example_start_a_shop(folder: Path) -> None:
    """As a newcomer uncomments them; the keys are filled in, and the port is a free one."""
    (folder / "var").mkdir()
    example = [f"{name}={value}" for name, value in LINE.findall((ROOT / ".env.example").read_text())]
    needed = [
        line
        for line in LOCAL.splitlines()
        if line.startswith(("ESIMGO_API_KEY", "TELEGRAM_BOT", "TELEGRAM_W"))
    ]
    port = free_port()
    (folder / ".env").write_text("\n".join([*example, *needed, f"PORT={port}"]))
    python = [sys.executable]
    subprocess.run([*python, *PROCESSES["a command"]], cwd=folder, env=environment(), check=True, timeout=120)
    web = subprocess.Popen([*python, *PROCESSES["the web"]], cwd=folder, env=environment())
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 60, "the shop")
    finally:
        web.terminate()
        web.wait(60)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
