"""Commands for the merchant: `flask --app wsgi migrate`, `flask --app wsgi setup-bot`, and so on."""

from flask import Flask

from webapp.cli import callbacks, catalogue, money, pricing, shop
from webapp.config import Config

ROOMS = (callbacks, catalogue, money, pricing, shop)


def register(app: Flask, config: Config) -> None:
    for room in ROOMS:
        room.register(app, config)
