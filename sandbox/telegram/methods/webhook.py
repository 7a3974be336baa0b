"""setWebhook, getWebhookInfo, deleteWebhook."""

import re
import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import is_loopback
from sandbox.telegram.params import Params
from sandbox.telegram.telegram import Telegram

PORTS = {80, 88, 443, 8443}
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def set_webhook(telegram: Telegram, params: Params) -> bool:
    """Bot API, setWebhook. An absent allowed_updates keeps the former list, an empty one means all."""
    url, secret = params.text("url"), params.text("secret_token")
    if url:
        check_url(url)
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    allowed = params.nested("allowed_updates")
    if allowed is not None and not (isinstance(allowed, list) and all(isinstance(k, str) for k in allowed)):
        raise bad_request("can't parse allowed_updates: expected an Array of String")
    with telegram.world.change() as data:
        webhook = data["webhook"]
        webhook.update(url=url, secret_token=secret)
        webhook["max_connections"] = min(100, max(1, params.integer("max_connections", 40)))
        if allowed is not None:
            webhook["allowed_updates"] = allowed
    _drop_if_asked(telegram, params)
    telegram.courier.hurry()
    return True


def delete_webhook(telegram: Telegram, params: Params) -> bool:
    with telegram.world.change() as data:
        data["webhook"].update(url="", secret_token="")
    _drop_if_asked(telegram, params)
    return True


def get_webhook_info(telegram: Telegram, params: Params) -> dict[str, Any]:
    with telegram.world.look() as data:
        webhook = data["webhook"]
        pending = sum(entry["state"] == "pending" for entry in data["updates"].values())
        info = {key: value for key, value in webhook.items() if key != "secret_token" and value != []}
    return {**info, "has_custom_certificate": False, "pending_update_count": pending}


def check_url(url: str) -> None:
    """As Telegram checks it, but plain http and any port are fine on loopback, where the shop runs. A name
    has to lead here: a stand-in talks to nobody else.
    """
    parts = urlsplit(url)
    if is_loopback(url) and parts.scheme in {"http", "https"}:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: HTTPS url must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if not _leads_here(parts.hostname or "", parts.port or 443):
        raise bad_request("bad webhook: this stand-in delivers to loopback addresses only")


def _leads_here(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ip_address(str(address[0])).is_loopback for *_kind, address in found)


def _drop_if_asked(telegram: Telegram, params: Params) -> None:
    if params.boolean("drop_pending_updates"):
        telegram.courier.forget()
        with telegram.world.change() as data:
            for entry in data["updates"].values():
                if entry["state"] == "pending":
                    entry["state"] = "dropped"
