"""What the jobs process tells Prometheus of its dealings with eSIM Go."""

import logging
import socket
import threading
from dataclasses import replace

import pytest
import requests

from jobs import metrics
from tests.sandbox.esimgo import free_port
from webapp.config import Config
from webapp.esimgo.client import ESIMGoClient
from webapp.esimgo.errors import EsimGoError

KEY = "a-key-that-is-secret"
API = "http://127.0.0.1:9/v2.5"


@pytest.fixture
def client() -> ESIMGoClient:
    return ESIMGoClient(KEY, API)


@pytest.fixture
def port() -> int:
    return free_port()


def told(port: int) -> str:
    return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text


def test_calls_budget_and_breakers_are_told(config: Config, client: ESIMGoClient, port: int) -> None:
    metrics.serve(replace(config, metrics_port=port - 1), client)
    for _ in range(6):
        with pytest.raises(EsimGoError):
            client.validate_order("esim_3GB_30D_TR_V2")
    text = told(port)
    assert 'simka_esimgo_calls_total{endpoint="POST /orders",outcome="Unavailable"} 5.0' in text
    assert 'simka_esimgo_calls_total{endpoint="POST /orders",outcome="not_asked"} 1.0' in text
    assert 'simka_esimgo_breaker{kind="orders",mood="open"} 1.0' in text
    assert 'simka_esimgo_breaker{kind="reads",mood="closed"} 1.0' in text
    assert "simka_esimgo_budget_places 8.0" in text
    assert KEY not in text


def test_without_the_setting_nothing_listens(config: Config, client: ESIMGoClient) -> None:
    threads = threading.active_count()
    metrics.serve(config, client)
    assert threading.active_count() == threads


def test_a_taken_port_costs_the_figures_only(
    config: Config, client: ESIMGoClient, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", port)), caplog.at_level(logging.ERROR):
        metrics.serve(replace(config, metrics_port=port - 1), client)
    assert f"no metrics: port {port}" in caplog.text
