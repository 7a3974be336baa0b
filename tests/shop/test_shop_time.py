"""The zero that all processes of one boot share."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs import check_clock
from jobs.context import Context
from tests.shop.conftest import Advance
from tests.shop.factories import after, lead, near
from tests.shop.standins import Bot, Provider
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Unavailable
from webapp.models import Boot, Setting, db
from webapp.state import outages, shop_time

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def reboot(database: Config, monkeypatch: pytest.MonkeyPatch, provider: Provider, bot: Bot) -> None:
    """The machine boots again, a moment after the leader has noted how late it is."""
    shop_time.follow()
    provider.account = Unavailable("nobody answers")
    check_clock.run(Context(database, provider, bot, lead(), {}))
    monkeypatch.setattr(clock, "boot", lambda: "the next boot")


def test_the_first_process_of_a_boot_writes_down_from_when_it_counts() -> None:
    began = clock.now()
    shop_time.follow()
    row = Boot.get()
    assert (row.name, row.zero, row.confirmed_at) == (clock.boot(), clock.zero(), None)
    assert near(row.began_at, began)


def test_another_process_counts_from_there_whatever_its_machines_clock_says_by_then() -> None:
    shop_time.follow()
    first = clock.now()
    clock.count_from(clock.zero() - timedelta(minutes=20))
    assert not near(clock.now(), first)
    shop_time.follow()
    assert near(clock.now(), first)
    assert Boot.select().count() == 1


def test_who_asks_how_the_shop_is_learns_of_a_corrected_zero() -> None:
    shop_time.follow()
    corrected = clock.zero() + timedelta(minutes=15)
    Boot.update(zero=corrected).execute()
    outages.now()
    assert clock.zero() == corrected


def test_without_a_zero_in_the_database_a_process_keeps_its_own() -> None:
    before = clock.zero()
    outages.now()
    assert clock.zero() == before


@pytest.mark.usefixtures("reboot")
@pytest.mark.parametrize("behind_s", [1, 900, 86_400])
def test_a_new_boot_is_never_behind_a_moment_that_was_reached(behind_s: int) -> None:
    reached = clock.now()
    clock.count_from(clock.zero() - timedelta(seconds=behind_s))
    shop_time.follow()
    assert near(clock.now(), reached)
    assert near(Boot.get_by_id("the next boot").began_at, reached)


@pytest.mark.usefixtures("reboot")
def test_a_new_boot_goes_by_the_machines_clock_where_that_is_ahead() -> None:
    clock.count_from(clock.zero() + timedelta(hours=3))
    now = clock.now()
    shop_time.follow()
    assert near(clock.now(), now)
    assert Boot.select().count() == 2


def test_what_was_reached_counts_with_the_time_that_was_played(advance: Advance) -> None:
    shop_time.follow()
    advance(3600)
    shop_time.reach()
    assert near(Setting.read_time(shop_time.REACHED), after(0))


def test_a_database_that_is_not_migrated_keeps_nobody_from_starting(tmp_path: Path) -> None:
    db.database.close()
    db.bind(f"sqlite:///{tmp_path}/empty.db")
    before = clock.zero()
    shop_time.begin()
    assert clock.zero() == before


@pytest.fixture
def elsewhere(database: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process runs on another machine than the leader."""
    shop_time.follow()
    monkeypatch.setattr(clock, "boot", lambda: "another machine")
    shop_time.follow()


def leader_notes(ahead_of_us_s: float = 0) -> None:
    Setting.write_time(shop_time.REACHED, after(ahead_of_us_s))


@pytest.mark.usefixtures("database")
def test_a_process_on_the_leaders_machine_leaves_the_time_to_the_leader() -> None:
    lead()
    shop_time.follow()
    right, theirs = clock.zero(), shop_time.LeadersTime()
    leader_notes(-90)
    theirs.keep_up()
    leader_notes(-89)
    theirs.keep_up()
    assert (clock.zero(), Boot.get_by_id(clock.boot()).zero) == (right, right)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("off_s", [-900, -5, 90, 86_400])
def test_a_process_on_another_machine_keeps_up_with_the_leader(off_s: int) -> None:
    right, theirs = clock.zero(), shop_time.LeadersTime()
    leader_notes()
    theirs.keep_up()
    Boot.update(zero=right + timedelta(seconds=off_s)).where(Boot.name == clock.boot()).execute()
    shop_time.follow()
    leader_notes(-off_s)
    theirs.keep_up()
    assert abs((clock.zero() - right).total_seconds()) < 1
    assert Boot.get_by_id(clock.boot()).zero == clock.zero()


@pytest.mark.usefixtures("elsewhere")
def test_a_leader_that_notes_nothing_any_more_moves_nobody() -> None:
    right, theirs = clock.zero(), shop_time.LeadersTime()
    leader_notes(-3600)
    for _ in range(3):
        theirs.keep_up()
    assert clock.zero() == right


@pytest.mark.usefixtures("elsewhere")
def test_a_note_may_be_as_old_as_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    right, theirs, counted = clock.zero(), shop_time.LeadersTime(), clock.counted()
    leader_notes()
    theirs.keep_up()
    monkeypatch.setattr(clock, "counted", lambda: counted + 600)
    leader_notes(-599)
    theirs.keep_up()
    assert clock.zero() == right


def test_in_the_leaders_own_boot_nobody_moves_the_zero_that_both_share(advance: Advance) -> None:
    """Time that was played forward after the leader's last note is not an error of ours."""
    shop_time.follow()
    lead()
    right, theirs = clock.zero(), shop_time.LeadersTime()
    leader_notes()
    theirs.keep_up()
    advance(1)
    leader_notes()
    advance(3600)
    theirs.keep_up()
    assert (clock.zero(), Boot.get().zero) == (right, right)
