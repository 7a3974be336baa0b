"""Figures for Prometheus, on this machine only."""

import logging

from prometheus_client import CollectorRegistry, start_http_server

log = logging.getLogger(__name__)


def listen(port: int, registry: CollectorRegistry) -> None:
    """Answer /metrics on this port of 127.0.0.1. A taken port costs the figures, never a sale."""
    try:
        start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        log.error("no metrics: port %s: %s", port, error.strerror)
