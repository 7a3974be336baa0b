"""Time comes from one place, and a file can play it forward."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from tests.shop.factories import near
from webapp import clock


@pytest.fixture
def offset(tmp_path: Path) -> Iterator[Path]:
    clock.use_offset_file(tmp_path / "clock")
    yield tmp_path / "clock"
    clock.use_offset_file(None)


def test_without_a_file_the_clock_is_right_and_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.timestamp() - clock.now().timestamp()) < 30


def test_a_missing_or_empty_file_moves_nothing(offset: Path) -> None:
    before = clock.now()
    offset.write_text("")
    assert near(clock.now(), before)


@pytest.mark.parametrize("seconds", [3600.0, -60.5])
def test_the_number_in_the_file_moves_time_and_nothing_else(offset: Path, seconds: float) -> None:
    before, measured = clock.timestamp(), clock.monotonic()
    offset.write_text(f"{seconds}\n")
    assert clock.timestamp() - before == pytest.approx(seconds, abs=30)
    assert clock.monotonic() - measured < 60


def test_a_moved_clock_is_seen_at_once(offset: Path) -> None:
    offset.write_text("10")
    before = clock.now()
    offset.write_text("100")
    assert (clock.now() - before).total_seconds() == pytest.approx(90, abs=30)


def test_a_negative_pause_is_no_pause() -> None:
    before = clock.monotonic()
    clock.sleep(-5)
    assert clock.monotonic() - before < 4
