"""Who is asking: Telegram's signed initData in `Authorization: tma <initData>`, on every personal request."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from webapp.base import clock, i18n
from webapp.clients.telegram import initdata
from webapp.customers import identity
from webapp.models import Customer
from webapp.views import page
from webapp.views.wiring import shop

View = Callable[..., Any]

SCHEME = WWWAuthenticate(initdata.SCHEME, {"realm": "telegram"})


class Stale(Unauthorized):
    """Rightly signed, but too old: the Mini App has to be opened again."""


def sender() -> initdata.InitData:
    """Whom Telegram vouches for in this request. Raises Unauthorized (or Stale)."""
    raw = initdata.init_data_from_header(request.headers.get("Authorization"))
    if raw is None:
        raise Unauthorized(www_authenticate=SCHEME)
    found = shop().initdata.check(raw, now=clock.now())
    if isinstance(found, initdata.Refusal):
        refusal = Stale if found is initdata.Refusal.STALE else Unauthorized
        raise refusal(www_authenticate=SCHEME)
    return found


def customer() -> Customer:
    """The customer who sent this request. Raises Unauthorized (or Stale)."""
    found = sender()
    default = shop().config.default_language
    person = identity.recognise(
        found.user_id, found.first_name, found.language_code, default, username=found.username
    )
    if asked := i18n.supported(request.args.get("lang")):
        identity.speak(person, asked, chosen=asked != i18n.supported(found.language_code))
    page.use_language(person.language)
    shop().limits.count_customer(person.telegram_user_id)
    g.customer = person
    return person


def personal(view: View) -> View:
    """A page about the customer. A plain GET (a reload, a button in the chat) carries no initData: it gets
    a shell without data, which loads the same address as a fragment.
    """

    @wraps(view)
    def guarded(**values: Any) -> Response | Any:
        if request.method == "GET" and not page.wants_fragment() and "Authorization" not in request.headers:
            return page.personal("page/shell")
        return view(customer=customer(), **values)

    return guarded
