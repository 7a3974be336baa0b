"""What the jobs process tells Prometheus, on this machine only: how it gets on with eSIM Go, and what is
waiting.
"""

import logging
from collections.abc import Iterable
from typing import Any, get_args

from peewee import SQL, Case, PeeweeException, fn
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.base.config import Config
from webapp.base.metrics import listen
from webapp.base.money import NANO
from webapp.books import provider_audit, provider_balance
from webapp.clients.esimgo.breaker import Mood
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.state import ClientState
from webapp.models import UNEXPLAINED, Callback, Notification, Order, Refund, db
from webapp.orders import payments
from webapp.state import star_balance

log = logging.getLogger("jobs")


class Upstream(Collector):
    """Calls by endpoint and outcome, the request budget, and the breakers."""

    def __init__(self, client: ESIMGoClient) -> None:
        self._client = client

    def collect(self) -> Iterable[Metric]:
        state = self._client.state()
        yield _calls(state)
        yield from _budget(state)
        yield _breakers(state)


class Books(Collector):
    """How many rows there are of each kind, and what of eSIM Go's books is unexplained, as the database has
    it at that moment.

    prometheus_client answers each scrape in a new thread, so the connection is closed when it is done.
    """

    def collect(self) -> Iterable[Metric]:
        try:
            return [*(_by_state(*counted) for counted in _counted()), *_unexplained(), *_stars()]
        except PeeweeException as error:  # the other figures may say why
            log.error("the books cannot be counted: %s", error)
            return []
        finally:
            db.database.close()


def _counted() -> tuple[tuple[str, str, Any, Any], ...]:
    stage = Case(None, ((Order.overdue(), "expired"),), Order.stage)
    verdict = fn.COALESCE(Callback.verdict, "waiting")
    return (
        ("simka_orders", "orders by stage", Order, stage),
        ("simka_refunds", "refunds by state", Refund, Refund.state),
        ("simka_notifications", "messages by state", Notification, Notification.state),
        ("simka_callbacks", "callbacks kept, by what they meant", Callback, verdict),
    )


def _unexplained() -> Iterable[Metric]:
    orders = GaugeMetricFamily(
        "simka_unexplained_orders", "orders at eSIM Go that are nobody's", labels=["verdict"]
    )
    cost = GaugeMetricFamily(
        "simka_unexplained_cost", "what they have cost, in currency units", labels=["verdict"]
    )
    for verdict in UNEXPLAINED:
        rows = provider_audit.unexplained((verdict,))
        orders.add_metric([verdict], len(rows))
        cost.add_metric([verdict], sum(row.total or 0 for row in rows) / 1000)
    yield from (orders, cost)
    missing = provider_balance.difference() / 1000
    about = "what eSIM Go's balance has lost without an order, in currency units"
    yield GaugeMetricFamily("simka_balance_missing", about, value=missing)
    if (look := provider_audit.last_look(complete=True)) is not None:
        about = "when eSIM Go's orders were last compared with ours, as a Unix time"
        yield GaugeMetricFamily("simka_audited_at", about, value=look.at.timestamp())


_RUNS = Counter("simka_job_runs", "runs of a job by how they ended", ["job", "outcome"], registry=None)


def ran(name: str, ended_well: bool) -> None:
    _RUNS.labels(name, "ok" if ended_well else "failed").inc()


def serve(config: Config, client: ESIMGoClient) -> None:
    """On the port after METRICS_PORT, which is the web's."""
    if config.metrics_port is None:
        return
    registry = CollectorRegistry()
    for collector in (Upstream(client), Books(), _RUNS):
        registry.register(collector)
    listen(config.metrics_port + 1, registry)


def _by_state(name: str, about: str, model: Any, state: Any) -> Metric:
    family = GaugeMetricFamily(name, about, labels=["state"])
    for value, count in model.select(state, fn.COUNT(model.id)).group_by(SQL("1")).tuples():
        family.add_metric([value], count)
    return family


def _stars() -> Iterable[Metric]:
    """Nothing of a balance that was never told."""
    known, missing = star_balance.known(), payments.shortage()
    if known is not None:
        yield GaugeMetricFamily("simka_star_balance", "Stars that the bot has", value=known.nano / NANO)
    if missing is not None:
        about = "Stars that the refunds which are due need and are not there"
        yield GaugeMetricFamily("simka_stars_missing", about, value=missing / NANO)


def _calls(state: ClientState) -> Metric:
    family = CounterMetricFamily(
        "simka_esimgo_calls", "calls to eSIM Go since the start", labels=["endpoint", "outcome"]
    )
    for endpoint, outcomes in state.calls.items():
        for outcome, count in outcomes.items():
            family.add_metric([endpoint, outcome], count)
    return family


def _budget(state: ClientState) -> Iterable[Metric]:
    budget = state.budget
    for name, value, about in (
        ("used", budget.used, "tokens taken in this second"),
        ("places", budget.places, "tokens that a second has"),
        ("held_seconds", budget.held_s, "until eSIM Go may be asked again, after a 429"),
        ("waiting", budget.waiting, "calls that wait for their turn"),
    ):
        yield GaugeMetricFamily(f"simka_esimgo_budget_{name}", about, value=value)
    costs = GaugeMetricFamily("simka_esimgo_cost", "tokens that a call takes", labels=["endpoint"])
    for endpoint, cost in budget.costs.items():
        costs.add_metric([endpoint], cost)
    yield costs


def _breakers(state: ClientState) -> Metric:
    family = GaugeMetricFamily(
        "simka_esimgo_breaker", "1 for the mood that a breaker is in", labels=["kind", "mood"]
    )
    for kind, breaker in state.breakers.items():
        for mood in get_args(Mood):
            family.add_metric([kind, mood], float(breaker.mood == mood))
    return family
