"""The documents say what is so: every command is there and runs, every link leads somewhere, and both
languages say the same.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from jobs.schedule import NAMES, ON_REQUEST, SCHEDULE
from tests.commands import PAGES, Command, anchors, commands, fences, headings, links
from tests.shop.conftest import app, bot, shelves
from webapp.base.config import ROOT, Config

__all__ = ["app", "bot", "shelves"]

PAIRS = [("README.md", "README.ru.md"), ("docs/runbook.md", "docs/runbook.ru.md")]
LABELS = {
    "docs/runbook.md": ["What you see", "Why", "What to do", "What the customer is told"],
    "docs/runbook.ru.md": ["Что видно", "Почему", "Что делать", "Что видит клиент"],
}
"""What each page of the runbook says, in this order."""
OF_JOBS = {"run", "doctor", "smoke-live"}
SETTING = re.compile(r"^\| `([A-Z_]+)` \|([^|]*)\|", re.MULTILINE)
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

RUN = {
    "ledger": 0,
    "callbacks": 0,
    "catalogue status": 0,
    "catalogue accept": 1,
    "pricing show": 0,
    "pricing preview": 1,
    "pricing set": 1,
    "pricing remove": 1,
    "customers held": 0,
    "customers find": 2,
    "customers release": 2,
    "migrate": 0,
    "rotate-keys": 0,
    "backup": 0,
    "restore": 1,
}
"""Commands of flask as they end on a shop that sells and where nothing has happened: 1 is a refusal in words,
2 a word that is missing. What is not here is known by its --help alone.
"""


def every(program: str) -> list[Command]:
    found = {command for page in PAGES for command in commands(page) if command.program == program}
    return sorted(found)


def named(command: Command) -> str:
    return " ".join(command.words)


def test_there_are_commands_to_look_at() -> None:
    assert len(every("make")) > 20
    assert len(every("flask")) > 15
    assert len(every("python -m jobs")) > 2


@pytest.mark.parametrize("command", every("make"), ids=named)
def test_every_target_of_make_is_there(command: Command) -> None:
    if not command.words:  # the name of the program
        return
    target = command.words[0].rstrip(".,:)")
    assert target in TARGETS, command
    told = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("command", every("python -m jobs"), ids=named)
def test_every_command_of_jobs_is_there(command: Command) -> None:
    words = command.words
    assert not words or words[0] in OF_JOBS
    if words[:1] == ("run",) and words[1] != "NAME":
        assert words[1] in NAMES


@pytest.mark.parametrize("command", every("pytest") + every("python -m pytest"), ids=named)
def test_every_test_that_is_named_is_there(command: Command) -> None:
    paths = [word for word in command.words if word.startswith("tests/")]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("command", every("flask"), ids=named)
def test_every_command_of_flask_is_there(app: Flask, command: Command) -> None:
    words = [word for word in command.words if word not in {"--app", "wsgi"}]
    found: click.Command = app.cli
    while isinstance(found, click.Group) and words:
        name = words.pop(0)
        assert name in found.commands, command
        found = found.commands[name]
    options = {option for parameter in found.params for option in parameter.opts}
    assert [word for word in words if word.startswith("--") and word not in options] == []


def of_flask(app: Flask) -> Iterator[str]:
    for name, command in app.cli.commands.items():
        yield from (
            (f"{name} {inner}" for inner in command.commands) if isinstance(command, click.Group) else [name]
        )


def test_every_command_of_ours_is_in_a_document(app: Flask) -> None:
    ours = set(of_flask(app)) - {"run", "shell", "routes"} - TARGETS
    told = [named(command).removeprefix("--app wsgi ") for command in every("flask")]
    text = " ".join(page.read_text() for page in PAGES)
    missing = {name for name in ours if f"`{name}" not in text and not any(t.startswith(name) for t in told)}
    assert missing == set()
    assert set(RUN) < ours | TARGETS


@pytest.mark.parametrize("name", RUN)
def test_a_command_of_the_documents_runs(
    app: Flask, shelves: None, config: Config, tmp_path: Path, name: str
) -> None:
    words = shlex.split(name)
    if name in {"backup", "restore"}:
        words.append(str(tmp_path / "copy"))
    if name == "restore":
        assert app.test_cli_runner().invoke(args=["backup", str(tmp_path / "copy")]).exit_code == 0
    result = app.test_cli_runner().invoke(args=words)
    assert isinstance(result.exception, SystemExit | None), result.output
    assert result.exit_code == RUN[name], result.output
    assert result.output.strip() or result.exit_code


def test_help_tells_what_each_command_does(app: Flask) -> None:
    for name in of_flask(app):
        told = CliRunner().invoke(app.cli, [*name.split(), "--help"], obj=None)
        assert told.exit_code == 0, name
        assert len(told.output) > 40, name


# --- where a thing is triggered

TRIGGERS = (ROOT / "docs/contributing.md").read_text().partition("## Where is a thing triggered\n")[2]
TRIGGERS = TRIGGERS.partition("\n## ")[0]
DAY_S = 86_400


def test_every_job_stands_once_where_it_is_told_what_triggers_a_thing_and_how_often_it_looks() -> None:
    told = re.findall(r"job `(\w+)`, (every [\d.]+ s|every day|on request)", TRIGGERS)
    often = {
        e.job.__name__: "every day" if e.every_s == DAY_S else f"every {e.every_s:g} s" for e in SCHEDULE
    }
    often |= {job.__name__: "on request" for job in ON_REQUEST}
    assert sorted(told) == sorted((name.removeprefix("jobs."), every) for name, every in often.items())


def test_every_request_and_file_that_is_named_there_is_there(app: Flask) -> None:
    routes = {f"{method} {rule}" for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    requests = set(re.findall(r"`((?:GET|POST) /[^`]*)`", TRIGGERS))
    assert requests
    assert requests - routes == set()
    files = re.findall(r"`((?:webapp|jobs|deploy)/[^`]+)`", TRIGGERS)
    assert [file for file in files if not (ROOT / file).exists()] == []


# --- links and languages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _hash, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not place or place in anchors(target), link


def test_every_page_is_reached_from_the_readme() -> None:
    seen, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        ahead += [target for target in targets if target.suffix == ".md" and target not in seen]
    assert [page.name for page in PAGES if page not in seen] == []


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_have_the_same_headings_and_commands(pair: tuple[str, str]) -> None:
    english, russian = (ROOT / name for name in pair)
    assert [level for level, _text in headings(english)] == [level for level, _text in headings(russian)]
    assert fences(english) == fences(russian)
    assert [c[1:] for c in commands(english)] == [c[1:] for c in commands(russian)]
    assert [link for link in links(english) if "README" not in link and "runbook" not in link] == [
        link for link in links(russian) if "README" not in link and "runbook" not in link
    ]


@pytest.mark.parametrize("runbook", LABELS)
def test_each_page_of_the_runbook_says_the_same_four_things(runbook: str) -> None:
    """Whoever is woken by an alert finds what to do in the place where it always stands."""
    _title, *pages = re.split(r"^## ", (ROOT / runbook).read_text(), flags=re.MULTILINE)
    told = {page.partition("\n")[0]: re.findall(r"\*\*(.+?)\*\*", page) for page in pages}
    assert len(told) > 10
    labels = [f"{label}." for label in LABELS[runbook]]
    assert {name: said for name, said in told.items() if said != labels} == {}


def test_the_russian_readme_is_russian_and_has_the_same_settings() -> None:
    english, russian = ((ROOT / name).read_text() for name in PAIRS[0])
    assert SETTING.findall(english) == SETTING.findall(russian)
    told = re.sub(r"`[^`]*`|\([^)]*\)|```.*?```", "", russian, flags=re.DOTALL)
    assert (
        len(re.findall("[а-яё]", told, re.IGNORECASE)) > 8 * len(re.findall("[a-z]", told, re.IGNORECASE)) / 3
    )


def test_every_file_that_the_threat_model_names_is_there() -> None:
    """What holds somebody is a file that one can open."""
    page = (ROOT / "docs/security.md").read_text()
    named = re.findall(r"`((?:webapp|tests|deploy)/[\w/.-]*)`", page)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []
