"""What create_app has wired together, for the views."""

from dataclasses import dataclass

from flask import current_app

from webapp.config import Config
from webapp.telegram.botapi import BotApi
from webapp.views.limits import Limits


@dataclass(frozen=True)
class Shop:
    config: Config
    bot: BotApi
    limits: Limits


def shop() -> Shop:
    wired: Shop = current_app.extensions["shop"]
    return wired
