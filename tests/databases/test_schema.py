"""On both databases the migrations make what the models describe, once, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import IntegrityError
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from tests.databases.servers import Engine
from tests.databases.writing import Writer, together
from tests.shop.factories import make_customer, make_order
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import TABLES, JobRequest, Order, Setting, db
from webapp.state import incidents

ALL = sorted(path.stem for path in db.MIGRATIONS.glob("[0-9]*.py"))

Schema = dict[str, Any]


@pytest.fixture
def empty(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, to which the models are bound."""
    (tmp_path / "empty").mkdir()
    url = engine.empty(tmp_path / "empty")
    db.bind(url)
    db.database.make()
    yield url
    db.database.close()


def schema(database: Any) -> Schema:
    """By table: the columns with type, nullability and key; where the foreign ones point; the indexes."""
    names = set(database.get_tables()) - {"schema_migration"}
    return {
        name: {
            "columns": {
                (c.name, plain(c.data_type), c.null, c.primary_key) for c in database.get_columns(name)
            },
            "keys": {
                (k.column, k.dest_table, k.dest_column, k.on_delete) for k in database.get_foreign_keys(name)
            },
            "indexes": {(tuple(i.columns), i.unique) for i in database.get_indexes(name)},
        }
        for name in names
    }


def plain(data_type: str) -> str:
    """A text is a text: the limit of VARCHAR(255) is kept by neither database."""
    return "text" if data_type.lower().startswith(("varchar", "character varying")) else data_type.lower()


def runner() -> Any:
    return Runner(db.database, str(db.MIGRATIONS))  # type: ignore[no-untyped-call] # the stubs lack it


def test_the_migrated_database_equals_the_models(database: Config, empty: str) -> None:
    db.database.create_tables(TABLES)
    by_models = schema(db.database)
    db.bind(database.database_url)
    by_migrations = schema(db.database)
    ((columns, unique),) = by_migrations["orders"]["indexes"] - by_models["orders"]["indexes"]
    assert (columns[:2], unique) == (("customer_id", "plan_id"), True), "the one that is written by hand"
    by_migrations["orders"]["indexes"].remove((columns, unique))
    assert by_migrations == by_models
    assert len(by_models) == len(TABLES)


def test_nothing_is_left_to_change(database: Config) -> None:
    difference = diff_models(db.database, TABLES)  # type: ignore[no-untyped-call] # the stubs lack it
    assert str(difference) == "drop index orders.orders_one_awaiting", "the one that is written by hand"
    assert db.pending_migrations() == []


def test_every_migration_can_be_taken_back_and_made_again(empty: str) -> None:
    assert db.migrate()
    before = schema(db.database)
    back = runner()
    while back.applied():
        assert back.down()
    assert schema(db.database) == {}
    assert db.migrate()
    assert schema(db.database) == before


@pytest.mark.parametrize("has_told", [True, False])
def test_of_charges_that_the_version_before_only_told_of_the_statement_is_read_again(
    database: Config, has_told: bool
) -> None:
    back = runner()
    while "0018_unplaced_charges" in back.applied():
        assert back.down()
    Setting.write("statement.stars.offset", 4711)
    if has_told:
        incidents.open("unknown_payment", "an-old-charge", "453 XTR")
    assert db.migrate()
    assert Setting.read("statement.stars.offset") == (None if has_told else 4711)


def test_one_open_order_and_the_known_stages_are_held_by_the_database(database: Config) -> None:
    make_order()
    with pytest.raises(IntegrityError):
        make_order()
    with pytest.raises(IntegrityError):
        make_order("delivered")
    make_order(customer=make_customer(7))
    assert Order.select().count() == 2


def test_two_migrations_at_once_are_one(empty: str) -> None:
    assert sorted(together("migrate", empty, 0)) == [[], ALL]


def test_a_migration_waits_for_the_one_that_is_running(empty: str) -> None:
    with db.database.migrating():
        second = Writer("migrate", empty)
        second.go()
        assert not second.says_within(1.5)
        assert db.pending_migrations()
    assert second.told() == ALL
    assert (second.process.exitcode, db.pending_migrations()) == (0, [])


def test_a_text_longer_than_anybody_thought_of_is_kept(database: Config) -> None:
    link = "https://t.me/$" + "x" * 3000
    assert make_order(invoice_url=link).fresh().invoice_url == link


def test_moments_come_back_as_they_were_and_in_utc(database: Config) -> None:
    now = clock.now()
    request = JobRequest.create(name="any", asked_at=now)
    kept = JobRequest.get_by_id(request.id)
    assert (kept.asked_at, kept.asked_at.utcoffset()) == (now, now.utcoffset())
    assert JobRequest.get(JobRequest.asked_at == now) == request
    assert not JobRequest.select().where(JobRequest.asked_at < now).exists()
