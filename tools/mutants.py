"""Breaks the lines that money hangs on, one at a time, and counts which of it no test notices.

`make mutants` runs mutmut on copies of this folder, in memory: for each group of mutants.toml what it breaks
and the few tests that have to notice. What survives stands there too, with the reason why no test could or
should notice it; or it wants a test. It fails under 95 % killed or accepted, or when an accepted is gone.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PLAN = Path(__file__).with_suffix(".toml")
MEMORY = Path("/dev/shm")
MUTMUT = Path(sys.executable).with_name("mutmut")
WANTED_PERCENT = 95

FATES = {0: "survived", 1: "killed", 3: "killed", 5: "not run", 33: "not run"}
FATES |= dict.fromkeys((24, -24, 36, 152, 255), "timeout")
"""mutmut's exit codes. Any other is a test run that did not end as it should."""


class Mutant(NamedTuple):
    """`change`: the function, and the lines that were replaced, before (-) and after (+)."""

    module: str
    change: str
    fate: str


Accepted = dict[tuple[str, str], str]
"""Why a change of a module may survive."""


def main() -> int:
    plan = tomllib.loads(PLAN.read_text())
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("groups", nargs="*", metavar="group", help=", ".join(plan["groups"]))
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="at once; as many as there are cores")
    asked = parser.parse_args()
    names = asked.groups or list(plan["groups"])
    known, found = accepted(plan), list[Mutant]()
    print(f"{'':44}mutants  killed  timeout  accepted  survived    share", flush=True)
    for name in names:
        new = tried(plan["groups"][name], asked.j)
        for module in sorted({mutant.module for mutant in new}):
            tell(module, [mutant for mutant in new if mutant.module == module], known)
        found += new
    return verdict(found, known, everything=not asked.groups)


def accepted(plan: dict[str, Any]) -> Accepted:
    return {
        (group["module"], change.strip()): group["why"]
        for group in plan.get("accepted", [])
        for change in group["changes"].split("\n\n")
    }


# --- a group


def tried(group: dict[str, list[str]], processes: int) -> list[Mutant]:
    """Each mutant of one group, in a folder of its own: a test run leaves files behind, and this is many."""
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="simka-mutants-", dir=memory) as folder:
        work = Path(folder)
        copy(work)
        configure(work / "pyproject.toml", group)
        (work / "tmp").mkdir()
        run = subprocess.run(
            [MUTMUT, "run", "--max-children", str(processes)],
            cwd=work,
            env=os.environ | {"TMPDIR": str(work / "tmp")},
            capture_output=True,
            text=True,
        )
        if run.returncode:
            sys.exit(f"{run.stdout[-20_000:]}\n{run.stderr}")
        return mutants(work)


def copy(work: Path) -> None:
    """What git would keep, as it lies here."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, work / name)


def configure(pyproject: Path, group: dict[str, list[str]]) -> None:
    """In one process, on SQLite."""
    tests = [*group["tests"], "-k", "not postgresql"]
    own = {"only_mutate": group["breaks"], "pytest_add_cli_args_test_selection": tests}
    lines = ["[tool.mutmut]", *(f"{name} = {json.dumps(value)}" for name, value in own.items())]
    pyproject.write_text(pyproject.read_text().replace(lines[0], "\n".join(lines)))


def mutants(work: Path) -> list[Mutant]:
    found = list[Mutant]()
    for told in sorted((work / "mutants").rglob("*.py.meta")):
        module = str(told.relative_to(work / "mutants")).removesuffix(".meta")
        for name, code in json.loads(told.read_text())["exit_code_by_key"].items():
            fate = FATES.get(code, "odd")
            found.append(Mutant(module, name if fate == "killed" else change(work, name), fate))
    return found


def change(work: Path, name: str) -> str:
    shown = subprocess.run([MUTMUT, "show", name], cwd=work, check=True, capture_output=True, text=True)
    lines = [line for line in shown.stdout.splitlines() if re.match(r"[-+](?![-+]{2})", line)]
    mangled = name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x")
    function = mangled.removeprefix("_").replace("\u01c1", ".").removeprefix(".")
    return "\n".join((function, *(f"{line[0]} {line[1:].strip()}" for line in lines)))


# --- what came out


def verdict(found: list[Mutant], known: Accepted, *, everything: bool) -> int:
    left = survivors(found, known)
    share = tell("all", found, known)
    for mutant in left:
        print(f"\n{mutant.fate}: {mutant.module}\n{mutant.change}")
    gone = known.keys() - {(mutant.module, mutant.change) for mutant in found} if everything else set()
    for module, change in sorted(gone):
        print(f"\naccepted, but killed or gone: {module}\n{change}")
    return int(share < WANTED_PERCENT or bool(gone))


def survivors(found: Sequence[Mutant], known: Accepted) -> list[Mutant]:
    harmed = {"killed", "timeout"}
    return [m for m in found if m.fate not in harmed and (m.module, m.change) not in known]


def tell(name: str, found: Sequence[Mutant], known: Accepted) -> float:
    """A line of the table; returns how many percent are killed or accepted."""
    fates, left = Counter(mutant.fate for mutant in found), len(survivors(found, known))
    killed, timeout = fates["killed"], fates["timeout"]
    share = 100 * (len(found) - left) / max(len(found), 1)
    taken = len(found) - killed - timeout - left
    print(f"{name:44}{len(found):7}{killed:8}{timeout:9}{taken:10}{left:10}{share:8.1f} %", flush=True)
    return share


if __name__ == "__main__":
    sys.exit(main())
