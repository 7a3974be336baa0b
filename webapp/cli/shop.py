"""Setting up: the tables of the database, and what Telegram knows of the shop."""

import sys

import click
from flask import Flask

from webapp import chat, db, notifications
from webapp.config import Config, is_loopback
from webapp.i18n import LANGUAGES, speaking
from webapp.models import Setting
from webapp.telegram.botapi import BotApi

ALLOWED_UPDATES = ["message", "callback_query", "pre_checkout_query", "my_chat_member"]


def register(app: Flask, config: Config) -> None:
    @app.cli.command("migrate")
    def migrate() -> None:
        """Bring the database's tables up to date."""
        applied = db.migrate()
        _keep_worlds_apart(config)
        click.echo(f"Applied: {', '.join(applied)}" if applied else "The database is up to date.")

    @app.cli.command("setup-bot")
    def setup_bot() -> None:
        """Tell Telegram where the shop is: webhook, commands, menu button."""
        introduce(BotApi(config.telegram_bot_token, config.telegram_api_url, timeout=(3, 10)), config)
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


def introduce(bot: BotApi, config: Config) -> None:
    """Webhook with its secret and update types, commands in every language, menu button. TelegramError.

    The bot's name is kept, for links into its chat.
    """
    Setting.write(notifications.BOT_NAME, bot.get_me().username)
    bot.set_webhook(
        f"{config.public_url}/api/telegram/webhook", config.telegram_webhook_secret, ALLOWED_UPDATES
    )
    bot.set_chat_menu_button(config.shop_name, config.public_url)
    for code in LANGUAGES:
        with speaking(code):
            commands = chat.commands()
        bot.set_my_commands(commands, None if code == config.default_language else code)
