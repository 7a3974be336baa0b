"""My eSIMs, the one in use, and one by one."""

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from webapp import esims, orders, topups
from webapp.models import Customer, Esim
from webapp.views import page
from webapp.views.auth import personal

blueprint = Blueprint("esims", __name__)


@blueprint.get("/esims")
@personal
def mine(customer: Customer) -> Response:
    cards = esims.cards(customer)
    bought = orders.of_customer(customer)
    return page.polled(
        page.personal("esims/list", cards=cards, purchases=bought, installing=esims.is_installing)
    )


@blueprint.get("/esims/current")
@personal
def current(customer: Customer) -> Response:
    esim = esims.current(customer)
    assignment = esim and esims.assignment_of(esim)
    return page.polled(page.personal("esims/current", esim=esim, assignment=assignment))


@blueprint.get("/esims/<reference>")
@personal
def show(reference: str, customer: Customer) -> Response:
    esim = own(customer, reference)
    return page.polled(page.personal("esims/show", esim=esim, assignment=esims.assignment_of(esim)))


@blueprint.get("/esims/<reference>/topup")
@personal
def topup(reference: str, customer: Customer) -> Response:
    esim = own(customer, reference)
    return page.polled(page.personal("esims/topup", esim=esim, offers=topups.offers(esim)))


def own(customer: Customer, reference: str) -> Esim:
    """The customer's eSIM. Raises NotFound for anybody else's, as for one that does not exist."""
    esim = esims.find(customer, reference)
    if esim is None:
        raise NotFound
    return esim
