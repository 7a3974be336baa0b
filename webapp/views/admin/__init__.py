"""The shop for those who run it (ADMIN_TELEGRAM_IDS). For everybody else there is nothing here."""

from webapp.views.admin import checkup, log, orders, overview, prices, sales, stars, switches
from webapp.views.admin.permissions import blueprint, is_admin

__all__ = [
    "blueprint",
    "checkup",
    "is_admin",
    "log",
    "orders",
    "overview",
    "prices",
    "sales",
    "stars",
    "switches",
]
