"""/bot<token>/<method>: Telegram's envelope around the methods."""

import json
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.faults import Fault
from sandbox.telegram.calls import Calls
from sandbox.telegram.errors import Refused, bad_request, forbidden
from sandbox.telegram.params import Params, Upload
from sandbox.telegram.telegram import Telegram

PREFIX = "/bot"


def method_path(path: str) -> str | None:
    """/bot<token>/sendMessage becomes /sendMessage; None when it is no Bot API call."""
    token, slash, method = path.removeprefix(PREFIX).partition("/")
    return f"/{method}" if path.startswith(PREFIX) and ":" in token and slash and method else None


def blueprint(telegram: Telegram, calls: Calls) -> Blueprint:
    routes = Blueprint("botapi", __name__)

    @routes.route("/bot<token>/<name>", methods=["GET", "POST"])
    def call(token: str, name: str) -> Response:
        if token != telegram.token:
            raise Refused(401, "Unauthorized")
        params = _params()
        calls.concerns(params.text("chat_id") or None)
        _play(request.environ.get("sandbox.fault"))
        return jsonify({"ok": True, "result": telegram.call(name, params)})

    @routes.errorhandler(Refused)
    def refused(refusal: Refused) -> tuple[Response, int]:
        return jsonify(refusal.body()), refusal.code

    return routes


def _play(fault: Fault | None) -> None:
    """The faults that are answers; those of the connection are played around the app."""
    if fault is None:
        return
    if fault.kind == "429":
        seconds = max(1, round(fault.after_s))
        raise Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
    if fault.kind == "502":
        raise Refused(502, "Bad Gateway")
    if fault.kind == "403":
        raise forbidden("bot was blocked by the user")


def _params() -> Params:
    values: dict[str, Any] = {**request.args.to_dict(), **request.form.to_dict()}
    if request.mimetype == "application/json":
        values |= _json_object(request.get_data())
    files = {
        name: Upload(file.filename or "file", file.read(), file.mimetype)
        for name, file in request.files.items()
    }
    return Params(values, files)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise bad_request("can't parse JSON object")
    return parsed
