"""Terms and privacy: our text about this kind of shop, with the merchant's facts in it. Public."""

from flask import Blueprint, Response

from webapp.base import legal
from webapp.views import page
from webapp.views.wiring import shop

blueprint = Blueprint("legal", __name__)


@blueprint.get("/terms")
def terms() -> Response:
    return page.render("legal/terms", seller=legal.seller(shop().config))


@blueprint.get("/privacy")
def privacy() -> Response:
    return page.render("legal/privacy", seller=legal.seller(shop().config))
