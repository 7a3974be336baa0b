"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`."""

import atexit
import sys

from webapp import create_app
from webapp.base import environment, metrics
from webapp.base.config import Config, ConfigError
from webapp.operations import watchdog
from webapp.views import measuring

try:
    config = Config.from_env(environment.settings())
    app = create_app(config)
    shop = app.extensions["shop"]
    shop.search.prepare()
    atexit.register(shop.funnel.write_down)
    watchdog.begin(config)
    if config.metrics_port is not None:
        metrics.listen(config.metrics_port, measuring.REGISTRY)
except ConfigError as error:
    sys.exit(f"simka: {error}")
