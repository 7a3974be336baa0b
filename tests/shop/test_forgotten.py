"""Whoever has deleted their data stays forgotten, also when the shop is brought back from a copy."""

import shutil
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from jobs import deliver_notifications, find_copies
from jobs.context import Context
from tests.shop.conftest import Advance
from tests.shop.factories import OWNER, STRANGER, after, begin_to_lead, make_customer, make_order, told
from tests.shop.standins import Bot, Provider
from webapp.base.config import Config
from webapp.customers import account
from webapp.customers.account.forgotten import read
from webapp.models import AbuseCounter, Customer, Order, db
from webapp.models.abuse_counters import FORGOTTEN_FOR
from webapp.state import leases, restoration, shop_time

pytestmark = pytest.mark.usefixtures("still")

Copy = Callable[[], None]


@pytest.fixture
def copy(config: Config, database: Config) -> Copy:
    """Copies the database as it is when this is called first, and sets it back when it is called again."""
    file = Path(config.database_url.removeprefix("sqlite:///"))
    kept = file.with_name("kept")

    def work() -> None:
        db.database.close()
        if kept.exists():
            for part in file.parent.glob(f"{file.name}*"):
                part.unlink()
            shutil.copy(kept, file)
        else:
            shutil.copy(file, kept)

    return work


def begin(config: Config) -> Context:
    """A leader of whichever database there is, and what it does first."""
    begun = Context(config, Provider(), Bot(), begin_to_lead(), {})
    find_copies.run(begun)
    return begun


def deletes_their_data(config: Config, customer: Customer) -> None:
    """While a leader is there."""
    context = begin(config)
    assert account.forget(customer)
    find_copies.run(context)
    leases.release(context.leadership)


def test_a_copy_forgets_them_again_before_it_writes_to_anybody(
    copy: Copy, config: Config, advance: Advance
) -> None:
    deleted, kept = make_customer(OWNER, may_write=True), make_customer(STRANGER, may_write=True)
    for customer in (deleted, kept):
        told(make_order("ready", customer), "ready").save()
    AbuseCounter.note_forgotten("0" * 64, after(-5))  # the key of the digests is there
    make_order("paid", kept, plan_id="counted")
    copy()
    advance(60)
    deletes_their_data(config, deleted)
    copy()
    advance(60)
    context = Context(config, Provider(), Bot(), begin_to_lead(), {})
    deliver_notifications.run(context)
    assert context.bot.messages == context.bot.photos == []  # type: ignore[attr-defined]
    find_copies.run(context)
    again = Customer.get_by_id(deleted.id)
    assert (again.telegram_user_id, again.deleted_at) == (-deleted.id, after(0))
    assert Order.get(Order.customer == deleted).telegram_user_id == -deleted.id
    deliver_notifications.run(context)
    assert {photo[0] for photo in context.bot.photos} == {STRANGER}  # type: ignore[attr-defined]


def test_who_has_come_back_since_is_a_new_customer_and_stays(
    copy: Copy, config: Config, advance: Advance
) -> None:
    make_order("ready", make_customer(STRANGER))
    deleted = make_customer(OWNER)
    advance(60)
    deletes_their_data(config, deleted)
    advance(60)
    new = make_customer(OWNER)
    copy()
    copy()
    begin(config)
    assert Customer.get_by_id(new.id).telegram_user_id == OWNER


def test_whoever_has_an_order_under_way_is_forgotten_when_it_has_ended(
    copy: Copy, config: Config, advance: Advance
) -> None:
    """It was under way when the copy was made."""
    customer = make_customer(OWNER)
    order = make_order("unknown", customer)
    copy()
    advance(60)
    order.move("failed", actor="test")
    deletes_their_data(config, customer)
    copy()
    advance(60)
    context = begin(config)
    assert Customer.get_by_id(customer.id).telegram_user_id == OWNER
    assert not restoration.past().is_forgetting, "others are written to meanwhile"
    order.fresh().move("failed", actor="test")
    find_copies.run(context)
    assert Customer.get_by_id(customer.id).telegram_user_id == OWNER, "every 30 s"
    advance(31)
    find_copies.run(context)
    assert Customer.get_by_id(customer.id).telegram_user_id == -customer.id


def test_the_file_tells_nobody_who_they_are(config: Config, advance: Advance) -> None:
    deletes_their_data(config, make_customer(OWNER))
    digest, at = config.forgotten_file.read_text().split()
    assert (len(digest), at, str(OWNER) in digest) == (64, after(0).isoformat(), False)
    assert stat.S_IMODE(config.forgotten_file.stat().st_mode) == 0o600


def test_after_a_year_no_copy_of_then_is_brought_back(config: Config, advance: Advance) -> None:
    deletes_their_data(config, make_customer(OWNER))
    advance(FORGOTTEN_FOR.total_seconds())
    AbuseCounter.delete().execute()
    begin(config)
    assert config.forgotten_file.read_text() == ""


def test_a_file_that_cannot_be_read_keeps_no_message_back(config: Config) -> None:
    config.forgotten_file.mkdir()
    begin(config)
    assert not restoration.past().is_forgetting


def test_what_was_deleted_by_a_clock_that_was_ahead_takes_nobody_who_came_back(
    config: Config, advance: Advance
) -> None:
    """The file is compared as soon as the clock was put right, so that it and the database tell the same."""
    shop_time.follow()
    context = begin(config)
    assert account.forget(make_customer(OWNER))
    find_copies.run(context)
    (digest,) = read(config)
    config.forgotten_file.write_text(f"{digest} {after(3600).isoformat()}\n")
    assert not restoration.is_to_forget()
    shop_time.correct(timedelta(hours=-1))
    assert restoration.is_to_forget()
    restoration.forget_more()  # this test's own time stands still
    find_copies.run(context)
    assert read(config) == {digest: AbuseCounter.get().at}
    advance(600)
    new = make_customer(OWNER)
    advance(7200)
    restoration.forget_more()
    find_copies.run(context)
    assert Customer.get_by_id(new.id).telegram_user_id == OWNER
