"""The API's rooms: the shop's fixtures, and an app with something on its shelves."""

from tests.shop.conftest import (
    advance,
    app,
    bot,
    browser,
    moments,
    nobody,
    owner,
    provider,
    shelves,
    still,
    stranger,
)

__all__ = [
    "advance",
    "app",
    "bot",
    "browser",
    "moments",
    "nobody",
    "owner",
    "provider",
    "shelves",
    "still",
    "stranger",
]
