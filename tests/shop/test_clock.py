"""Time comes from one place, and a file can play it forward."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from webapp.base import clock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The machine's own time, which stands still."""
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=NOON.astimezone))
    return NOON


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


def test_a_negative_pause_is_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = list[float]()
    monkeypatch.setattr("time.sleep", slept.append)
    clock.sleep(-5)
    assert slept == [0.0]
