"""Public pages are made once per state of the shop; personal polls that find nothing new have no body.

A public page is the same for everybody who asks for it in one language, form and encoding. Besides its
address it shows the catalogue and the notice of what does not work: one statement tells whether that has
changed.
"""

import hashlib
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any

from flask import Response, make_response, request

from webapp.base import clock, i18n
from webapp.state.outages import State
from webapp.views import delivery, page
from webapp.views.auth import sender
from webapp.views.response_cache import CachedResponse
from webapp.views.wiring import shop

View = Callable[..., Any]

A_MINUTE = 60
"""A page that is handed out again has links that were signed a minute ago at most (downloads.py)."""


# --- public pages


def cached_page(step: str, *besides: Callable[[], Hashable]) -> Callable[[View], View]:
    """For a public view. `step`: what the funnel counts, "" for nothing; `besides`: what else it shows."""

    def caching(view: View) -> View:
        @wraps(view)
        def answer(**values: Any) -> Response:
            if request.args.keys() - {"lang"}:
                return make_response(view(**values))
            state = shop().state.get()
            key = (*_asked_for(), *(look() for look in besides))
            found = shop().pages.get(state, key)
            response = found.response() if found else _page(view, values, state, key)
            if step and response.status_code == 200:
                shop().funnel.count(step)
            return response

        return answer

    return caching


def _asked_for() -> tuple[Hashable, ...]:
    form = page.wants_fragment(), page.is_swapped()
    return request.path, "lang" in request.args, i18n.language(), form, delivery.wanted()


def _page(view: View, values: dict[str, Any], state: State, key: Hashable) -> Response:
    """Before the first catalogue there is no generation that could change, so nothing is cached."""
    response = make_response(view(**values))
    if response.status_code == 200 and state.generation:
        response.add_etag(weak=True)
        response = delivery.compress(response)
        shop().pages.put(state, key, CachedResponse.of(response))
    return response


# --- personal polls


def etag_poll(glance: Callable[..., Any]) -> Callable[[View], View]:
    """For a personal view. `glance`: all that it shows of the database, by now, in a few columns without
    models; nothing where the view is to say what is wrong. It is read before the page is made: a change in
    between is seen next time. The tag travels as htmx 4's hx-ptag.
    """

    def guarding(view: View) -> View:
        @wraps(view)
        def answer(**values: Any) -> Response:
            if "Authorization" not in request.headers or not page.wants_fragment():
                return make_response(view(**values))
            shown = glance(**values)
            tag = _tag(shown)
            known = shop().polls.get(None, (tag, delivery.wanted())) if shown else None
            if known is None:
                return _poll(make_response(view(**values)), tag)
            shop().limits.count_customer(sender().user_id)
            return page.unchanged(tag) if request.headers.get("HX-PTag") == tag else known.response()

        return answer

    return guarding


def _poll(response: Response, tag: str) -> Response:
    """Cached for requests without the tag: a page that is opened again, a second phone."""
    if response.status_code == 200:
        response.headers["HX-PTag"] = tag
        response = delivery.compress(response)
        shop().polls.put(None, (tag, delivery.wanted()), CachedResponse.of(response))
    return response


def _tag(shown: Any) -> str:
    """Of all that the page is made of: whose it is, rows, the state of the shop, language, phone and time."""
    asked = request.args.get("lang"), sender().language_code, page.this_phone()
    state = shop().state.get()
    made_of = request.path, sender().user_id, shown, state.outages, asked, int(clock.timestamp() // A_MINUTE)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
