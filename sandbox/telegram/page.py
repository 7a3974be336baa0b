"""The window: a phone with the Mini App in it, the bot's chat beside it, and bridge.js for the Mini App."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, send_from_directory

from sandbox.telegram.telegram import Telegram
from sandbox.telegram.world import DEMO_USERS

FILES = Path(__file__).parent / "window"


def blueprint(telegram: Telegram, settings: dict[str, Any]) -> Blueprint:
    """settings: app_url, control_url and esimgo_control_url, each an origin; "" is the page's own."""
    routes = Blueprint("window", __name__)
    routes.after_request(_always_fresh)

    @routes.get("/")
    def window() -> Response:
        return send_from_directory(FILES, "index.html")

    @routes.get("/window/<path:name>")
    def file(name: str) -> Response:
        return send_from_directory(FILES, name)

    @routes.get("/bridge.js")
    def bridge() -> Response:
        return send_from_directory(FILES, "bridge.js")

    @routes.get("/window/settings.json")
    def told() -> Response:
        return jsonify({**settings, "bot": telegram.bot, "users": DEMO_USERS})

    return routes


def _always_fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    return response
