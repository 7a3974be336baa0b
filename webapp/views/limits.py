"""How many requests one customer and one address may make, on each web node. Webhooks are exempt."""

from ipaddress import ip_address

from flask import Flask, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from webapp.base.config import Config

EXEMPT = {"webhooks.esimgo", "webhooks.telegram", "health.alive", "health.ready"}


class Limits:
    def __init__(self, config: Config) -> None:
        per = dict(part.split("=") for part in config.rate_limits.split())
        self._per_customer = parse(per["customer"])
        self._per_address = parse(per["address"])
        self._counted = FixedWindowRateLimiter(MemoryStorage())

    def count_address(self) -> None:
        """Raises TooManyRequests. An address of this machine is a proxy's, and says nothing about people."""
        address = request.remote_addr or "127.0.0.1"
        if request.endpoint in EXEMPT or ip_address(address).is_loopback:
            return
        self._count(self._counted.hit(self._per_address, "address", address))

    def count_customer(self, telegram_user_id: int) -> None:
        """Raises TooManyRequests."""
        self._count(self._counted.hit(self._per_customer, "customer", str(telegram_user_id)))

    @staticmethod
    def _count(allowed: bool) -> None:
        if not allowed:
            raise TooManyRequests(retry_after=60)


def register(app: Flask, limits: Limits) -> None:
    app.before_request(limits.count_address)
