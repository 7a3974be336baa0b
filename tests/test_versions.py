"""A version is a section of CHANGELOG.md, and a commit in docs/versions.toml."""

import re
import shutil
import subprocess
import tomllib
from itertools import pairwise

import pytest

from webapp.base.config import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
SECTIONS = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
UNRELEASED = " (unreleased)"
RELEASED = [section for section in SECTIONS if not section.endswith(UNRELEASED)]
COMMITS: dict[str, str] = tomllib.loads((ROOT / "docs/versions.toml").read_text())


def test_the_newest_version_is_on_top_and_it_alone_may_be_unreleased() -> None:
    versions = [section.removesuffix(UNRELEASED) for section in SECTIONS]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    assert set(SECTIONS) - set(RELEASED) <= {SECTIONS[0]}


def test_the_shop_says_the_newest_version_of_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == SECTIONS[0].removesuffix(UNRELEASED)


def test_each_released_version_has_a_commit() -> None:
    assert list(COMMITS) == RELEASED
    assert [commit for commit in COMMITS.values() if not re.fullmatch(r"[0-9a-f]{40}", commit)] == []


def test_those_commits_are_in_the_history_the_older_before_the_newer() -> None:
    if not has_history():
        pytest.skip("no git, or a checkout without its history")
    commits = ["HEAD", *COMMITS.values()]
    for newer, older in pairwise(commits):
        assert git("merge-base", "--is-ancestor", older, newer).returncode == 0, older


def has_history() -> bool:
    return (ROOT / ".git").exists() and git("rev-parse", "--is-shallow-repository").stdout.strip() == "false"


def git(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("git") or "false"
    return subprocess.run([program, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_each_change_is_one_sentence_with_its_verb_first() -> None:
    changes = [" ".join(text.split()) for text in re.findall(r"^- (.+(?:\n  .+)*)", CHANGELOG, re.MULTILINE)]
    assert len(changes) == CHANGELOG.count("\n- ") > 0
    assert [text for text in changes if not re.fullmatch(r"[A-Z][a-z]+s,? (?:(?!\. [A-Z]).)*\.", text)] == []
