"""Who a customer is by what Telegram tells, which language they hear, and may the bot write to them?"""

import pytest
from flask import Flask

from tests.shop.conftest import Person
from tests.shop.factories import OWNER, STRANGER, after, make_customer, make_order
from webapp.base import clock
from webapp.customers import identity
from webapp.models import Customer, Notification

pytestmark = pytest.mark.usefixtures("still")


def met(language: str | None = "en", default: str = "en", name: str = "Ann") -> Customer:
    return identity.recognise(OWNER, name, language, default)


def written(customer: Customer) -> Customer:
    return Customer.get_by_id(customer.id)


@pytest.mark.parametrize(
    ("told", "default", "spoken"),
    [("ru", "en", "ru"), ("en-GB", "ru", "en"), ("de", "ru", "ru"), (None, "ru", "ru"), (None, "en", "en")],
)
def test_a_stranger_is_spoken_to_in_telegrams_language_or_the_shops(
    database: None, told: str | None, default: str, spoken: str
) -> None:
    assert written(met(told, default)).language == spoken


def test_a_name_is_kept_as_long_as_the_column_is(database: None) -> None:
    assert written(met(name="x" * 65)).first_name == "x" * 64


def test_the_same_person_is_one_customer_and_keeps_the_name_of_first_sight(database: None) -> None:
    assert met(name="Ann") == met(name="Other")
    assert [(c.telegram_user_id, c.first_name) for c in Customer.select()] == [(OWNER, "Ann")]


def test_the_language_follows_telegrams_until_somebody_chooses(database: None) -> None:
    met("en")
    assert written(met("ru")).language == "ru"
    identity.speak(Customer.get(), "en", chosen=True)
    assert (written(met("ru")).language, written(met("ru")).language_chosen) == ("en", True)
    identity.speak(Customer.get(), "ru", chosen=False)
    assert written(met("en")).language_chosen, "what was chosen stays chosen"


def test_choosing_what_is_spoken_already_is_a_choice(database: None) -> None:
    identity.speak(met("en"), "en", chosen=True)
    assert written(met("ru")).language == "en"


def test_nothing_else_is_written_than_what_has_changed(database: None) -> None:
    """Another process may have written the rest since this customer was read."""
    read = met("en")
    Customer.update(first_name="Anna", muted="money").execute()
    identity.speak(read, "ru", chosen=True)
    identity.unreachable(read)
    identity.reachable(read)
    now = written(read)
    assert (now.first_name, now.muted, now.language, now.may_write) == ("Anna", "money", "ru", True)


# --- may the bot write?


def test_a_block_is_outweighed_by_a_later_word_alone(database: None) -> None:
    identity.unreachable(met())
    for writable_at, may_write in ((after(-1), False), (clock.now(), False), (after(1), True)):
        person = identity.recognise(OWNER, "Ann", "en", "en", writable_at=writable_at)
        assert written(person).may_write is may_write


def test_who_has_let_the_bot_write_and_was_never_blocked_is_written_to_at_once(database: None) -> None:
    assert not met().may_write
    assert written(identity.recognise(OWNER, "Ann", "en", "en", writable_at=after(-3600))).may_write


def test_what_has_waited_for_an_unblock_is_due_now_and_nothing_else_is(database: None) -> None:
    mine, other = make_customer(OWNER), make_customer(STRANGER)
    identity.unreachable(mine)
    rows = {
        name: Notification.create(
            customer=customer,
            order=make_order("paid", customer, plan_id=name),
            kind="paid",
            state=state,
            next_try_at=after(900),
        )
        for name, customer, state in (
            ("waits", mine, "waiting"),
            ("went", mine, "sent"),
            ("of-another", other, "waiting"),
        )
    }
    identity.reachable(Customer.get_by_id(mine.id))
    due = {name: Notification.get_by_id(row.id).next_try_at for name, row in rows.items()}
    assert due == {"waits": clock.now(), "went": after(900), "of-another": after(900)}


@pytest.mark.parametrize(("may_write", "blocked"), [(True, True), (False, False), (False, True)])
def test_whoever_cannot_be_written_to_for_any_reason_can_be_afterwards(
    database: None, may_write: bool, blocked: bool
) -> None:
    person = met()
    Customer.update(may_write=may_write, blocked_at=after(-5) if blocked else None).execute()
    identity.reachable(written(person))
    assert (written(person).may_write, written(person).blocked_at) == (True, None)


def test_a_block_says_when(database: None) -> None:
    person = met()
    identity.unreachable(person)
    assert (written(person).may_write, written(person).blocked_at) == (False, clock.now())


# --- a page


@pytest.mark.parametrize("given", [{}, {"Authorization": "tma user=1&auth_date=1&hash=0"}])
def test_who_is_not_vouched_for_is_told_by_what_they_would_be(app: Flask, given: dict[str, str]) -> None:
    answer = app.test_client().get("/esims", headers={"HX-Request": "true"} | given)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Tma realm=telegram"


@pytest.mark.parametrize(("asked", "chosen"), [("ru", True), ("en", False)])
def test_a_language_asked_for_in_the_address_is_a_choice_unless_it_is_telegrams(
    owner: Person, asked: str, chosen: bool
) -> None:
    owner.get(f"/esims?lang={asked}")
    found = Customer.get()
    assert (found.language, found.language_chosen) == (asked, chosen)
