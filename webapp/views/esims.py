"""My eSIMs, the one in use, and one by one."""

from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from webapp import esims, orders
from webapp.base import clock
from webapp.models import Customer, Esim
from webapp.orders import topups
from webapp.views import charts, page
from webapp.views.auth import personal

blueprint = Blueprint("esims", __name__)


@blueprint.get("/esims")
@personal
def mine(customer: Customer) -> Response:
    cards = esims.cards(customer)
    bought = orders.of_customer(customer)
    return page.with_etag(
        page.personal(
            "esims/list",
            cards=[card for card in cards if not esims.is_past(*card)],
            past=[card for card in cards if esims.is_past(*card)],
            purchases=bought,
            installing=esims.is_installing,
        )
    )


@blueprint.get("/esims/current")
@personal
def current(customer: Customer) -> Response:
    esim = esims.current(customer)
    return page.with_etag(page.personal("esims/current", **(view_of(esim) if esim else {"esim": None})))


@blueprint.get("/esims/<reference>")
@personal
def show(reference: str, customer: Customer) -> Response:
    return page.with_etag(page.personal("esims/show", **view_of(own(customer, reference))))


@blueprint.get("/esims/<reference>/topup")
@personal
def topup(reference: str, customer: Customer) -> Response:
    esim = own(customer, reference)
    return page.with_etag(page.personal("esims/topup", esim=esim, offers=topups.offers(esim)))


def own(customer: Customer, reference: str) -> Esim:
    """The customer's eSIM. Raises NotFound for anybody else's, as for one that does not exist."""
    esim = esims.find(customer, reference)
    if esim is None:
        raise NotFound
    return esim


def view_of(esim: Esim) -> dict[str, Any]:
    """What the page of one eSIM needs: the plan that counts now, and how its data goes."""
    plan = esims.assignment_of(esim)
    now, points = clock.now(), esims.usage_of(plan) if plan else []
    return {
        "esim": esim,
        "assignment": plan,
        "is_past": esims.is_past(esim, plan),
        "forecast": esims.forecast(plan, points, now) if plan else None,
        "chart": charts.of_days(esims.days(plan, points, now)) if plan else None,
    }
