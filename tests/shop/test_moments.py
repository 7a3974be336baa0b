"""Every moment that the shop keeps is either put right with the clock, or stays for a reason."""

from datetime import datetime, timedelta

import pytest

from tests.shop.factories import after, make_customer, make_order, make_payment, near
from webapp.base import clock
from webapp.models import TABLES, AbuseCounter, Notification, Order, Setting
from webapp.models.db import UtcField, transaction
from webapp.state import moments, switches
from webapp.state.moments import Correction, With

pytestmark = pytest.mark.usefixtures("database")

QUARTER = timedelta(minutes=15)


def corrected(by: timedelta, began_s: float = -60) -> int:
    """Our clock has been wrong for a minute, and stands already where it belongs."""
    with transaction():
        return moments.move(Correction(after(began_s) - by, by, clock.now()))


def test_every_column_with_a_moment_is_in_one_of_the_two_lists() -> None:
    columns = {
        (model, field.name)
        for model in TABLES
        for field in model._meta.sorted_fields
        if isinstance(field, UtcField)
    }
    moved = {(model, name) for model, rules in moments.MOVED.items() for name in rules}
    assert moved | set(moments.NOT_MOVED) == columns
    assert moved & set(moments.NOT_MOVED) == set()
    assert all(len(reason) > 10 for reason in moments.NOT_MOVED.values())


def test_what_is_reckoned_from_another_moment_names_one_of_its_row() -> None:
    for model, rules in moments.MOVED.items():
        assert not isinstance(next(iter(rules.values())), With), model
        anchors = {rule.anchor for rule in rules.values() if isinstance(rule, With)}
        assert anchors <= set(rules)


@pytest.mark.parametrize("by", [QUARTER, -QUARTER])
def test_what_was_written_since_moves_and_what_was_before_stays(by: timedelta) -> None:
    new = make_order("paid", paid_at=after(-30) - by, deadline_at=after(600) - by, created_at=after(-40) - by)
    old = make_order(
        "paid",
        customer=make_customer(7),
        created_at=after(-4000) - by,
        paid_at=after(-3990) - by,
        deadline_at=after(700),
    )
    before = old.fresh()
    assert corrected(by) > 0
    new, old = new.fresh(), old.fresh()
    assert near(new.paid_at, after(-30))
    assert near(new.created_at, after(-40))
    assert near(new.deadline_at, after(600))
    assert (old.created_at, old.paid_at, old.deadline_at) == (
        before.created_at,
        before.paid_at,
        before.deadline_at,
    )


@pytest.mark.parametrize("by", [timedelta(hours=1), -QUARTER])
def test_a_deadline_that_began_anew_in_a_copy_keeps_what_was_left(by: timedelta) -> None:
    """Noted by the wrong clock, for an order of long before: by the right one it is not over."""
    order = make_order("unknown", paid_at=after(-7 * 3600), deadline_at=after(-7 * 3600 + 900))
    make_payment(order)
    Setting.write_time("shop.restored_at", after(-30) - by)
    Order.update(deadline_at=after(600) - by).execute()
    late = make_order("paid", customer=make_customer(7), paid_at=after(-30) - by, deadline_at=after(870) - by)
    corrected(by)
    assert near(order.fresh().deadline_at, after(600))
    assert near(late.fresh().deadline_at, after(870)), "once"
    assert near(Setting.read_time("shop.restored_at"), after(-30))


def test_what_has_happened_is_never_later_than_now() -> None:
    order = make_order(created_at=after(-10))
    corrected(QUARTER, began_s=-3600)
    assert order.fresh().created_at <= clock.now()


@pytest.mark.parametrize(("by", "left_s"), [(QUARTER, 5), (-QUARTER, 5)])
def test_what_is_due_never_becomes_due_later(by: timedelta, left_s: float) -> None:
    order = make_order("paid", next_try_at=after(left_s) - by, paid_at=after(-1) - by)
    before: datetime = order.fresh().next_try_at
    corrected(by)
    moved: datetime = order.fresh().next_try_at
    assert moved <= max(before, after(left_s))
    assert near(moved, after(left_s) if by < timedelta(0) else before)


def test_a_mark_that_is_json_is_put_right_wherever_a_moment_stands_in_it() -> None:
    at = after(-30) + QUARTER
    Setting.write("a.mark", {"at": at.isoformat(), "listed": [1, "plan", at.isoformat()]})
    Setting.write_time("an.old.mark", after(-3600))
    old = Setting.read_time("an.old.mark")
    switches.turn(switches.SALES, 1, on=False)
    corrected(-QUARTER)
    mark = Setting.read("a.mark")
    assert near(datetime.fromisoformat(mark["at"]), after(-30))
    assert near(datetime.fromisoformat(mark["listed"][2]), after(-30))
    assert mark["listed"][:2] == [1, "plan"]
    assert Setting.read_time("an.old.mark") == old
    assert switches.is_off(switches.SALES)


def test_rows_of_other_tables_move_too() -> None:
    at = after(-20) + QUARTER
    counter = AbuseCounter.create(
        key="k", purpose="order", occasion="1", at=at, until=at + timedelta(hours=25)
    )
    order = make_order(created_at=at)
    note = Notification.create(
        customer=order.customer,
        order=order,
        kind="paid",
        created_at=at,
        next_try_at=at + timedelta(seconds=9),
    )
    corrected(-QUARTER)
    counter, note = AbuseCounter.get_by_id(counter.id), Notification.get_by_id(note.id)
    assert near(counter.at, after(-20))
    assert counter.until - counter.at == timedelta(hours=25)
    assert near(note.next_try_at, after(-11))
    assert Order.select().count() == 1
