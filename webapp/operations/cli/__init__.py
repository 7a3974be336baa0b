"""Commands for the merchant: `flask --app wsgi migrate`, `flask --app wsgi setup-bot`, and so on."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from click import Command, Group
from flask import Flask

from webapp.base.config import Config, ConfigError
from webapp.models import versions
from webapp.operations.cli import backups, callbacks, catalogue, customers, money, pricing, shop, to_postgres

NEED_NO_TABLES = {"migrate", "backup", "restore"}
ROOMS = (backups, callbacks, catalogue, customers, money, to_postgres, pricing, shop)


def register(app: Flask, config: Config) -> None:
    for room in ROOMS:
        room.register(app, config)
    for name, command in app.cli.commands.items():
        if name not in NEED_NO_TABLES:
            _guard(command)


def _guard(command: Command) -> None:
    """It says in one line that tables are missing, before it does anything."""
    if isinstance(command, Group):
        for part in command.commands.values():
            _guard(part)
    elif command.callback is not None:
        command.callback = _on_our_tables(command.callback)


def _on_our_tables(work: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(work)
    def guarded(*values: Any, **options: Any) -> Any:
        try:
            versions.refuse_unmigrated()
        except ConfigError as error:
            sys.exit(f"simka: {error}")
        return work(*values, **options)

    return guarded
