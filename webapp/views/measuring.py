"""What the web process tells Prometheus: requests by route and answer, how long they took, what payers heard.

Figures are this process's own; a second one on the same machine needs a METRICS_PORT of its own.
"""

from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from webapp.base import clock
from webapp.base.config import Config

REGISTRY = CollectorRegistry()

_REQUESTS = Counter(
    "simka_http_requests", "requests by route and status", ["route", "status"], registry=REGISTRY
)
_SECONDS = Histogram(
    "simka_http_seconds",
    "seconds from a request's arrival in the application to its answer",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
    registry=REGISTRY,
)
_PRE_CHECKOUTS = Counter(
    "simka_pre_checkouts", "what Telegram was told before a payment", ["answer"], registry=REGISTRY
)


def register(app: Flask, config: Config) -> None:
    """Without METRICS_PORT no request is measured."""
    if config.metrics_port is not None:
        app.before_request(_begin)
        app.after_request(_count)


def pre_checkout(answer: dict[str, Any]) -> None:
    """`answer`: the call that goes back to Telegram, of whatever kind."""
    if answer.get("method") == "answerPreCheckoutQuery":
        _PRE_CHECKOUTS.labels("ok" if answer.get("ok") else "declined").inc()


def _begin() -> None:
    g.began_s = clock.monotonic()


def _count(response: Response) -> Response:
    """What no route answers is one row: addresses are anybody's choice."""
    route = f"{request.method} {request.url_rule.rule}" if request.url_rule else "none"
    _REQUESTS.labels(route, response.status_code).inc()
    if "began_s" in g:
        _SECONDS.labels(route).observe(clock.monotonic() - g.began_s)
    return response
