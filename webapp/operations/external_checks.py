"""What only others can tell of us: how Telegram's webhook fares, how long our certificate is good.

Alerts and the doctor judge the same facts.
"""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.setting_types import is_loopback
from webapp.clients.http import tls_context
from webapp.clients.telegram.botapi import BotApi
from webapp.operations import bot_setup

CONNECT_S = 5


class Webhook(NamedTuple):
    """`error`: the last one if it is recent, "" when there is none. `waiting`: updates not delivered."""

    url: str
    missing_updates: tuple[str, ...]
    error: str
    waiting: int


def webhook(bot: BotApi, recent: timedelta) -> Webhook:
    """As Telegram has it. An error longer ago than `recent` is over. Raises TelegramError."""
    info = bot.get_webhook_info()
    missing = set(bot_setup.ALLOWED_UPDATES) - set(info.allowed_updates)
    failed = info.last_error_at is not None and clock.now() - info.last_error_at < recent
    error = (info.last_error_message or "an error without a message") if failed else ""
    return Webhook(info.url, tuple(sorted(missing)), error, info.pending_update_count)


def host(config: Config) -> str:
    return urlsplit(config.public_url).hostname or ""


def certificate_ends_at(config: Config) -> datetime | None:
    """None for a shop on this machine, which has none. OSError when PUBLIC_URL shows no good certificate."""
    if is_loopback(config.public_url):
        return None
    return certificate_end(host(config), urlsplit(config.public_url).port or 443, config.ca_file)


def certificate_end(host: str, port: int, authorities: Path | None = None) -> datetime:
    """Until when the certificate is good that `host` shows. OSError when there is no good one, as far as
    `authorities` tell (http.tls_context).
    """
    with (
        socket.create_connection((host, port), timeout=CONNECT_S) as plain,
        tls_context(authorities).wrap_socket(plain, server_hostname=host) as secure,
    ):
        shown = secure.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
