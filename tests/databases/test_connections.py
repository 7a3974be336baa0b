"""A PostgreSQL connection that is kept: what it promises, and what happens when it breaks."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from peewee import OperationalError

from tests.conftest import TEST_KEYS
from tests.databases.servers import Own, Server, own
from tests.shop.factories import make_customer, make_order
from webapp import create_app
from webapp.base.config import Config
from webapp.base.sealing import Keys
from webapp.models import Customer, Order, db
from webapp.models.engines import Postgresql

PORTS = ["127.0.0.1:5433/shop", "127.0.0.1:5433/shop?connect_timeout=30&application_name=till"]


@pytest.fixture
def url(postgresql_server: Server, tmp_path: Path) -> Iterator[str]:
    """Of an empty, migrated database on PostgreSQL."""
    url = postgresql_server.migrated(tmp_path)
    yield url
    postgresql_server.release(url)


@pytest.fixture
def server(postgresql_server: Server, url: str) -> Iterator[Server]:
    """The models are bound to the database at `url`."""
    db.bind(url, TEST_KEYS)
    yield postgresql_server
    db.database.close()


def one(sql: str) -> Any:
    (row,) = db.database.execute_sql(sql).fetchall()
    return row[0]


def backend() -> int:
    """The server's process behind this thread's connection."""
    return int(one("SELECT pg_backend_pid()"))


def hang_up(server: Server, pid: int) -> None:
    server.say(f"SELECT pg_terminate_backend({pid}, 5000)")


def test_a_thread_keeps_its_connection(server: Server) -> None:
    first = backend()
    for _ in range(5):
        db.keep_connection()
        make_customer()
    assert backend() == first


def test_each_thread_has_its_own(server: Server) -> None:
    seen = [backend()]

    def look() -> None:
        seen.append(backend())
        db.database.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert len(set(seen)) == 2


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used(server: Server) -> None:
    first = backend()
    hang_up(server, first)
    db.keep_connection()
    assert backend() != first


def test_a_transaction_that_is_cut_off_leaves_nothing_and_the_next_one_works(server: Server) -> None:
    with pytest.raises(OperationalError), db.transaction():
        make_customer(7)
        hang_up(server, backend())
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


def test_of_two_requests_in_each_others_way_one_is_done_again(server: Server, url: str) -> None:
    """A deadlock: each has what the other one waits for, until the server takes one of them back."""

    app = create_app(
        Config(
            esimgo_api_key="key", telegram_bot_token="1:T", telegram_webhook_secret="hook", database_url=url
        )
    )
    people, tried, both_have_one = [make_customer(7), make_customer(8)], Counter[str](), threading.Barrier(2)

    def write() -> str:
        name = request.args["name"]
        tried[name] += 1
        with db.transaction():
            for place, person in enumerate(people if name == "first" else people[::-1]):
                Customer.update(first_name=name).where(Customer.id == person.id).execute()
                if place == 0 and tried[name] == 1:
                    both_have_one.wait(60)
        return "done"

    app.view_functions["health.alive"] = write
    answers: dict[str, int] = {}

    def ask(name: str) -> None:
        answers[name] = app.test_client().get(f"/healthz?name={name}").status_code
        db.database.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {"first": 200, "second": 200}
    assert min(tried.values()) == 1 < max(tried.values())
    assert len({customer.first_name for customer in Customer.select()}) == 1, (
        "the one who was last wrote both"
    )


def test_a_query_that_takes_too_long_is_ended(server: Server) -> None:
    db.database.execute_sql("SET statement_timeout = '50ms'")
    with pytest.raises(OperationalError, match="statement timeout"):
        db.database.execute_sql("SELECT pg_sleep(5)")
    assert backend(), "the connection goes on"


def test_limits_and_level_hold_for_every_connection(server: Server) -> None:
    db.database.close()
    assert one("SHOW statement_timeout") == "10s"
    assert one("SHOW idle_in_transaction_session_timeout") == "10s"
    assert one("SHOW timezone") == "UTC"
    with db.transaction():
        assert one("SHOW transaction_isolation") == "read committed"


def test_a_paused_process_loses_its_transaction_and_the_rows_it_holds(server: Server) -> None:
    order = make_order("paid")
    db.database.execute_sql("SET idle_in_transaction_session_timeout = '50ms'")
    with pytest.raises(OperationalError), db.transaction():
        order.move("submitting", actor="test")
        server.say("SELECT pg_sleep(0.3)")
        make_customer(8)
    db.keep_connection()
    assert order.fresh().stage == "paid"


def test_the_address_has_the_last_word() -> None:
    plain, said = (Postgresql(f"postgresql://simka:pw@{address}", Keys()) for address in PORTS)
    assert plain.connect_params["connect_timeout"] == 5
    assert plain.connect_params["tcp_user_timeout"] == 15_000
    assert "connect_timeout" not in said.connect_params


def test_text_that_postgresql_cannot_hold_is_not_found_and_not_an_error(server: Server) -> None:
    order = make_order(country_name="Tür\0kei")
    assert order.fresh().country_name == "Tür\ufffdkei"
    assert Order.get_or_none(Order.reference == order.reference + "\0") is None
