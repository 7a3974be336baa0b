"""What is installed is locked, each file by its hash: requirements.txt of requirements.in, and
requirements-dev.txt of requirements-dev.in.
"""

import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

from webapp.base.config import ROOT

LOCKS = ("requirements", "requirements-dev")
DIRECT = re.compile(r"([a-z0-9-]+)(?:\[[a-z]+\])?==(\S+) +# (.+)")
LICENCE = re.compile(r"\((?:MIT|MIT-CMU|BSD-[23]|Apache-2\.0|MPL-2\.0|LGPL-3)[ ;)]")
LOCKED = re.compile(
    r"^([a-z0-9-]+)==(\S+)( ;[^\\\n]+)? \\\n((?: +--hash=\S+(?: \\)?\n)+)((?: +#.*\n)+)", re.MULTILINE
)
COPYLEFT = re.compile(r"\bA?GPL|(?<!Lesser )General Public Licen[sc]e")


class Locked(NamedTuple):
    version: str
    marker: str
    hashes: frozenset[str]
    via: str


def direct(lock: str) -> dict[str, str]:
    lines = (ROOT / f"{lock}.in").read_text().splitlines()
    found = [DIRECT.fullmatch(line) for line in lines if line and not line.startswith(("#", "-"))]
    assert None not in found, "name==version  # reason (licence)"
    return {match[1]: match[2] for match in found if match}


def locked(lock: str) -> dict[str, Locked]:
    return {
        name: Locked(version, marker, frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", hashes)), via)
        for name, version, marker, hashes, via in LOCKED.findall((ROOT / f"{lock}.txt").read_text())
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_dependency_is_locked_at_its_version_and_no_other_is_taken_for_one(lock: str) -> None:
    asked = {name: entry.version for name, entry in locked(lock).items() if f"-r {lock}.in" in entry.via}
    assert asked == direct(lock), "`make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_installed_without_a_hash_or_from_a_place_of_its_own(lock: str) -> None:
    text = (ROOT / f"{lock}.txt").read_text()
    rest = [line for line in LOCKED.sub("", text).splitlines() if not line.startswith("#")]
    assert rest == [], "neither a package with hashes nor a comment"
    assert all(entry.hashes for entry in locked(lock).values())
    assert "://" not in text + (ROOT / f"{lock}.in").read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_dependency_says_why_it_is_there_and_its_licence(lock: str) -> None:
    lines = [line for line in (ROOT / f"{lock}.in").read_text().splitlines() if "==" in line]
    assert [line for line in lines if not LICENCE.search(line)] == []


def test_development_has_the_very_files_that_the_shop_runs_on() -> None:
    shop, development = locked("requirements"), locked("requirements-dev")
    assert shop
    for name, entry in shop.items():
        assert development[name][:3] == entry[:3], name


def test_nothing_that_a_shop_runs_on_is_under_gpl_or_agpl() -> None:
    installed = [name for name, entry in locked("requirements").items() if "win32" not in entry.marker]
    told = {name: licence(name) for name in installed}
    assert [name for name, said in told.items() if COPYLEFT.search(said)] == []
    assert {name for name, said in told.items() if not said} <= set(direct("requirements")), "it says nothing"


def licence(name: str) -> str:
    """As the package itself states it."""
    package = metadata(name)
    fields = ("License-Expression", "License", "Classifier")
    told = [text.partition("\n")[0] for field in fields for text in package.get_all(field) or []]
    return " ".join(line for line in told if line and ("::" not in line or line.startswith("License ::")))


@pytest.mark.parametrize("told", ["GPL-3.0-or-later", "AGPL-3.0", "GNU General Public License v2 (GPLv2)"])
def test_such_a_licence_would_be_found(told: str) -> None:
    assert COPYLEFT.search(told)
    assert not COPYLEFT.search("LGPL-3.0-only License :: GNU Lesser General Public License v3 (LGPLv3)")


def test_pip_installs_no_half_of_a_shop(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--no-deps", "--no-index"]
    told = subprocess.run([*pip, f"--target={tmp_path}", ROOT], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "a shop is no package" in told.stdout + told.stderr
    assert list(tmp_path.iterdir()) == []


def test_make_installs_by_hash_and_nothing_else() -> None:
    installing = re.findall(r"^.*\binstall .*$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert installing == [line for line in installing if line.endswith("--require-hashes")]
    assert len(installing) == 1
