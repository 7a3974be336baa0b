"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`."""

import os
import sys

from webapp import create_app, watchman
from webapp.catalogue import gazetteer
from webapp.config import Config, ConfigError

try:
    config = Config.from_env(os.environ)
    app = create_app(config)
    gazetteer.terms()  # takes a quarter of a second, which no search should wait for
    watchman.begin(config)
except ConfigError as error:
    sys.exit(f"simka: {error}")
