"""Setting up: the tables of the database, and what Telegram knows of the shop."""

import sys

import click
from flask import Flask

from webapp.base.config import Config
from webapp.base.setting_types import is_loopback
from webapp.clients.telegram.botapi import BotApi
from webapp.clients.telegram.errors import TelegramError
from webapp.models import Setting, data_keys, db
from webapp.operations import bot_setup


def register(app: Flask, config: Config) -> None:
    @app.cli.command("migrate")
    def migrate() -> None:
        """Bring the database's tables up to date."""
        applied = db.migrate()
        _keep_worlds_apart(config)
        click.echo(f"Applied: {', '.join(applied)}" if applied else "The database is up to date.")

    @app.cli.command("rotate-keys")
    def rotate_keys() -> None:
        """Encrypt again, with the first of DATA_KEYS, what lies under the others."""
        rows = data_keys.rotate()
        newest, *retired = db.database.keys.names
        click.echo(f"{rows} rows encrypted again; all lie under {newest} now.")
        if retired:
            click.echo(f"Not needed any more, once every process has the new one: {', '.join(retired)}.")

    @app.cli.command("setup-bot")
    def setup_bot() -> None:
        """Tell Telegram where the shop is: webhook, commands, menu button."""
        bot = BotApi(
            config.telegram_bot_token, config.telegram_api_url, timeout=(3, 10), authorities=config.ca_file
        )
        try:
            bot_setup.configure(bot, config)
        except TelegramError as error:
            sys.exit(f"simka: Telegram: {error}; `make doctor` says what to look at")
        click.echo(f"The bot now opens {config.public_url}.")


def _keep_worlds_apart(config: Config) -> None:
    """Orders of the sandbox and real ones never share a database: the one would be sold as the other."""
    world = "sandbox" if is_loopback(config.esimgo_api_url) else "real"
    known = Setting.read("shop.world", world)
    if known != world:
        sys.exit(
            f"simka: DATABASE_URL holds the orders of the {known} shop; name another file for the {world} one"
        )
    Setting.write("shop.world", world)
