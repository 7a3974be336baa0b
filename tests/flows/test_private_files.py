"""What the processes of a shop write down is for their own user, whatever umask they were started with."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stack import STARTS_IN_S, Stack, until

pytestmark = pytest.mark.flow


def modes(folder: Path) -> dict[str, str]:
    """By file, what its group and others may do with it."""
    files = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder.parent)): oct(path.stat().st_mode & 0o077) for path in files}


def umask_of(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Umask:"))


@pytest.fixture
def shop(tmp_path: Path) -> Stack:
    """Nothing of it is there yet, not even its folder."""
    return Stack(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path}/var/simka.db"})


def test_no_other_user_reads_database_copies_or_what_is_brought_back(shop: Stack, tmp_path: Path) -> None:
    var = tmp_path / "var"
    shop.flask("migrate")
    shop.start_web()
    shop.start_jobs()
    try:
        until(lambda: shop.answers(f"{shop.web}/healthz"), STARTS_IN_S, "the shop")
        until(lambda: (var / "simka.db-wal").exists(), STARTS_IN_S, "a writer")
        shop.flask("backup", str(var / "copy"))
        elsewhere = replace(shop, settings={"DATABASE_URL": f"sqlite:///{var}/back/simka.db"})
        elsewhere.flask("restore", str(var / "copy"))
        found = modes(var)
        until(lambda: umask_of(shop.processes["jobs"].pid) == "0077", STARTS_IN_S, "the umask of the jobs")
    finally:
        shop.stop()
    for name in ("var", "var/simka.db", "var/simka.db-wal", "var/copy", "var/back", "var/back/simka.db"):
        assert name in found
    assert {name for name, mode in found.items() if mode != "0o0"} == set()
