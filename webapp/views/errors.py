"""Every error as a sentence and a way on; for the JSON API as {"error": {"code", "message"}}."""

import logging

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    BadHost,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)

from webapp.base.i18n import N_
from webapp.base.i18n import gettext as _
from webapp.base.logs import request_id
from webapp.models import db
from webapp.views import page
from webapp.views.auth import Stale

log = logging.getLogger(__name__)

SENTENCES = {
    400: N_("This request could not be understood."),
    401: N_("Please open the shop from Telegram: it tells us who you are."),
    404: N_("There is nothing here. It may have been sold out or moved."),
    405: N_("This cannot be done here."),
    429: N_("That was very fast. Please wait a minute and try again."),
    413: N_("That was too much at once."),
    500: N_("Something went wrong on our side. Please try again in a moment."),
    503: N_("We can't save anything right now, so nothing is charged. Please try again in a minute."),
}
CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many_requests",
    500: "internal_server_error",
    503: "unavailable",
}
A_MINUTE_S = 60
STALE = N_("You have been away for a while. Please close the shop and open it again.")


class ApiError(Exception):
    """An answer of the JSON API that is not a success; `code` is stable, `message` is for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def register(app: Flask) -> None:
    @app.before_request
    def readable() -> None:
        """Nothing is called so, and PostgreSQL takes no NUL in a text."""
        if "\0" in request.path:
            raise NotFound

    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> ResponseReturnValue:
        return answer(error)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> ResponseReturnValue:
        if trouble := db.trouble(error):
            log.error("the database is %s: %s", trouble, error)
            return answer(ServiceUnavailable(retry_after=A_MINUTE_S))
        log.exception("unforeseen error", exc_info=error)
        return answer(InternalServerError())

    @app.errorhandler(ApiError)
    def api_error(error: ApiError) -> ResponseReturnValue:
        return as_json(error.status, error.code, error.message)


def answer(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    status = error.code or 500
    known = status if status in CODES else status // 100 * 100
    sentence = _(STALE) if isinstance(error, Stale) else _(SENTENCES[known])
    if request.path.startswith("/api/"):
        code = "stale" if isinstance(error, Stale) else CODES[known]
        return _with_way_on(as_json(status, code, sentence), error)
    if isinstance(error, BadHost):
        return Response(sentence, status, mimetype="text/plain")  # without a host no page can have links
    about = {"code": known, "sentence": sentence, "stale": isinstance(error, Stale), "broken": status >= 500}
    shown = page.personal("page/error", status=status, request_id=request_id.get(), **about)
    return _with_way_on(shown, error)


def as_json(status: int, code: str, message: str) -> Response:
    response = jsonify(error={"code": code, "message": message})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _with_way_on(response: Response, error: HTTPException) -> Response:
    """What the error itself knows: the methods that would do (Allow), when to come back (Retry-After)."""
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response
