"""A poll that finds nothing new costs a look at a few columns: no models, no template, no body (hx-ptag)."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, make_response, request

from webapp.base import clock
from webapp.views import delivery, page
from webapp.views.auth import sender
from webapp.views.shelf import Kept
from webapp.views.wiring import shop

View = Callable[..., Any]

A_MINUTE = 60
"""What changes with time alone (an offer to pay that ends) is shown a minute late at most."""


def unless_unchanged(glance: Callable[..., Any]) -> Callable[[View], View]:
    """For a personal view. `glance`: everything that it shows of the database; nothing where the view is to
    say what is wrong. It is looked at before the page is made, so what changes meanwhile is seen next time.
    """

    def guarding(view: View) -> View:
        @wraps(view)
        def answer(**values: Any) -> Response:
            if "Authorization" not in request.headers or not page.wants_fragment():
                return make_response(view(**values))
            shown = glance(**values)
            tag = _tag(shown)
            known = shop().polled.find(None, (tag, delivery.wanted())) if shown else None
            if known is None:
                return _made(make_response(view(**values)), tag)
            shop().limits.count_customer(sender().user_id)
            return page.unchanged(tag) if request.headers.get("HX-PTag") == tag else known.again()

        return answer

    return guarding


def _made(response: Response, tag: str) -> Response:
    """Kept for who asks without the tag: a page that is opened again, a second phone."""
    if response.status_code == 200:
        response.headers["HX-PTag"] = tag
        response = delivery.compress(response)
        shop().polled.keep(None, (tag, delivery.wanted()), Kept.of(response))
    return response


def _tag(shown: Any) -> str:
    """Of all that the page is made of: whose it is, rows, the state of the shop, language, phone and time."""
    asked = request.args.get("lang"), sender().language_code, page.this_phone()
    state = shop().lately.state()
    made_of = request.path, sender().user_id, shown, state.outages, asked, int(clock.timestamp() // A_MINUTE)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
