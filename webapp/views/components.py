"""The design system, alive: every component in every state. Only beside the sandbox."""

from flask import Blueprint, Response

from webapp.views import page

blueprint = Blueprint("components", __name__)


@blueprint.get("/components")
def index() -> Response:
    return page.render("page/components")
