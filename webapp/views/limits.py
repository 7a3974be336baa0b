"""How many requests one customer and one address may make, on each web node. Webhooks are exempt."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import Flask, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from webapp.base.config import Config

EXEMPT = {"webhooks.esimgo", "webhooks.telegram", "health.alive", "health.ready"}


ANYBODY = "unknown"
"""What an address counts as that a proxy passes on and nobody can read: one for all of them."""
BRACKETED = re.compile(r"\[([^\]]*)\](?::\d+)?")
WITH_PORT = re.compile(r"([^:]*):\d+")
OF_ONE_HOUSEHOLD = 64
"""Bits of an IPv6 address that a line is given; the rest its owner chooses, a new one for each request."""


class Limits:
    def __init__(self, config: Config) -> None:
        per = dict(part.split("=") for part in config.rate_limits.split())
        self._per_customer = parse(per["customer"])
        self._per_address = parse(per["address"])
        self._counted = FixedWindowRateLimiter(MemoryStorage())

    def count_address(self) -> None:
        """Raises TooManyRequests. An address of this machine is a proxy's, and says nothing about people."""
        counted_as = limited_as(request.remote_addr or "127.0.0.1")
        if request.endpoint not in EXEMPT and counted_as is not None:
            self._count(self._counted.hit(self._per_address, "address", counted_as))

    def count_customer(self, telegram_user_id: int) -> None:
        """Raises TooManyRequests."""
        self._count(self._counted.hit(self._per_customer, "customer", str(telegram_user_id)))

    @staticmethod
    def _count(allowed: bool) -> None:
        if not allowed:
            raise TooManyRequests(retry_after=60)


def limited_as(address: str) -> str | None:
    """Under which name an address is counted, in whichever shape proxies write it: with a port, in brackets,
    with a zone, IPv4 as IPv6. None: this machine.
    """
    found = _read(address)
    if found is None:
        return ANYBODY
    if found.is_loopback:
        return None
    if isinstance(found, IPv4Address):
        return str(found)
    return f"{IPv6Address(int(found) >> OF_ONE_HOUSEHOLD << OF_ONE_HOUSEHOLD)}/{OF_ONE_HOUSEHOLD}"


def _read(address: str) -> IPv4Address | IPv6Address | None:
    text = address.strip().strip('"')
    bare = BRACKETED.fullmatch(text) or WITH_PORT.fullmatch(text)
    try:
        found = ip_address(bare[1] if bare else text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def register(app: Flask, limits: Limits) -> None:
    app.before_request(limits.count_address)
