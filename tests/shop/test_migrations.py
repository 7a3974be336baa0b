"""The migrations make exactly the tables that the models describe, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import SqliteDatabase
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from tests.conftest import DURABLE
from tests.settings import changed
from tests.shop.factories import make_customer, make_order
from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.customers import account
from webapp.customers.account.addresses import CODES_A_DAY
from webapp.models import (
    TABLES,
    AbuseCounter,
    Customer,
    EmailAddress,
    Incident,
    Order,
    PriceRule,
    ProviderBalance,
    Setting,
    db,
    engines,
)
from webapp.orders import limits
from webapp.state import incidents

pytestmark = pytest.mark.usefixtures("database")

Columns = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def by_models(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A database made from the models themselves."""
    other = SqliteDatabase(str(tmp_path / "models.db"))
    with other.bind_ctx(TABLES):
        other.create_tables(TABLES)
        yield other
    other.close()


def runner() -> Any:
    return Runner(db.database, str(db.MIGRATIONS))  # type: ignore[no-untyped-call] # the stubs lack it


def rows(database: SqliteDatabase, sql: str) -> list[tuple[Any, ...]]:
    return list(database.execute_sql(sql))  # type: ignore[no-untyped-call] # the stubs lack it


def columns(database: SqliteDatabase) -> Columns:
    """Name, type, nullability and key of every column, by table."""
    return {
        name: sorted(row[1:4] + row[5:] for row in rows(database, f'PRAGMA table_info("{name}")'))
        for name in tables(database)
    }


def foreign_keys(database: SqliteDatabase) -> Columns:
    """Column, target, and what happens when the target goes, by table."""
    return {
        name: sorted(row[2:7] for row in rows(database, f'PRAGMA foreign_key_list("{name}")'))
        for name in tables(database)
    }


def tables(database: SqliteDatabase) -> list[str]:
    return sorted(set(database.get_tables()) - {"schema_migration"})


def test_nothing_is_pending_after_migrating_and_again_is_harmless() -> None:
    assert db.pending_migrations() == []
    assert db.migrate() == []


def test_the_migrated_database_equals_the_models(by_models: SqliteDatabase) -> None:
    difference = diff_models(db.database, TABLES)  # type: ignore[no-untyped-call] # the stubs lack it
    assert str(difference) == "drop index orders.orders_one_awaiting", "the one that is written by hand"
    assert tables(db.database) == tables(by_models)
    assert columns(db.database) == columns(by_models)
    assert foreign_keys(db.database) == foreign_keys(by_models)


def test_one_open_order_is_a_partial_unique_index_written_by_hand() -> None:
    found = {index.name: index for index in db.database.get_indexes("orders")}
    assert found["orders_one_awaiting"].unique
    assert "(customer_id, plan_id, coalesce(esim_id, 0))" in str(found["orders_one_awaiting"].sql)
    assert "WHERE stage = 'awaiting_payment'" in str(found["orders_one_awaiting"].sql)


def test_the_check_on_stages_is_that_of_the_models(by_models: SqliteDatabase) -> None:
    def check(database: SqliteDatabase) -> str:
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'orders'"
        ((sql,),) = rows(database, query)
        return str(sql).partition("CHECK (stage IN (")[2].partition(")")[0]

    assert check(db.database)
    assert check(db.database) == check(by_models)


def test_every_migration_can_be_taken_back_and_made_again() -> None:
    before = columns(db.database)
    while any(migration.applied for migration in runner().status()):
        assert runner().down()
    assert tables(db.database) == []
    assert db.pending_migrations() == [migration.name for migration in runner().migrations()]
    assert db.migrate()
    assert columns(db.database) == before
    make_order()
    assert Order.select().count() == 1


def back_to_before(migration: str) -> None:
    while migration not in db.pending_migrations():
        assert runner().down()


def test_rules_and_balance_move_into_tables_and_back() -> None:
    rules: list[dict[str, Any]] = [
        {"scope": "shop", "markup_percent": "12.5"},
        {"scope": "area", "target": "tr", "floor": 300},
    ]
    back_to_before("0007_tables")
    Setting.write("pricing.rules", rules)
    Setting.write("provider.balance", 5000)
    Setting.write_time("provider.balance_told_at", clock.now())
    Setting.write_time("provider.balance_at", clock.now())
    assert db.migrate()[0] == "0007_tables"
    assert [rule.key for rule in catalogue.rules().values()] == [("shop", ""), ("area", "tr")]
    assert ProviderBalance.get().amount == 5000
    assert Setting.read("pricing.rules") == rules, "the version before still runs on the new tables"
    PriceRule.create(scope="plan", target="tr-3gb-30d", fixed=9000)
    back_to_before("0007_tables")
    plan = {"scope": "plan", "target": "tr-3gb-30d", "fixed": 9000}
    assert Setting.read("pricing.rules") == [rules[1], plan, rules[0] | {"target": ""}]
    assert db.migrate()


def test_what_counts_already_is_taken_over_under_digests(config: Config) -> None:
    held, released, forgotten = (make_customer(number) for number in (101, 102, 103))
    address = EmailAddress.create(customer=held, address="ann@example.com", codes=CODES_A_DAY)
    for stage, customer in (("ready", held), ("failed", held), ("ready", released), ("ready", forgotten)):
        make_order(stage, customer, plan_id=stage)
    account.forget(forgotten)
    back_to_before("0011_abuse_counters")
    now = clock.now()
    Customer.update(held_at=now, held_for="chargeback").where(Customer.id == held.id).execute()
    Customer.update(released_at=now).where(Customer.id == released.id).execute()
    for customer in (held, released):
        incidents.open("customer_held", str(customer.telegram_user_id))
    incidents.close("customer_held", "102")
    assert "0011_abuse_counters" in db.migrate()
    (hold,) = limits.held()
    assert (hold.customer, hold.reason, hold.at) == (held, "chargeback", now)
    assert [incident.subject for incident in Incident.select()] == [hold.name]
    strict = changed(config, purchase_limits="orders=2/day stars=9999/day first=9999 burst=1/hour")
    assert limits.refusal(held, 1, strict) == "held"
    assert limits.refusal(released, 1, strict) is None, "a burst was counted anew from the release on"
    limits.release(hold)
    once = changed(config, purchase_limits="orders=1/day stars=9999/day first=9999 burst=3/hour")
    assert limits.refusal(held, 1, once) == "many"
    assert limits.refusal(held, 1, changed(config, purchase_limits=strict.purchase_limits)) is None
    assert account.propose(held, "new@example.com") == "too many"
    assert EmailAddress.get_by_id(address.id).address == "ann@example.com"
    assert AbuseCounter.select().where(AbuseCounter.purpose == "order").count() == 3, "the 4th is nobody's"


def test_the_database_is_safe_against_power_cuts_and_waits_for_its_lock(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PRAGMAS", DURABLE)
    db.bind(config.database_url)
    assert db.database.pragma("journal_mode") == "wal"
    assert db.database.pragma("synchronous") == 2
    assert db.database.pragma("foreign_keys") == 1
    assert db.database.pragma("busy_timeout") == 10_000
