"""What runs every second, or for everybody who knocks, never reads a whole table."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.databases.crowds import crowd
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import lead, make_esim, make_order, make_plan, make_refund, make_top_up
from tests.shop.standins import Provider
from webapp import esims, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import ledger, sales, stars
from webapp.books.sales import Period
from webapp.esims import callbacks
from webapp.esims.callbacks import Event, Kind
from webapp.models import db
from webapp.orders import capacity, limits, payments, quotes, reconciling, topups
from webapp.orders.payments import balance
from webapp.state import star_balance
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("database")

Explained = Callable[[Callable[[], object]], list[str]]


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> Explained:
    """How SQLite finds the rows of every query that `work` asks."""

    def during(work: Callable[[], object]) -> list[str]:
        steps: list[str] = []

        def execute(sql: str, params: Any = None, *rest: Any) -> Any:
            if sql.startswith(("SELECT", "UPDATE", "DELETE")):
                found = real(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
                steps.extend(f"{row[3]} | {sql}" for row in found)
            return real(sql, params, *rest)

        real = db.database.obj.execute_sql
        monkeypatch.setattr(db.database.obj, "execute_sql", execute)
        work()
        return steps

    return during


def test_a_callback_finds_its_esim_and_its_order_by_an_index(explained: Explained) -> None:
    make_esim()
    for event in (Event(Kind.UTILISATION, ("8944",)), Event(Kind.ORDER_CREATED, (), "not-ours")):
        assert scans(explained(lambda event=event: callbacks.apply(event))) == []


def test_the_figures_of_a_month_do_not_read_the_years_before(explained: Explained) -> None:
    make_order("active")
    month = Period.last(30)
    for report in (sales.sales, sales.by_country, sales.by_plan, sales.by_day, sales.conversion):
        steps = scans(explained(lambda report=report: report(month)))
        assert [step for step in steps if "orders" in step] == []


def test_whether_a_refund_is_covered_reads_only_what_is_new(explained: Explained) -> None:
    """Every refund is claimed with it, and the owner's alarms ask every 30 s."""
    make_order("active")
    refund = make_refund()
    star_balance.seen(10**12, clock.now())
    for asked in (lambda: balance.covers(refund), payments.shortage, stars.kept_lately):
        steps = scans(explained(asked))
        assert [step for step in steps if "payment" in step.partition(" | ")[0]] == []
        assert [step for step in steps if step.startswith("SCAN t1 ") and 'FROM "payment"' in step] == []


def test_whoever_knocks_unsigned_reads_no_month_of_callbacks(explained: Explained, config: Config) -> None:
    hints = changed(config, esimgo_unsigned_hints="on")
    assert scans(explained(lambda: callbacks.receive(b"hello", None, hints, Funnel()))) == []


def test_what_somebody_may_buy_reads_nothing_of_others_in_two_statements(
    explained: Explained, config: Config
) -> None:
    customer = make_order("active").customer
    steps = explained(lambda: limits.refusal(customer, 1, config))
    assert (scans(steps), len({step.partition(" | ")[2] for step in steps})) == ([], 2)


def test_the_line_and_what_follows_it_read_no_history(
    explained: Explained, config: Config, provider: Provider
) -> None:
    leader = lead()
    make_plan()
    order = make_order("active")
    esim = make_esim(order)
    make_top_up("unknown", esim)
    for work in (
        lambda: orders.take_over(leader),
        lambda: orders.collect(provider),
        lambda: reconciling.reconcile(provider, config),
        lambda: quotes.check_due(provider, config),
        lambda: capacity.full_for(capacity.line_beside(order), None, config),
        lambda: topups.offers(esim),
        lambda: topups.answer(provider),
        lambda: esims.cards(esim.customer),
        orders.enforce_deadlines,
        orders.expire,
        esims.due,
        esims.remind,
    ):
        assert scans(explained(work)) == []


def test_the_last_purchase_is_found_from_the_end(
    explained: Explained, config: Config, provider: Provider
) -> None:
    """Along the primary key until one is found, and nothing is sorted for it."""
    steps = explained(lambda: orders.submit_next(provider, lead(), config))
    asked = [step for step in steps if '"submission"' in step]
    assert asked
    assert not [step for step in asked if "TEMP B-TREE" in step]


def test_the_ledger_of_a_night_reads_as_little_after_years_as_after_days(
    database: Config, advance: Advance
) -> None:
    """Counted in steps of SQLite's machine, of which each row that is read takes some."""
    make_order("ready")

    def years(count: int) -> tuple[int, int]:
        """After so many more orders: steps of the check of all, and of a night's."""
        crowd(count, change=lambda number: {"plan_id": f"plan-{number}", "submission_id": None})
        db.database.execute_sql(
            "INSERT INTO payment (order_id, telegram_user_id, means, currency, amount, charge_id, state,"
            " created_at, confirmed_at) SELECT id, telegram_user_id, 'stars', 'XTR', stars, 'paid-' || id,"
            " 'confirmed', created_at, created_at FROM orders WHERE id NOT IN (SELECT order_id FROM payment)"
        )
        assert ledger.check_new()
        advance(3 * 86_400)
        return machine_steps(lambda: ledger.check()), machine_steps(lambda: ledger.check_new())

    (few, night), (many, later) = years(3000), years(9000)
    assert many > 3 * few
    assert later < 1.05 * night
    assert 2 * night < few


def machine_steps(work: Callable[[], bool]) -> int:
    """In hundreds."""
    counted: list[int] = []
    connection = db.database.connection()
    connection.set_progress_handler(lambda: counted.append(1), 100)
    try:
        assert work()
    finally:
        connection.set_progress_handler(None, 0)
    return len(counted)


def scans(steps: list[str]) -> list[str]:
    assert steps
    return [step for step in steps if step.startswith("SCAN")]
