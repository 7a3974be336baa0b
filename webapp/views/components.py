"""The design system, alive: every component in every state, and every error. Only beside the sandbox."""

from flask import Blueprint, Response, abort
from werkzeug.exceptions import NotFound

from webapp.views import page
from webapp.views.auth import Stale
from webapp.views.errors import SENTENCES

blueprint = Blueprint("components", __name__)


@blueprint.get("/components")
def index() -> Response:
    return page.render("page/components")


@blueprint.get("/components/errors/<int:code>")
def error(code: int) -> Response:
    if code not in SENTENCES:
        raise NotFound
    abort(code)


@blueprint.get("/components/errors/stale")
def stale() -> Response:
    raise Stale
