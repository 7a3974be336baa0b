"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`."""

import sys

from webapp import create_app, environment, metrics, watchman
from webapp.catalogue import gazetteer
from webapp.config import Config, ConfigError
from webapp.views import measuring

try:
    config = Config.from_env(environment.settings())
    app = create_app(config)
    gazetteer.terms()  # takes a quarter of a second, which no search should wait for
    watchman.begin(config)
    if config.metrics_port is not None:
        metrics.listen(config.metrics_port, measuring.REGISTRY)
except ConfigError as error:
    sys.exit(f"simka: {error}")
