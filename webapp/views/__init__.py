"""HTTP in, HTML out. Views read models and call domain functions; they never write a row themselves."""

from flask import Flask

from webapp.base.config import Config
from webapp.views import (
    account,
    admin,
    api,
    assets,
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
    wiring,
)
from webapp.views.assets import Assets


def register(app: Flask, config: Config, files: Assets) -> None:
    app.extensions["shop"] = wiring.made(config)
    measuring.register(app, config)
    delivery.register(app)
    page.register(app, config, files)
    assets.register(app, files)
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
