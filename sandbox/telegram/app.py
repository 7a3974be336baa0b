"""Wires the stand-in together."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from sandbox.faults import FaultBook, UnderFaults
from sandbox.server import CONTROL_PORT_DISTANCE
from sandbox.telegram import botapi, control, page
from sandbox.telegram.calls import Calls
from sandbox.telegram.methods import METHODS
from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import World

LARGEST_UPLOAD = 12_000_000


def create_app(
    *,
    token: str,
    app_url: str,
    esimgo_url: str = "",
    control_url: str = "",
    state: Path | None = None,
) -> Flask:
    """The WSGI app; its book of faults, which a SandboxServer needs, is `fault_book(app)`.

    app_url is the Mini App's first page. control_url "" lets the window use its own origin. Updates are
    carried to the webhook from now on, by threads that end with the process or with `courier.stop()`.
    """
    calls = Calls()
    telegram = Telegram(token, World(state), METHODS, calls.in_webhook_answer)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_UPLOAD
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the answers are read by people, too
    app.extensions["telegram"] = telegram
    settings = {
        "app_url": app_url,
        "control_url": control_url,
        "esimgo_control_url": control_origin(esimgo_url) if esimgo_url else "",
    }
    app.register_blueprint(botapi.blueprint(telegram, calls))
    app.register_blueprint(control.blueprint(telegram, calls))
    app.register_blueprint(page.blueprint(telegram, settings))
    app.wsgi_app = UnderFaults(app.wsgi_app, telegram.faults, calls, botapi.method_path)  # type: ignore[method-assign] # how Flask wraps WSGI
    telegram.courier.start()
    return app


def fault_book(app: Flask) -> FaultBook:
    telegram: Telegram = app.extensions["telegram"]
    return telegram.faults


def control_origin(url: str) -> str:
    """Where a sandbox at this URL keeps the control plane that outlives `down`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{(parts.port or 80) + CONTROL_PORT_DISTANCE}"
