"""Commands for the merchant: `flask --app wsgi migrate`, `flask --app wsgi setup-bot`, and so on."""

from flask import Flask

from webapp.cli import backups, callbacks, catalogue, money, moving, pricing, shop
from webapp.config import Config

ROOMS = (backups, callbacks, catalogue, money, moving, pricing, shop)


def register(app: Flask, config: Config) -> None:
    for room in ROOMS:
        room.register(app, config)
