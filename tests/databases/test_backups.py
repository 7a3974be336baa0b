"""A copy made while the shop sells, and a shop brought back from it."""

import os
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner

from tests.databases.crowds import crowd
from tests.databases.servers import Engine, wheel
from tests.settings import changed
from tests.shop.factories import (
    after,
    intent_of,
    lead,
    make_order,
    make_submission,
    near,
    placed,
    quoted,
    window,
)
from tests.shop.standins import Bot, Provider
from webapp import create_app, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.payloads import Organisation
from webapp.models import Boot, Customer, Order, OrderEvent, Submission, db
from webapp.operations import backups
from webapp.operations.backups import BackupRefused
from webapp.orders import payments, reconciling
from webapp.orders.payments import Charge
from webapp.state import restoration, shop_time

CROWD = 20_000


@pytest.fixture(autouse=True)
def clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs, as Debian's postgresql-client puts them on the path."""
    monkeypatch.setenv("PATH", f"{wheel() / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def empty(engine: Engine, tmp_path: Path) -> str:
    """The address of a database without tables, on another machine so to speak."""
    (tmp_path / "new").mkdir()
    return engine.empty(tmp_path / "new")


@pytest.fixture
def restored(database: Config, empty: str, tmp_path: Path) -> Callable[[], Config]:
    """Copy the shop as it is now, and bring it back in an empty place."""

    def bring_back() -> Config:
        backups.save(database.database_url, tmp_path / "copy")
        backups.restore(empty, tmp_path / "copy", database)
        return changed(database, database_url=empty, esimgo_order_interval_s=0)

    return bring_back


def sell(until: threading.Event, sold: list[str]) -> None:
    """One order after the other, each committed."""
    customer = Customer.get()
    while not until.is_set():
        sold.append(make_order("awaiting_payment", customer, plan_id=f"plan-{len(sold)}").reference)
    db.database.close()


def test_nothing_committed_before_it_is_missing(database: Config, empty: str, tmp_path: Path) -> None:
    make_order("ready")
    crowd(CROWD)
    sold: list[str] = []
    stop = threading.Event()
    selling = threading.Thread(target=sell, args=(stop, sold))
    selling.start()
    while len(sold) < 5:
        clock.sleep(0.01)

    before, began = list(sold), clock.monotonic()
    backups.save(database.database_url, tmp_path / "copy")
    saved, during = clock.monotonic(), len(sold) - len(before)
    stop.set()
    selling.join()
    count = backups.restore(empty, tmp_path / "copy", database)
    ended = clock.monotonic()

    assert Order.select().where(Order.reference.in_(before)).count() == len(before)
    assert CROWD + 1 + len(before) <= count <= CROWD + 1 + len(sold)
    assert during > 0, "nobody could sell while it was copied"
    size = (tmp_path / "copy").stat().st_size / 1e6
    print(
        f"R16, {database.database_url.split(':')[0]}: {CROWD} orders, {size:.0f} MB: saved in"
        f" {saved - began:.1f} s while {during} were sold, restored in {ended - saved:.1f} s, 0 rows lost"
    )


def test_only_its_owner_reads_a_copy(database: Config, tmp_path: Path) -> None:
    backups.save(database.database_url, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert not (tmp_path / "copy.part").exists()


def test_a_shop_that_is_brought_back_is_never_behind_what_it_had_reached(
    database: Config, empty: str, tmp_path: Path
) -> None:
    """On a machine whose clock is: what was paid for last would not be in doubt."""
    shop_time.reach()
    backups.save(database.database_url, tmp_path / "copy")
    reached = clock.now()
    clock.count_from(clock.zero() - timedelta(hours=1))
    backups.restore(empty, tmp_path / "copy", database)
    assert restoration.known_since() >= reached - timedelta(seconds=1)
    assert Boot.get().began_at <= restoration.known_since(), "it is put right with the clock"


def journalled(stage: str, paid_ago_s: float) -> Order:
    """A paid order whose last word in the journal was so long ago; that is when the copy is made."""
    order = make_order(stage, paid_at=after(-paid_ago_s), deadline_at=after(900 - paid_ago_s))
    row = {"from_stage": "awaiting_payment", "to_stage": stage, "actor": "payment"}
    OrderEvent.create(order=order, at=after(-paid_ago_s), **row)
    return order


def in_new_shop(order: Order) -> Order:
    return Order.get(Order.reference == order.reference)


@pytest.mark.parametrize("hours", [2, 72])
def test_what_was_bought_after_the_copy_is_found_and_not_bought_again(
    hours: int, database: Config, restored: Callable[[], Config]
) -> None:
    order = journalled("paid", hours * 3600)
    config = restored()
    quoted()

    again, provider = in_new_shop(order), Provider()
    assert near(again.deadline_at, after(config.deadline_s))
    orders.submit_next(provider, lead(), config)
    orders.enforce_deadlines()
    assert (again.fresh().stage, provider.bought) == ("unknown", [])
    provider.window = window(placed("sold-after-the-copy", created_at=after(-hours * 3600 + 60)))
    reconciling.reconcile(provider, config)
    assert (again.fresh().stage, again.fresh().esimgo_order_id) == ("ready", "sold-after-the-copy")


def test_a_charge_that_the_copy_does_not_know_is_looked_up_before_it_is_served(
    database: Config, restored: Callable[[], Config]
) -> None:
    order = make_order(created_at=after(-1700))
    journalled("active", 7200)
    config = restored()
    quoted()
    late = Charge("stars", order.reference, order.telegram_user_id, "XTR", order.stars, "c-1", after(-1600))
    assert payments.confirm(late, config)
    paid, provider = in_new_shop(order), Provider()
    assert near(paid.deadline_at, after(config.deadline_s))
    orders.submit_next(provider, lead(), config)
    assert (paid.fresh().stage, provider.bought) == ("unknown", [])
    assert near(intent_of(paid).sent_at, after(-1600))


def test_what_was_not_bought_is_bought_once_it_was_looked_for(
    database: Config, restored: Callable[[], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = journalled("paid", 3600)
    config = changed(restored(), settle_s=1)
    quoted()
    provider, leadership = Provider(placed("bought-now")), lead()
    provider.window = window()
    provider.account = Organisation.model_validate({"balance": 1000})
    orders.submit_next(provider, leadership, config)
    Submission.update(first_absent_at=after(-10), looks=2).execute()
    reconciling.reconcile(provider, config)
    assert in_new_shop(order).stage == "paid"
    orders.submit_next(provider, leadership, config)
    assert in_new_shop(order).stage == "paid", "its money may have gone back since"
    payments.reconcile(Bot(), config)
    Order.update(next_try_at=None).execute()
    orders.submit_next(provider, leadership, config)
    assert (in_new_shop(order).stage, len(provider.bought)) == ("ready", 1)


def test_what_lay_in_stock_is_given_to_nobody_any_more(
    database: Config, restored: Callable[[], Config]
) -> None:
    """It may have been given to somebody after the copy was made."""
    ended = journalled("failed", 7200)
    make_submission(ended, outcome="stock", esimgo_order_id="late", sent_at=after(-7000))
    config = restored()
    order, provider = make_order("paid"), Provider(placed("new"))
    orders.submit_next(provider, lead(), config)
    assert in_new_shop(order).esimgo_order_id == "new"


def test_what_is_sold_in_the_restored_shop_is_in_no_doubt(
    database: Config, restored: Callable[[], Config]
) -> None:
    journalled("active", 7200)
    config = restored()
    order = make_order("paid")
    provider = Provider(placed("new"))
    orders.submit_next(provider, lead(), config)
    assert in_new_shop(order).stage == "ready"


def test_nothing_is_overwritten(database: Config, empty: str, tmp_path: Path) -> None:
    backups.save(database.database_url, tmp_path / "copy")
    with pytest.raises(BackupRefused, match="is there already"):
        backups.save(database.database_url, tmp_path / "copy")
    with pytest.raises(BackupRefused, match=r"is there already|is not empty"):
        backups.restore(database.database_url, tmp_path / "copy", database)


def test_a_damaged_copy_is_refused(database: Config, empty: str, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    with pytest.raises(BackupRefused):
        backups.restore(empty, tmp_path / "copy", database)
    with pytest.raises(BackupRefused, match="is no file"):
        backups.restore(empty, tmp_path / "nowhere", database)


def run(config: Config, *arguments: str) -> Result:
    return FlaskCliRunner(create_app(config)).invoke(args=arguments)


def test_the_commands_say_what_they_did(database: Config, empty: str, tmp_path: Path) -> None:
    make_order("active")
    saved = run(database, "backup", str(tmp_path / "copy"))
    assert (saved.exit_code, "Copied to" in saved.output) == (0, True), saved.output
    refused = run(database, "restore", str(tmp_path / "copy"))
    assert refused.exit_code == 1
    assert "name" in refused.output
    restored = run(changed(database, database_url=empty), "restore", str(tmp_path / "copy"))
    assert "1 orders are back" in restored.output, restored.output


def test_missing_programs_are_one_line(
    database: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.database_url.startswith("sqlite"):
        return
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match="pg_dump is missing: install PostgreSQL's client programs"):
        backups.save(database.database_url, tmp_path / "copy")
