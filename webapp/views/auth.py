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
from webapp.models import Customer, db
from webapp.state import incidents, shop_time
from webapp.views import page
from webapp.views.wiring import shop

View = Callable[..., Any]

WRONG_TIME = (initdata.Refusal.EARLY, initdata.Refusal.STALE)
SCHEME = WWWAuthenticate(initdata.SCHEME, {"realm": "telegram"})


class Stale(Unauthorized):
    """Rightly signed, but too old: the Mini App has to be opened again."""


def sender() -> initdata.InitData:
    """Whom Telegram vouches for in this request. Raises Unauthorized (or Stale)."""
    raw = initdata.init_data_from_header(request.headers.get("Authorization"))
    if raw is None:
        raise Unauthorized(www_authenticate=SCHEME)
    found = shop().initdata.check(raw, now=clock.now())
    if found in WRONG_TIME:  # perhaps by ours: it may have been corrected since anybody here asked
        shop_time.follow()
        found = shop().initdata.check(raw, now=clock.now())
    if isinstance(found, initdata.Refusal):
        if found is initdata.Refusal.EARLY:
            db.note(_tell_of_the_clock)  # a page waits for no write
        refusal = Stale if found is initdata.Refusal.STALE else Unauthorized
        raise refusal(www_authenticate=SCHEME)
    return found


def _tell_of_the_clock() -> None:
    incidents.open("clock_wrong", detail="Telegram has signed what is in the future by our clock")


def customer() -> Customer:
    """The customer who sent this request. Raises Unauthorized (or Stale)."""
    found = sender()
    default = shop().config.default_language
    who, username = (found.user_id, found.first_name, found.language_code, default), found.username
    asked = i18n.supported(request.args.get("lang"))
    if request.method in {"GET", "HEAD"}:
        person = identity.visitor(*who, asked, username=username)
    else:
        person = identity.recognise(*who, username=username)
        if asked:
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
