"""R33 with real processes: whoever reads the settings reads the same file, in the same way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.databases.servers import Files
from tests.forking import Forked
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
    "the web": "webapp.base.server",
    "a server of one's own": "granian --interface wsgi wsgi:app",
    "the jobs": "jobs doctor",
    "a command": "flask --app wsgi migrate",
}
SHOW = "flask --app wsgi pricing show"


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


def run(folder: Path, module: str, lines: str, **given: str) -> tuple[int, str]:
    """Run `python -m MODULE ARGUMENTS` there: its exit code, and what it said. A command of flask asks the
    system what it was started with, and so is no fork of another process.
    """
    (folder / ".env").write_text(f"{LOCAL}{lines}\n")
    words, log = module.split(), folder / "said"
    if words[0] != "flask":
        return Forked(words, environment(**given), log, folder).wait(120), log.read_text()
    command = [sys.executable, "-m", *words]
    with log.open("w") as told:
        ended = subprocess.run(
            command, cwd=folder, env=environment(**given), stdout=told, stderr=told, timeout=120, check=False
        )
    return ended.returncode, log.read_text()


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_ends_with_the_same_line(folder: Path, process: str) -> None:
    code, told = run(folder, PROCESSES[process], f"PORT={free_port()}\nMARKUP_PERCENT=much")
    said = [line for line in told.splitlines() if line.startswith("simka: ")]
    assert said == ["simka: MARKUP_PERCENT must be a number from 0 to 1000"]
    assert code != 0


@pytest.mark.parametrize("process", ["the jobs", "a command"])
def test_a_slip_of_a_name_stops_each_process(folder: Path, process: str) -> None:
    code, told = run(folder, PROCESSES[process], "ADMIN_TELEGRAM_ID=1")
    assert "simka: ADMIN_TELEGRAM_ID is no setting: did you mean ADMIN_TELEGRAM_IDS?" in told
    assert code != 0


def shown(star: str, markup: str = "40") -> str:
    return f"everything: {markup} % markup (MARKUP_PERCENT), a Star brings {star} USD (STAR_USD)\n"


def put_database(folder: Path, files: Files) -> None:
    """Where LOCAL says that it is."""
    files.migrated(folder)
    (folder / "simka.db").rename(folder / "shop.db")


def test_a_command_takes_what_the_file_says_and_nothing_from_above(folder: Path, sqlite_files: Files) -> None:
    put_database(folder, sqlite_files)
    assert run(folder, SHOW, "STAR_USD=0.0125") == (0, shown("0.0125"))


def test_a_command_puts_nothing_in_place_of_a_dollar_sign(folder: Path) -> None:
    code, told = run(folder, PROCESSES["a command"], "DATABASE_URL=sqlite:///${HOME}.db")
    assert code == 0, told
    assert (folder / "${HOME}.db").exists()


def test_what_a_command_is_given_goes_before_its_file_also_where_another_file_says_the_same(
    folder: Path, sqlite_files: Files
) -> None:
    put_database(folder, sqlite_files)
    (folder / "other.env").write_text(f"{LOCAL}MARKUP_PERCENT=10\nSTAR_USD=0.01\n")
    given = {"ENV_FILE": "other.env", "MARKUP_PERCENT": "40"}
    assert run(folder, SHOW, "MARKUP_PERCENT=40", **given) == (0, shown("0.01"))


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
    python = [sys.executable, "-m"]
    migrate = [*python, *PROCESSES["a command"].split()]
    subprocess.run(migrate, cwd=folder, env=environment(), check=True, timeout=120)
    web = subprocess.Popen([*python, PROCESSES["the web"]], cwd=folder, env=environment())
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
