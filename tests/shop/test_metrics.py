"""What the jobs process tells Prometheus of its dealings with eSIM Go."""

import logging
import re
import socket
import threading

import pytest
import requests

from jobs import metrics
from tests.sandbox.esimgo import free_port
from tests.settings import changed
from tests.shop.factories import after, make_order, make_refund
from webapp import create_app
from webapp.base import clock
from webapp.base import metrics as metrics_of_all
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import EsimGoError
from webapp.models import AuditedOrder, Payment, ProviderLook, db
from webapp.state import star_balance
from webapp.views import measuring

KEY = "a-key-that-is-secret"
API = "http://127.0.0.1:9/v2.5"


@pytest.fixture
def client() -> ESIMGoClient:
    return ESIMGoClient(KEY, API)


@pytest.fixture
def port() -> int:
    return free_port()


def told(port: int) -> str:
    return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text


def test_calls_budget_and_breakers_are_told_though_the_database_is_away(
    config: Config,
    client: ESIMGoClient,
    port: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "monotonic", lambda: 1000.0)
    db.bind("postgresql://127.0.0.1:9/away")
    metrics.serve(changed(config, metrics_port=port - 1), client)
    for _ in range(6):
        with pytest.raises(EsimGoError):
            client.validate_order("esim_3GB_30D_TR_V2")
    text = told(port)
    assert 'simka_esimgo_calls_total{endpoint="POST /orders",outcome="Unavailable"} 5.0' in text
    assert 'simka_esimgo_calls_total{endpoint="POST /orders",outcome="not_asked"} 1.0' in text
    assert 'simka_esimgo_breaker{kind="orders",mood="open"} 1.0' in text
    assert 'simka_esimgo_breaker{kind="reads",mood="closed"} 1.0' in text
    assert "simka_esimgo_budget_places 8.0" in text
    assert "simka_orders" not in text
    assert "the books cannot be counted: " in caplog.text
    assert KEY not in text


@pytest.mark.usefixtures("database")
def test_what_is_in_the_books_and_how_jobs_ended_is_told(
    config: Config, client: ESIMGoClient, port: int
) -> None:
    make_order("paid")
    star_balance.seen(100 * NANO + NANO // 2, clock.now())
    Payment.update(confirmed_at=after(-60)).where(Payment.id == make_refund().payment.id).execute()
    metrics.ran("check_provider", True)
    metrics.ran("check_provider", False)
    metrics.serve(changed(config, metrics_port=port - 1), client)
    text = [told(port) for _ in range(3)][-1]
    assert 'simka_orders{state="paid"} 1.0' in text
    assert "simka_star_balance 100.5" in text
    assert "simka_stars_missing 352.5" in text
    assert "# HELP simka_callbacks callbacks" in text
    assert 'simka_job_runs_total{job="check_provider",outcome="failed"}' in text


@pytest.mark.usefixtures("database")
def test_what_is_unexplained_at_esim_go_is_told_with_its_cost(
    config: Config, client: ESIMGoClient, port: int
) -> None:
    metrics.serve(changed(config, metrics_port=port - 1), client)
    assert "simka_audited_at" not in told(port)
    row = {"ordered_at": after(0), "total": 4200, "currency": "USD"}
    for number, settled in enumerate(("", "", "spent")):
        AuditedOrder.create(reference=f"theirs-{number}", verdict="elsewhere", settled=settled, **row)
    look = {
        "told_at": after(0),
        "epoch": 1,
        "why": "hour",
        "since": after(-60),
        "orders": 3,
        "missing": 12_345,
    }
    ProviderLook.create(at=after(0), complete=True, balance=1000, **look)
    text = told(port)
    for line in (
        'simka_unexplained_orders{verdict="elsewhere"} 2.0',
        'simka_unexplained_cost{verdict="elsewhere"} 8.4',
        'simka_unexplained_orders{verdict="lost"} 0.0',
        "simka_balance_missing 12.345",
    ):
        assert line in text, line
    (at,) = re.findall(r"^simka_audited_at (\S+)$", text, re.MULTILINE)
    assert abs(float(at) - clock.timestamp()) < 60


def test_the_web_counts_requests_by_route_and_not_by_address(database: Config, port: int) -> None:
    app = create_app(changed(database, metrics_port=port))
    metrics_of_all.listen(port, measuring.REGISTRY)
    browser, before = app.test_client(), told(port)
    browser.get("/orders/AAAA1111")
    browser.get("/nowhere/at/all")
    browser.post("/api/esimgo/webhook", data=b"{}")
    text = told(port)
    assert 'simka_http_requests_total{route="GET /orders/<reference>",status="' in text
    assert 'simka_http_requests_total{route="none",status="404"}' in text
    assert 'simka_http_requests_total{route="POST /api/esimgo/webhook",status="401"}' in text
    assert 'simka_http_seconds_bucket{le="0.3",route="POST /api/esimgo/webhook"}' in text
    assert "AAAA1111" not in text.removeprefix(before)


def test_what_payers_are_told_is_counted(port: int) -> None:
    metrics_of_all.listen(port, measuring.REGISTRY)
    measuring.pre_checkout({"method": "answerPreCheckoutQuery", "ok": True})
    measuring.pre_checkout({"method": "answerPreCheckoutQuery", "ok": False, "error_message": "late"})
    measuring.pre_checkout({"method": "sendMessage"})
    text = told(port)
    assert 'simka_pre_checkouts_total{answer="ok"}' in text
    assert 'simka_pre_checkouts_total{answer="declined"}' in text
    assert "sendMessage" not in text


def test_without_the_setting_nothing_listens(config: Config, client: ESIMGoClient) -> None:
    threads = set(threading.enumerate())
    metrics.serve(config, client)
    assert set(threading.enumerate()) <= threads


def test_a_taken_port_costs_the_figures_only(
    config: Config, client: ESIMGoClient, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", port)), caplog.at_level(logging.ERROR):
        metrics.serve(changed(config, metrics_port=port - 1), client)
    assert f"no metrics: port {port}" in caplog.text
