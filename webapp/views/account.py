"""The customer's own page: language, messages, e-mail, papers, and being forgotten."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from webapp import orders
from webapp.base import i18n, support_link
from webapp.base.i18n import gettext as _
from webapp.books import purchases
from webapp.customers import account, identity
from webapp.models import Customer
from webapp.views import page
from webapp.views.admin import is_admin
from webapp.views.auth import personal
from webapp.views.flash import Flash, sent_to_chat
from webapp.views.orders import own
from webapp.views.wiring import shop

blueprint = Blueprint("account", __name__)


@blueprint.get("/account")
@personal
def show(customer: Customer) -> Response:
    return page.personal("account/show", **_view_of(customer))


@blueprint.post("/account")
@personal
def change(customer: Customer) -> Response:
    action = _ACTIONS.get(request.form.get("do", ""))
    if action is None:
        raise BadRequest
    flash = action(customer)
    if action is _messages:  # a switch is already where it was put: only say so
        return page.personal("account/saved", flash=flash)
    response = page.personal("account/show", flash=flash, **_view_of(customer))
    if action is _language:  # the frame around the page speaks too
        response.headers["HX-Redirect"] = page.link("account.show")
    return response


@blueprint.get("/account/delete")
@personal
def ask_to_delete(customer: Customer) -> Response:
    return page.personal("account/delete", obstacle=account.obstacle(customer))


@blueprint.post("/account/delete")
@personal
def delete(customer: Customer) -> Response:
    """`sure` says that they have read what goes and what stays; without it they are asked again."""
    if request.form.get("sure") != "yes" or not account.forget(customer):
        return page.personal("account/delete", obstacle=account.obstacle(customer))
    return page.personal("account/deleted")


@blueprint.route("/unsubscribe/<key>", methods=["GET", "POST"])
def unsubscribe(key: str) -> Response:
    """From an e-mail: the address itself is the key, and all it opens is the end of e-mails. Mail programs
    POST by themselves (RFC 8058); a person who follows the link is asked, for scanners follow links too.
    """
    done = request.method == "POST" and account.stop_copies(key)
    return page.personal("account/unsubscribe", key=key, done=done)


def _view_of(customer: Customer) -> dict[str, Any]:
    config = shop().config
    bought = purchases.of_customer(customer, limit=20)
    return {
        "customer": customer,
        "runs_the_shop": is_admin(customer),
        "switches": account.switches(customer),
        "address": account.address_of(customer),
        "has_mail": config.smtp_url is not None,
        "bought": bought,
        "returnable": orders.returnable(customer, config),
        "support_link": support_link.link(config),
        "support_of": lambda order: support_link.link(config, order.reference),
        "longest_address": account.LONGEST,
    }


# --- actions


def _language(customer: Customer) -> None:
    code = i18n.supported(request.form.get("language"))
    if code is None:
        raise BadRequest
    identity.speak(customer, code, chosen=True)
    page.use_language(code)


def _messages(customer: Customer) -> Flash:
    account.set_switches(customer, request.form.getlist("on"))
    return Flash(_("Saved."))


def _email(customer: Customer) -> Flash:
    if shop().config.smtp_url is None:
        raise BadRequest
    wrong = account.propose(customer, request.form.get("address", ""))
    if wrong == "address":
        return Flash(_("This does not look like an e-mail address. Please check it."), is_problem=True)
    if wrong == "too many":
        return Flash(_("That was enough codes for today. Please try again tomorrow."), is_problem=True)
    return Flash(_("We have sent you a code. Please enter it here."))


def _code(customer: Customer) -> Flash:
    if account.confirm(customer, request.form.get("code", "")):
        return Flash(_("Confirmed. Copies go to this address from now on."))
    return Flash(_("This is not the code, or it is too old. Please try again."), is_problem=True)


def _copies(customer: Customer) -> Flash:
    account.want_copies(customer, request.form.get("wanted") == "yes")
    return Flash(_("Saved."))


def _no_email(customer: Customer) -> Flash:
    account.remove(customer)
    return Flash(_("The address is deleted."))


def _receipt(customer: Customer) -> Flash:
    if not account.ask_for_receipt(customer, own(customer, request.form.get("order", ""))):
        raise BadRequest
    return sent_to_chat(customer)


def _history(customer: Customer) -> Flash:
    if not account.ask_for_history(customer):
        raise BadRequest
    return sent_to_chat(customer)


_ACTIONS: dict[str, Callable[[Customer], Flash | None]] = {
    "language": _language,
    "messages": _messages,
    "email": _email,
    "code": _code,
    "copies": _copies,
    "no_email": _no_email,
    "receipt": _receipt,
    "history": _history,
}
