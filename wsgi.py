"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`."""

import sys

from webapp import create_app
from webapp.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(f"simka: {error}")
