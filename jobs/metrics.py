"""What the jobs process tells Prometheus, on this machine only: how it gets on with eSIM Go."""

import logging
from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.config import Config
from webapp.esimgo.breaker import Mood
from webapp.esimgo.client import ESIMGoClient
from webapp.esimgo.state import ClientState

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


def serve(config: Config, client: ESIMGoClient) -> None:
    """On the port after METRICS_PORT, which is the web's. A taken port costs the figures, never a sale."""
    if config.metrics_port is None:
        return
    registry = CollectorRegistry()
    registry.register(Upstream(client))
    try:
        start_http_server(config.metrics_port + 1, addr="127.0.0.1", registry=registry)
    except OSError as error:
        log.error("no metrics: port %s: %s", config.metrics_port + 1, error.strerror)


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
