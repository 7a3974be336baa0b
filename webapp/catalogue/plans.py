"""The plans of the shop, as its pages read them.

A plan that is served by something better than itself is not shown: the plan of that bundle costs the same and
says more. By its id it can still be bought, so that links and open pages stay good.
"""

from typing import Any

from peewee import Expression, fn

from webapp.catalogue.spelling import area_code
from webapp.models import Area, Bundle, BundleArea, Plan

MOST_REGIONAL = 40


def plan(plan_id: str) -> Plan | None:
    """A plan that can be bought now, with its bundle and area as of the same moment."""
    found: Plan | None = _whole().where(Plan.plan_id == plan_id, Plan.available).first()
    return found


def plan_serving(bundle_name: str) -> Plan | None:
    """The plan that this bundle serves now, its own before lesser ones; its name is case-sensitive."""
    serving = _whole().where(Bundle.name == bundle_name, Plan.available)
    found: Plan | None = serving.order_by(_is_better(), Plan.id).first()
    return found


def plans_of(area: Area) -> list[Plan]:
    """The area's own plans: by data and price, unlimited ones last."""
    query = Plan.select(Plan, Bundle).join(Bundle).where(Plan.area == area, is_shown())
    return list(query.order_by(Plan.plan_type, Plan.data_mb, Plan.stars))


def regional_plans(area: Area) -> list[Plan]:
    """Plans of regions that cover this country too, the cheapest first; at most 40."""
    covering = BundleArea.select(BundleArea.bundle).where(
        BundleArea.area == area, BundleArea.role == "roaming"
    )
    query = _whole()
    here = is_shown() & ~Area.is_country & Plan.bundle.in_(covering)
    return list(query.where(here, Plan.area != area).order_by(Plan.stars, Plan.id).limit(MOST_REGIONAL))


def plans_in(country: str | None) -> list[Plan]:
    """Plans for the JSON API: all, or those that work in one area, given by its code or ISO code."""
    query = _whole().where(is_shown())
    query = query.order_by(Plan.area, Plan.plan_type, Plan.data_mb, Plan.stars)
    if country is None:
        return list(query)
    area = Area.get_or_none(Area.code == area_code(country))
    return [] if area is None else [*query.where(Plan.area == area), *regional_plans(area)]


def _whole() -> Any:
    return Plan.select(Plan, Bundle, Area).join(Bundle).switch(Plan).join(Area)


def is_shown() -> Expression:
    """For queries that join plans with their bundles."""
    shown: Expression = Plan.available & ~_is_better()
    return shown


def _is_better() -> Any:
    """Is the bundle more than its plan says? Both have no amount of data when they are unlimited."""
    data, promised = fn.COALESCE(Bundle.data_mb, 0), fn.COALESCE(Plan.data_mb, 0)
    return (data > promised) | (Bundle.duration_days > Plan.days) | (Bundle.tier != Plan.tier)
