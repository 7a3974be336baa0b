"""R32: from every released version, with orders in each stage, also when the migration is killed half way."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEST_KEYS
from tests.databases import dumps
from tests.databases.servers import Engine, say
from tests.databases.test_schema import schema
from tests.databases.writing import Writer
from tests.proof import proved
from tests.settings import changed
from tests.shop.conftest import Person
from tests.shop.factories import lead
from webapp import create_app
from webapp.base.config import ROOT, Config, ConfigError
from webapp.books import ledger
from webapp.models import Customer, Esim, Order, db, versions

VERSIONS = list(tomllib.loads((ROOT / "docs/versions.toml").read_text()))
SQL = "SELECT id, reference, stage, stars, telegram_user_id FROM orders ORDER BY id"
NEVER = 1_000_000
LATER = "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')"


@pytest.fixture
def old(engine: Engine, tmp_path: Path) -> Callable[[str], str]:
    """A database as that version has left it; its address."""
    made: list[str] = []

    def of(version: str) -> str:
        folder = tmp_path / f"old-{len(made)}"
        folder.mkdir()
        url = engine.empty(folder)
        made.append(url)
        dumps.load(dumps.of(version, engine_name(url)), url)
        return url

    return of


def engine_name(url: str) -> str:
    return url.partition(":")[0]


def orders(url: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in say(url, SQL)]


def migrate(url: str, killed_at: int = NEVER) -> int | None:
    """In a process of its own; how many statements it took, None when it was killed."""
    writer = Writer("migrate_and_die", url, killed_at)
    writer.go()
    told = writer.told()
    return int(told[0]) if told else None


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_left_its_database_with_an_order_in_each_stage(
    old: Callable[[str], str], version: str
) -> None:
    """A release writes it: `python -m tests.databases.dumps VERSION`."""
    assert {stage for _, _, stage, *_ in orders(old(version))} == set(dumps.STAGES)


@pytest.mark.proof
@pytest.mark.parametrize("version", VERSIONS)
def test_the_shop_goes_on_with_all_of_it_however_often_the_migration_was_killed(
    config: Config,
    old: Callable[[str], str],
    version: str,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    db.bind(config.database_url, TEST_KEYS)
    wanted = schema(db.database)
    whole = old(version)
    before = orders(whole)
    statements = migrate(whole)
    assert statements is not None and statements > 50
    step = 1 if in_full else max(1, statements // 4)
    kills = range(0, statements, step)
    for killed_at in kills:
        url = old(version)
        assert migrate(url, killed_at) is None, "it was killed"
        assert orders(url) == before
        assert migrate(url) is not None
        db.bind(url, TEST_KEYS)
        assert schema(db.database) == wanted
        assert db.pending_migrations() == []
        assert orders(url) == before
        if killed_at == kills[-1]:
            it_sells_on(changed(config, database_url=url))
    where = engine_name(whole)
    run = (
        f"from {version} with an order in each of {len(dumps.STAGES)} stages, "
        f"killed at {len(kills)} of {statements} statements, on {where}"
    )
    figure = f"{len(kills)} of {len(kills)} finished when run again, with every order, secret and charge"
    print(f"\nR32: {run}: {figure}")
    row = proved.Row("R32 upgrades are rehearsed", run, figure, f"– ({where})")
    record_property(proved.ROW, list(row))


def it_sells_on(config: Config) -> None:
    """Every order has its page, secrets open, and the money adds up."""
    app = create_app(config)
    lead()
    for order in Order.select():
        buyer = Person(app.test_client(), config.telegram_bot_token, order.telegram_user_id)
        answer = buyer.get(f"/orders/{order.reference}")
        assert answer.status_code == 200, (order.stage, answer.get_data(as_text=True))
    assert {esim.matching_id[:6] for esim in Esim.select()} == {"X1AAA-"}
    assert "Customer 3" in {customer.first_name for customer in Customer.select()}
    assert [account.difference for account in ledger.accounts()] == [0]
    db.database.close()


# --- versions that do not fit


def test_a_database_without_tables_is_refused_in_one_line_with_the_command(
    engine: Engine, tmp_path: Path
) -> None:
    db.bind(engine.empty(tmp_path))
    versions.refuse_newer()
    with pytest.raises(
        ConfigError, match=r"^the database lacks \d+ migrations .*`flask --app wsgi migrate`$"
    ):
        versions.refuse_unmigrated()
    db.database.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_database_is_refused_until_it_is_migrated(old: Callable[[str], str], version: str) -> None:
    db.bind(old(version), TEST_KEYS)
    versions.refuse_newer()
    with pytest.raises(ConfigError, match="migrate"):
        versions.refuse_unmigrated()
    db.migrate()
    versions.refuse_unmigrated()


def test_a_newer_database_is_refused_in_one_line_and_left_as_it_is(config: Config) -> None:
    say(config.database_url, LATER)
    try:
        with pytest.raises(
            ConfigError, match=r"^the database was migrated by a newer version .*9999_later"
        ) as said:
            create_app(config)
        assert "\n" not in str(said.value)
    finally:
        db.database.close()
        say(config.database_url, "DELETE FROM schema_migration WHERE name = '9999_later'")


def test_a_running_shop_goes_on_while_a_newer_version_migrates_under_it(config: Config) -> None:
    app = create_app(config)
    say(config.database_url, LATER)
    try:
        lead(config.lease_s)
        assert app.test_client().get("/").status_code == 200
        app.extensions["shop"].readiness.look()
        assert app.test_client().get("/readyz").status_code == 200, "a rolling deploy"
    finally:
        db.database.close()
        say(config.database_url, "DELETE FROM schema_migration WHERE name = '9999_later'")
