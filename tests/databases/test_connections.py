"""A PostgreSQL connection that is kept: what it promises, and what happens when it breaks."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peewee import OperationalError

from tests.databases.servers import Own, Server, own
from tests.shop.factories import make_customer, make_order
from webapp import db
from webapp.engines import Postgresql
from webapp.models import Customer, Order

PORTS = ["127.0.0.1:5433/shop", "127.0.0.1:5433/shop?connect_timeout=30&application_name=till"]


@pytest.fixture
def shop(postgresql_server: Server, tmp_path: Path) -> Iterator[Server]:
    """The models are bound to an empty, migrated database on PostgreSQL."""
    url = postgresql_server.migrated(tmp_path)
    db.bind(url)
    yield postgresql_server
    db.database.close()
    postgresql_server.give_back(url)


def one(sql: str) -> Any:
    (row,) = db.database.execute_sql(sql).fetchall()
    return row[0]


def backend() -> int:
    """The server's process behind this thread's connection."""
    return int(one("SELECT pg_backend_pid()"))


def hang_up(server: Server, pid: int) -> None:
    server.say(f"SELECT pg_terminate_backend({pid}, 5000)")


def test_a_thread_keeps_its_connection(shop: Server) -> None:
    first = backend()
    for _ in range(5):
        db.keep_connection()
        make_customer()
    assert backend() == first


def test_each_thread_has_its_own(shop: Server) -> None:
    seen = [backend()]

    def look() -> None:
        seen.append(backend())
        db.database.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert len(set(seen)) == 2


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used(shop: Server) -> None:
    first = backend()
    hang_up(shop, first)
    db.keep_connection()
    assert backend() != first


def test_a_transaction_that_is_cut_off_leaves_nothing_and_the_next_one_works(shop: Server) -> None:
    with pytest.raises(OperationalError), db.transaction():
        make_customer(7)
        hang_up(shop, backend())
        make_customer(8)
    db.keep_connection()
    with db.transaction():
        make_customer(9)
    assert [customer.telegram_user_id for customer in Customer.select()] == [9]


@pytest.fixture
def mortal() -> Iterator[Own]:
    """A PostgreSQL of the test's own, which it may stop."""
    with own() as mortal, mortal.running():
        db.bind(mortal.url)
        db.migrate()
        yield mortal
        db.database.close()


def test_a_restarted_server_costs_no_request(mortal: Own) -> None:
    make_customer(7)
    mortal.stop()
    mortal.start()
    db.keep_connection()
    make_customer(8)
    assert sorted(customer.telegram_user_id for customer in Customer.select()) == [7, 8]


def test_while_the_server_is_away_queries_fail_and_then_go_on(mortal: Own) -> None:
    make_customer(7)
    mortal.stop()
    for _ in range(3):
        db.keep_connection()
        with pytest.raises(OperationalError), db.transaction():
            make_customer(8)
    mortal.start()
    db.keep_connection()
    make_customer(9)
    assert sorted(customer.telegram_user_id for customer in Customer.select()) == [7, 9]


def test_a_query_that_takes_too_long_is_ended(shop: Server) -> None:
    db.database.execute_sql("SET statement_timeout = '50ms'")
    with pytest.raises(OperationalError, match="statement timeout"):
        db.database.execute_sql("SELECT pg_sleep(5)")
    assert backend(), "the connection goes on"


def test_limits_and_level_hold_for_every_connection(shop: Server) -> None:
    db.database.close()
    assert one("SHOW statement_timeout") == "10s"
    assert one("SHOW idle_in_transaction_session_timeout") == "10s"
    assert one("SHOW timezone") == "UTC"
    with db.transaction():
        assert one("SHOW transaction_isolation") == "read committed"


def test_a_paused_process_loses_its_transaction_and_the_rows_it_holds(shop: Server) -> None:
    order = make_order("paid")
    db.database.execute_sql("SET idle_in_transaction_session_timeout = '50ms'")
    with pytest.raises(OperationalError), db.transaction():
        order.move("submitting", actor="test")
        shop.say("SELECT pg_sleep(0.3)")
        make_customer(8)
    db.keep_connection()
    assert order.fresh().stage == "paid"


def test_the_address_has_the_last_word() -> None:
    plain, said = (Postgresql(f"postgresql://simka:pw@{address}") for address in PORTS)
    assert plain.connect_params["connect_timeout"] == 5
    assert plain.connect_params["tcp_user_timeout"] == 15_000
    assert "connect_timeout" not in said.connect_params


def test_text_that_postgresql_cannot_hold_is_not_found_and_not_an_error(shop: Server) -> None:
    order = make_order(country_name="Tür\0kei")
    assert order.fresh().country_name == "Tür\ufffdkei"
    assert Order.get_or_none(Order.reference == order.reference + "\0") is None
