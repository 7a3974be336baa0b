"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`."""

import sys

from webapp import create_app
from webapp.catalogue import gazetteer
from webapp.config import ConfigError

try:
    app = create_app()
    gazetteer.terms()  # takes a quarter of a second, which no search should wait for
except ConfigError as error:
    sys.exit(f"simka: {error}")
