"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`. Commands of `flask` begin here too."""

import atexit
import sys

from flask import Flask

from webapp import create_app
from webapp.base import env_file, metrics, private_files
from webapp.base.config import Config, ConfigError
from webapp.models import versions
from webapp.operations import watchdog
from webapp.views import measuring


def begin_serving(app: Flask, config: Config) -> None:
    versions.refuse_unmigrated()
    shop = app.extensions["shop"]
    watchdog.begin(config, shop.readiness, shop.funnel)
    shop.search.prepare()
    atexit.register(shop.funnel.write_down)
    if config.metrics_port is not None:
        metrics.listen(config.metrics_port, measuring.REGISTRY)


private_files.keep()
try:
    config = Config.read()
    app = create_app(config)
    if not env_file.is_flask_command():
        begin_serving(app, config)
except ConfigError as error:
    sys.exit(f"simka: {error}")
