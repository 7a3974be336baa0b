"""A shop that has outgrown its file moves to PostgreSQL, and nothing is lost or changed on the way."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import TEST_KEYS
from tests.databases.servers import Files, Server, migrate, say
from tests.shop.factories import lead, make_customer, make_esim, make_order, make_plan, make_refund
from webapp.models import TABLES, Customer, Esim, Order, Setting, db, names
from webapp.models.orders import STATUS
from webapp.operations import to_postgres
from webapp.operations.to_postgres import MoveRefused
from webapp.state import leases


@dataclass
class Move:
    source: str
    target: str
    file: Path

    def __call__(self) -> to_postgres.Moved:
        return to_postgres.move(self.source, self.target)


@pytest.fixture
def move(sqlite_files: Files, postgresql_server: Server, tmp_path: Path) -> Iterator[Move]:
    """From a file with all kinds of rows to an empty server."""
    source = sqlite_files.migrated(tmp_path)
    db.bind(source, TEST_KEYS)
    leader = lead()
    make_plan()
    for number, stage in enumerate(STATUS):
        make_order(stage, make_customer(100 + number, first_name="Ann Ёлка"), country_name="Tur\0key Ёлка")
    make_refund()
    Setting.write("catalogue.generation", 7)
    leases.release(leader)
    db.database.close()
    yield Move(source, postgresql_server.empty(tmp_path), tmp_path / "simka.db")
    db.database.close()


def test_every_row_arrives_and_can_be_read(move: Move) -> None:
    db.bind(move.source, TEST_KEYS)
    before = {to_postgres.name(model): model.select().count() for model in TABLES}
    codes = [esim.activation_code for esim in Esim.select().order_by(Esim.id)]
    events = [(order.stage, order.paid_at, order.deadline_at) for order in Order.select().order_by(Order.id)]
    db.database.close()
    moved = move()
    assert moved.rows == before
    assert sum(before.values()) > 40
    assert [esim.activation_code for esim in Esim.select().order_by(Esim.id)] == codes
    assert events == [
        (order.stage, order.paid_at, order.deadline_at) for order in Order.select().order_by(Order.id)
    ]
    assert Setting.read("catalogue.generation") == 7
    person = Customer.get(Customer.telegram_user_id == 100)
    assert person.first_name == "Ann Ёлка"
    assert names.called("ёлка ann", 99) == list(Customer.select().order_by(Customer.id.desc()))[: len(STATUS)]
    assert Order.get(Order.customer == person).country_name == "Tur\ufffdkey Ёлка"


def test_the_shop_goes_on_where_it_was(move: Move) -> None:
    move()
    last = max(order.id for order in Order.select())
    assert make_order("paid", make_customer(9)).id == last + 1
    assert leases.acquire(15) is not None
    assert make_esim(make_order("ready", make_customer(10))).id


def test_nobody_can_go_on_selling_from_the_file(move: Move) -> None:
    move()
    assert not move.file.exists()
    with closing(sqlite3.connect(move.file.with_name("simka.db.moved"))) as kept:
        assert kept.execute("SELECT count(*) FROM orders").fetchone() == (len(STATUS),)


def meddle(target: str, table: str, action: str) -> None:
    """The new database does this (in PL/pgSQL) to each row that arrives in a table."""
    migrate(target)
    say(target, f"CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {action} END $$")
    say(target, f"CREATE TRIGGER meddle BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION meddle()")


def test_a_row_that_does_not_arrive_as_it_was_stops_everything(move: Move) -> None:
    meddle(move.target, "orders", "IF NEW.id = 3 THEN NEW.stars := NEW.stars + 1; END IF; RETURN NEW;")
    with pytest.raises(MoveRefused, match="orders 3 did not arrive"):
        move()
    assert move.file.exists()
    assert say(move.target, "SELECT count(*) FROM orders") == [(0,)]
    say(move.target, "DROP FUNCTION meddle CASCADE")
    move()


def test_a_row_that_is_lost_is_noticed(move: Move) -> None:
    meddle(
        move.target, "setting", "IF NEW.name = 'catalogue.generation' THEN RETURN NULL; END IF; RETURN NEW;"
    )
    with pytest.raises(MoveRefused, match=r"setting catalogue\.generation did not arrive"):
        move()
    assert move.file.exists()


def test_while_jobs_lead_nothing_is_moved(move: Move) -> None:
    db.bind(move.source, TEST_KEYS)
    lead()
    with pytest.raises(MoveRefused, match="jobs process is running"):
        move()


def test_while_somebody_writes_nothing_is_moved(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **more | {"timeout": 0.1}))
    with closing(connect(move.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MoveRefused, match="somebody is writing"):
            move()


def test_a_database_with_rows_is_not_written_over(move: Move) -> None:
    db.bind(move.target, TEST_KEYS)
    db.migrate()
    make_customer(1)
    with pytest.raises(MoveRefused, match="holds rows already"):
        move()
    assert move.file.exists()


@pytest.mark.parametrize(
    ("source", "target"),
    [("postgresql://a/b", "postgresql://a/c"), ("sqlite:///none.db", "postgresql://a/c")],
)
def test_only_a_file_is_moved(source: str, target: str) -> None:
    with pytest.raises(MoveRefused, match="DATABASE_URL"):
        to_postgres.move(source, target)


def test_only_to_a_server(move: Move) -> None:
    with pytest.raises(MoveRefused, match="postgresql://"):
        to_postgres.move(move.source, "sqlite:///other.db")
