"""Time comes from one place, and a file can play it forward."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from webapp.base import clock
from webapp.base.config import ROOT

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """The machine's own time, which stands still."""
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=NOON.astimezone))
    monkeypatch.setattr(clock, "counted", lambda: 1000.0)
    clock.count_from(None)
    yield NOON
    clock.count_from(None)


@pytest.fixture
def offset(tmp_path: Path) -> Iterator[Path]:
    clock.use_offset_file(tmp_path / "clock")
    yield tmp_path / "clock"
    clock.use_offset_file(None)


def test_without_a_file_the_clock_is_the_machines_in_utc(noon: datetime) -> None:
    assert (clock.now(), clock.now().tzinfo) == (noon, UTC)
    assert clock.timestamp() == noon.timestamp()


def test_a_missing_or_empty_file_moves_nothing(offset: Path, noon: datetime) -> None:
    assert clock.now() == noon
    offset.write_text("")
    assert clock.now() == noon


@pytest.mark.parametrize("seconds", [3600.0, -60.5])
def test_the_number_in_the_file_moves_time_and_nothing_else(
    offset: Path, noon: datetime, seconds: float
) -> None:
    offset.write_text(f"{seconds}\n")
    assert clock.now() == noon + timedelta(seconds=seconds)
    assert clock.timestamp() == noon.timestamp() + seconds
    before, measured, after = time.monotonic(), clock.monotonic(), time.monotonic()  # noqa: TID251 - itself
    assert before <= measured <= after


def test_a_moved_clock_is_seen_at_once(offset: Path, noon: datetime) -> None:
    offset.write_text("10")
    assert clock.now() == noon + timedelta(seconds=10)
    offset.write_text("100")
    assert clock.now() == noon + timedelta(seconds=100)


@pytest.mark.parametrize("step_s", [-3600, -1200, -90, 3600, 86_400])
def test_a_step_of_the_machines_clock_moves_nothing(
    noon: datetime, monkeypatch: pytest.MonkeyPatch, step_s: int
) -> None:
    assert clock.now() == noon
    stepped = noon + timedelta(seconds=step_s)
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=stepped.astimezone))
    assert (clock.wall(), clock.now()) == (stepped, noon)
    monkeypatch.setattr(clock, "counted", lambda: 1090.0)
    assert clock.now() == noon + timedelta(seconds=90), "it goes on as it went"


def test_a_step_can_be_played(offset: Path, noon: datetime) -> None:
    offset.with_name("clock.step").write_text("-1200")
    assert clock.wall() == noon - timedelta(minutes=20)
    assert clock.now() == noon - timedelta(minutes=20), "nothing was counted yet: this is the zero"
    offset.with_name("clock.step").write_text("7200")
    assert clock.now() == noon - timedelta(minutes=20)
    clock.count_from(noon)
    assert clock.now() == noon + timedelta(seconds=1000)


def test_the_same_boot_has_the_same_name_for_all_its_processes() -> None:
    asked = [sys.executable, "-c", "from webapp.base import clock; print(clock.boot())"]
    assert subprocess.run(asked, cwd=ROOT, text=True, capture_output=True, check=True).stdout == (
        f"{clock.boot()}\n"
    )


def test_where_the_kernel_names_no_boot_each_process_counts_for_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clock, "TIME_NAMESPACE", tmp_path / "none")
    assert clock.boot() == clock.BOOT_ID.read_text().strip()
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path / "none")
    assert clock.boot() == f"{socket.gethostname()} {os.getpid()}"


def test_a_negative_pause_is_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()
    monkeypatch.setattr("time.sleep", slept.append)
    clock.sleep(-5)
    assert slept == [0.0]
