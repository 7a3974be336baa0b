"""What Telegram has to know of the shop: where updates go, the bot's commands and menu button."""

from webapp.base.config import Config
from webapp.base.i18n import LANGUAGES, speaking
from webapp.clients.telegram.botapi import BotApi
from webapp.customers import chat, notifications
from webapp.models import Setting

ALLOWED_UPDATES = ["message", "callback_query", "pre_checkout_query", "my_chat_member"]


def webhook(config: Config) -> str:
    return f"{config.public_url}/api/telegram/webhook"


def configure(bot: BotApi, config: Config) -> None:
    """Webhook with its secret and update types, commands in every language, menu button. TelegramError.

    The bot's name is kept, for links into its chat.
    """
    Setting.write(notifications.BOT_NAME, bot.get_me().username)
    bot.set_webhook(webhook(config), config.telegram_webhook_secret, ALLOWED_UPDATES)
    bot.set_chat_menu_button(config.shop_name, config.public_url)
    for code in LANGUAGES:
        bot.set_my_commands(commands(code), for_language(code, config))


def commands(code: str) -> dict[str, str]:
    with speaking(code):
        return chat.commands()


def for_language(code: str, config: Config) -> str | None:
    """How Telegram is told which language it is; None: for all that have none of their own."""
    return None if code == config.default_language else code
