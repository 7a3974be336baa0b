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
from webapp.catalogue.due import is_due, progress, request_sync
from webapp.catalogue.guard import NothingHeld, accept
from webapp.catalogue.lookalikes import LookAlikes, Place, taken_for
from webapp.catalogue.plans import plan, plan_serving, plans_in, plans_of, regional_plans
from webapp.catalogue.pricing import (
    TELEGRAM_PAYS_USD,
    PricedBy,
    Rule,
    RuleRefused,
    follow_settings,
    in_force,
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
    "State",
    "accept",
    "area_code",
    "areas",
    "coverage",
    "covered",
    "facts",
    "fair_use",
    "follow_settings",
    "in_force",
    "is_due",
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
    "request_sync",
    "rule",
    "rules",
    "set_rule",
    "size",
    "state",
    "sync",
    "taken_for",
    "title",
]
