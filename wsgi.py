"""Entry point of any WSGI server: `granian --interface wsgi wsgi:app`.

`python wsgi.py` starts one as the settings say: the web process of the Procfile and of deploy/.
"""

import atexit
import os
import sys

from flask import Flask

from webapp import create_app
from webapp.base import env_file, metrics
from webapp.base.config import Config, ConfigError
from webapp.operations import beginning, watchdog
from webapp.views import measuring

SERVER = ("--interface", "wsgi", "--host", "127.0.0.1", "--workers", "1", "--blocking-threads", "16")
STOPS_IN_S = 3


def serve(config: Config) -> None:
    """Become the server: this process, with another program in it. Comes back only by an exception."""
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # without it 16 threads keep what they have once needed
    stop = ("--workers-kill-timeout", str(STOPS_IN_S))
    port = ("--port", str(config.port))
    command = [sys.executable, "-m", "granian", *SERVER, *port, *stop, "--no-access-log", "wsgi:app"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def begin_serving(app: Flask, config: Config) -> None:
    shop = app.extensions["shop"]
    beginning.begin("web", config)
    shop.search.prepare()
    atexit.register(shop.funnel.write_down)
    watchdog.begin(config)
    if config.metrics_port is not None:
        metrics.listen(config.metrics_port, measuring.REGISTRY)


try:
    config = Config.read()
    if __name__ == "__main__":
        serve(config)
    app = create_app(config)
    if not env_file.is_flask_command():
        begin_serving(app, config)
except ConfigError as error:
    sys.exit(f"simka: {error}")
