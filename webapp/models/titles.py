"""How plans and orders are called in the language at hand."""

from webapp.base.i18n import area_name, data_size, days_text
from webapp.models import Order, Plan


def title(item: Plan | Order) -> str:
    """ "Türkiye, 3 GB, 30 days" in the language at hand."""
    return f"{place_name(item)}, {size(item)}, {days_text(item.days)}"


def place_name(item: Plan | Order) -> str:
    if isinstance(item, Order):
        return area_name(item.country_code, item.country_name)
    return area_name(item.area.code, item.area.name)


def size(item: Plan | Order) -> str:
    tier = f" {item.tier.capitalize()}" if item.tier else ""
    return data_size(item.data_mb) + tier
