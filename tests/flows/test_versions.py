"""Real processes that meet a database of another version say so in one line, and end."""

from pathlib import Path

import pytest

from tests.stack import Stack

pytestmark = pytest.mark.flow

MIGRATE = "`flask --app wsgi migrate`\n"
COMMANDS = ("jobs", "jobs run purge", "flask --app wsgi ledger", "flask --app wsgi pricing show")


def test_web_jobs_and_commands_refuse_an_unmigrated_database(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    for command in COMMANDS:
        code, said = stack.run(command)
        assert (code != 0, said.count("\n"), said.endswith(MIGRATE)) == (True, 1, True), (command, said)
    assert not (tmp_path / "simka.db").exists(), "no empty one is made in its place"
    stack.start_web()
    assert stack.wait_for_death("web") != 0
    (line,) = (line for line in stack.log("web").splitlines() if line.startswith("simka:"))
    assert line.endswith(MIGRATE.rstrip())


def test_web_jobs_and_commands_of_an_older_version_refuse_a_newer_database(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.flask("migrate")
    stack.sql("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")
    for command in (*COMMANDS, "flask --app wsgi migrate"):
        code, said = stack.run(command)
        assert (code != 0, said.count("\n")) == (True, 1), (command, said)
        assert said.startswith("simka: the database was migrated by a newer version of Simka (9999_later)")
    stack.start_web()
    assert stack.wait_for_death("web") != 0
    assert "newer version of Simka" in stack.log("web")
