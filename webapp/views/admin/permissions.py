"""Who may come in: those of ADMIN_TELEGRAM_IDS, known by Telegram's signed initData like everybody."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from webapp.models import Customer
from webapp.views.auth import personal
from webapp.views.wiring import shop

View = Callable[..., Any]

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def is_admin(customer: Customer) -> bool:
    return customer.telegram_user_id in shop().config.admin_telegram_ids


def admin(view: View) -> View:
    """A page for those who run the shop; NotFound for others, as for an address that does not exist."""

    @wraps(view)
    @personal
    def guarded(customer: Customer, **values: Any) -> Any:
        if not is_admin(customer):
            raise NotFound
        return view(admin=customer, **values)

    return guarded
