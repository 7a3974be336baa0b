"""The shop window: areas and plans. Public: nothing personal, the same for everybody; but for what the
customer has bought lately, which is a fragment of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from webapp import catalogue, orders
from webapp.models import Area, Customer, Plan
from webapp.views import page
from webapp.views.auth import personal
from webapp.views.caching import cached_page
from webapp.views.wiring import shop

blueprint = Blueprint("shop", __name__)

FIRST_ROWS = 40
"""Countries that come with the page; the rest on demand."""
TIERS = ("", "lite", "essential", "plus")


@dataclass(frozen=True)
class TierGroup:
    """Plans that differ in size only. `fair_use`: how unlimited ones of this tier stay usable."""

    tier: str
    fair_use: catalogue.FairUse | None
    plans: list[Plan]


@blueprint.get("/")
@cached_page("shop")
def index() -> Response:
    query = request.args.get("q", "")[:64].strip()
    cards = catalogue.areas()
    if query:
        return page.render("shop/list", query=query, found=shop().search.look(cards, query))
    by_code = {card.code: card for card in cards}
    countries = [card for card in cards if card.is_country]
    return page.render(
        "shop/list",
        query="",
        popular=[by_code[code] for code in catalogue.POPULAR if code in by_code],
        countries=countries[:FIRST_ROWS],
        more=len(countries[FIRST_ROWS:]),
        regions=[card for card in cards if not card.is_country],
    )


@blueprint.get("/countries")
@cached_page("")
def countries() -> Response:
    """All of them: the rest of the shop's list, on demand."""
    return page.render("shop/countries", countries=[card for card in catalogue.areas() if card.is_country])


@blueprint.get("/recent")
@personal
def recent(customer: Customer) -> Response:
    return page.personal("shop/recent", plans=orders.recent(customer), known=True)


@blueprint.get("/shop/<code>")
@cached_page("area")
def area(code: str) -> Response:
    found = Area.get_or_none(Area.code == code)
    if found is None:
        raise NotFound
    plans = catalogue.plans_of(found)
    regional = catalogue.regional_plans(found) if found.is_country else []
    return page.render(
        "shop/area",
        area=found,
        standard=[plan for plan in plans if plan.plan_type == "standard"],
        unlimited=_tier_groups(plan for plan in plans if plan.plan_type == "unlimited"),
        facts=catalogue.facts(plans),
        reach=catalogue.reach(found),
        offer=catalogue.regional_offer(plans, regional),
        regions=_cheapest_of_each(regional),
    )


def _tier_groups(plans: Iterable[Plan]) -> list[TierGroup]:
    """By tier, the slowest first; one that we do not know goes last."""
    by_tier: dict[str, list[Plan]] = {}
    for plan in sorted(plans, key=lambda plan: (plan.days, plan.stars)):
        by_tier.setdefault(plan.tier, []).append(plan)
    order = sorted(by_tier, key=lambda tier: (TIERS.index(tier) if tier in TIERS else len(TIERS), tier))
    return [TierGroup(tier, catalogue.fair_use(by_tier[tier][0]), by_tier[tier]) for tier in order]


def _cheapest_of_each(regional: Iterable[Plan]) -> list[Plan]:
    """One plan of each region: they come with the cheapest first."""
    first: dict[str, Plan] = {}
    for plan in regional:
        first.setdefault(plan.area.code, plan)
    return list(first.values())
