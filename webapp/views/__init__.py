"""HTTP in, HTML out. Views read models and call domain functions; they never write a row themselves."""

from flask import Flask

from webapp import outages
from webapp.config import Config
from webapp.telegram.botapi import BotApi
from webapp.views import (
    account,
    admin,
    api,
    checkout,
    components,
    delivery,
    downloads,
    errors,
    esims,
    health,
    help,
    legal,
    limits,
    measuring,
    openapi,
    orders,
    page,
    shop,
    webhooks,
)
from webapp.views.lately import Lately
from webapp.views.wiring import Shop


def register(app: Flask, config: Config) -> None:
    bot = BotApi(config.telegram_bot_token, config.telegram_api_url)
    app.extensions["shop"] = Shop(
        config, bot, limits.Limits(config), Lately(lambda: outages.state(config.catalogue_ttl_s))
    )
    measuring.register(app, config)
    delivery.register(app)
    page.register(app, config)
    limits.register(app, app.extensions["shop"].limits)
    errors.register(app)
    for module in (
        shop,
        checkout,
        orders,
        esims,
        downloads,
        account,
        admin,
        help,
        legal,
        api,
        webhooks,
        openapi,
        health,
    ):
        app.register_blueprint(module.blueprint)
    if config.telegram_sandbox_url:
        app.register_blueprint(components.blueprint)
