"""Commands for the merchant: `flask --app wsgi migrate`, `flask --app wsgi setup-bot`, and so on."""

from flask import Flask

from webapp.base.config import Config
from webapp.operations.cli import backups, callbacks, catalogue, customers, money, pricing, shop, to_postgres

ROOMS = (backups, callbacks, catalogue, customers, money, to_postgres, pricing, shop)


def register(app: Flask, config: Config) -> None:
    for room in ROOMS:
        room.register(app, config)
