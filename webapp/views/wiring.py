"""What create_app has wired together, for the views."""

from dataclasses import dataclass, field

from flask import current_app

from webapp.config import Config
from webapp.telegram.botapi import BotApi
from webapp.views.lately import Lately
from webapp.views.limits import Limits
from webapp.views.shelf import Shelf


@dataclass(frozen=True)
class Shop:
    config: Config
    bot: BotApi
    limits: Limits
    lately: Lately
    shelf: Shelf = field(default_factory=Shelf)
    polled: Shelf = field(default_factory=Shelf)


def shop() -> Shop:
    wired: Shop = current_app.extensions["shop"]
    return wired
