"""The API's rooms: the shop's fixtures, and an app with something on its shelves."""

import pytest

from tests.shop.conftest import (
    advance,
    app,
    bot,
    browser,
    moments,
    nobody,
    owner,
    provider,
    shelves,
    stranger,
)

__all__ = [
    "advance",
    "app",
    "bot",
    "browser",
    "moments",
    "nobody",
    "owner",
    "provider",
    "shelves",
    "stranger",
]

ON_BOTH = {"test_idempotency"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What meets the database runs on SQLite and on PostgreSQL."""
    if "engine" in metafunc.fixturenames and metafunc.module.__name__.split(".")[-1] in ON_BOTH:
        metafunc.parametrize("engine", ["sqlite_files", "postgresql_server"], indirect=True)
