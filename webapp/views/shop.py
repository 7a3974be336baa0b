"""The shop window: areas and plans. Public: nothing personal, the same for everybody."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webapp import catalogue
from webapp.models import Area
from webapp.views import page

blueprint = Blueprint("shop", __name__)


@blueprint.get("/")
def index() -> Response:
    query = request.args.get("q", "")[:64].strip()
    cards = catalogue.areas()
    found = catalogue.look(cards, query)
    by_code = {card.code: card for card in cards}
    return page.render(
        "shop/list",
        query=query,
        found=found.cards,
        unsold=found.unsold,
        nearby=found.nearby,
        popular=[by_code[code] for code in catalogue.POPULAR if code in by_code],
        countries=[card for card in cards if card.is_country],
        regions=[card for card in cards if not card.is_country],
    )


@blueprint.get("/shop/<code>")
def area(code: str) -> Response:
    found = Area.get_or_none(Area.code == code)
    if found is None:
        raise NotFound
    return page.render(
        "shop/area",
        area=found,
        plans=catalogue.plans_of(found),
        regional=catalogue.regional_plans(found) if found.is_country else [],
    )
