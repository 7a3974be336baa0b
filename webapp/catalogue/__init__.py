"""What the shop sells: eSIM Go's catalogue as a cache, plans made of it, and their prices."""

from webapp.catalogue.areas import POPULAR, AreaCard, Reach, areas, coverage, covered, reach
from webapp.catalogue.comparing import (
    BEST_VALUE,
    CHEAPEST,
    Facts,
    FairUse,
    Instead,
    Rate,
    facts,
    fair_use,
    per_day,
    per_gb,
    regional_offer,
)
from webapp.catalogue.due import is_due, is_read_since, progress, request_news, request_sync
from webapp.catalogue.guard import NothingHeld, accept
from webapp.catalogue.lookalikes import LookAlikes, Place, taken_for
from webapp.catalogue.mapping import Size
from webapp.catalogue.plans import plan, plan_serving, plans_in, plans_of, regional_plans
from webapp.catalogue.pricing import (
    TELEGRAM_PAYS_USD,
    PricedBy,
    Rule,
    RuleRefused,
    fewest_stars,
    follow_settings,
    in_force,
    is_sold_below,
    preview,
    price,
    remove_rule,
    reprice,
    rule,
    rules,
    set_rule,
)
from webapp.catalogue.search import Found, Search
from webapp.catalogue.spelling import area_code, normal
from webapp.catalogue.state import State, state
from webapp.catalogue.substitutes import is_less, substitutes
from webapp.catalogue.syncing import sync
from webapp.models.titles import place_name, size, title

__all__ = [
    "BEST_VALUE",
    "CHEAPEST",
    "POPULAR",
    "TELEGRAM_PAYS_USD",
    "AreaCard",
    "Facts",
    "FairUse",
    "Found",
    "Instead",
    "LookAlikes",
    "NothingHeld",
    "Place",
    "PricedBy",
    "Rate",
    "Reach",
    "Rule",
    "RuleRefused",
    "Search",
    "Size",
    "State",
    "accept",
    "area_code",
    "areas",
    "coverage",
    "covered",
    "facts",
    "fair_use",
    "fewest_stars",
    "follow_settings",
    "in_force",
    "is_due",
    "is_less",
    "is_read_since",
    "is_sold_below",
    "normal",
    "per_day",
    "per_gb",
    "place_name",
    "plan",
    "plan_serving",
    "plans_in",
    "plans_of",
    "preview",
    "price",
    "progress",
    "reach",
    "regional_offer",
    "regional_plans",
    "remove_rule",
    "reprice",
    "request_news",
    "request_sync",
    "rule",
    "rules",
    "set_rule",
    "size",
    "state",
    "substitutes",
    "sync",
    "taken_for",
    "title",
]
