"""First names lie sealed in the database, and the merchant finds who is called so all the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from tests.conftest import TEST_KEYS
from tests.databases.servers import Engine, files_with
from tests.shop.factories import OWNER, STRANGER, make_customer, make_order
from webapp.base import sealing
from webapp.base.config import Config
from webapp.customers import account, identity
from webapp.models import Customer, NameKey, db, names
from webapp.operations import admin

MIGRATION = "0017_sealed_names"


def stored() -> list[str]:
    rows = db.database.execute_sql("SELECT first_name FROM customer ORDER BY id").fetchall()
    return [name for (name,) in rows]


def met(number: int = OWNER, name: str = "Анна-Мария", username: str = "anna_travels") -> Customer:
    return identity.recognise(number, name, "ru", "en", username=username)


def test_a_copy_of_the_database_names_nobody(database: Config) -> None:
    met()
    (name,) = stored()
    assert sealing.is_sealed(name)
    every = str([row.digest for row in NameKey.select()]).casefold()
    assert [word for word in ("анна", "мария", "anna") if word in every] == []
    assert Customer.get().first_name == "Анна-Мария"


@pytest.mark.parametrize(
    "asked",
    ["Анна", "МАРИЯ", "мария анна", "анна-мария", "@anna_travels", "ANNA_TRAVELS", "ａｎｎａ_ｔｒａｖｅｌｓ"],
)
def test_who_is_called_so_is_found_by_whole_words_in_any_case(database: Config, asked: str) -> None:
    theirs = make_order("paid", met())
    make_order("paid", met(STRANGER, "Анна", "other"), plan_id="other")
    assert theirs in admin.find(asked)


@pytest.mark.parametrize("asked", ["Анн", "анна петрова", "travels", "🌸", "%", "_", "a" * 3000])
def test_nobody_else_is_found(database: Config, asked: str) -> None:
    make_order("paid", met())
    assert admin.find(asked) == []


def test_a_username_that_was_chosen_later_is_found_too(database: Config) -> None:
    person = met(username="")
    assert names.called("anna_travels", 9) == []
    identity.also_called(person, "anna_travels")
    identity.also_called(person, "anna_travels")
    assert names.called("anna_travels", 9) == [person]


def test_what_finds_a_person_goes_with_them_and_nobody_elses_does(database: Config) -> None:
    ann, bob = met(), met(STRANGER, "Боб", "bob")
    assert account.forget(ann)
    assert {row.customer for row in NameKey.select()} == {bob}
    assert names.called("анна", 9) == []


def test_a_name_that_the_version_before_writes_is_read_as_it_is(database: Config) -> None:
    make_customer()
    db.database.execute_sql("UPDATE customer SET first_name = 'Ann'")
    assert Customer.get().first_name == "Ann"


# --- what was plain before


def runner() -> Any:
    return Runner(db.database, str(db.MIGRATIONS))  # type: ignore[no-untyped-call] # the stubs lack it


@pytest.fixture
def plain(database: Config, engine: Engine, tmp_path: Path) -> Iterator[str]:
    """The address of a database with names in plain text, not migrated yet."""
    (tmp_path / "plain").mkdir()
    url = engine.empty(tmp_path / "plain")
    db.bind(url, TEST_KEYS)
    db.database.make()
    runner().up()
    while MIGRATION not in db.pending_migrations():
        assert runner().down()
    for number, name in enumerate(("Annabella", "Ёлка Ann", "")):
        row = f"{1000 + number}, '{name}', 'en', FALSE, FALSE, '', '2026-01-01 00:00:00.000000'"
        columns = "telegram_user_id, first_name, language, language_chosen, may_write, muted, created_at"
        db.database.execute_sql(f"INSERT INTO customer ({columns}) VALUES ({row})")
    yield url
    db.database.close()


def test_the_migration_seals_names_that_are_found_afterwards_and_can_be_taken_back(plain: str) -> None:
    before = stored()
    assert MIGRATION in db.migrate()
    assert [bool(name) and sealing.is_sealed(name) for name in stored()] == [True, True, False]
    assert [customer.first_name for customer in Customer.select().order_by(Customer.id)] == before
    assert [customer.first_name for customer in names.called("ёлка", 9)] == ["Ёлка Ann"]
    while MIGRATION not in db.pending_migrations():
        assert runner().down()
    assert stored() == before


def test_the_migration_leaves_no_name_in_the_files(plain: str) -> None:
    db.migrate()
    if plain.startswith("sqlite"):
        folder = Path(plain.removeprefix("sqlite:///")).parent
        assert files_with("Annabella", list(folder.iterdir())) == []
    assert "Annabella" not in str(stored())
