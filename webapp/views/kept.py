"""Public pages are made once, and handed out until something on them has changed.

A page is the same for everybody who asks for it in one language, form and encoding. What it shows besides its
address is the catalogue and the notice of what does not work: one statement tells whether that is still so.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any

from flask import Response, make_response, request

from webapp.base import i18n
from webapp.state.outages import State
from webapp.views import delivery, page
from webapp.views.shelf import Kept
from webapp.views.wiring import shop

View = Callable[..., Any]


def kept(step: str, *besides: Callable[[], Hashable]) -> Callable[[View], View]:
    """For a public view. `step`: what the funnel counts, "" for nothing; `besides`: what else it looks at."""

    def keeping(view: View) -> View:
        @wraps(view)
        def answer(**values: Any) -> Response:
            if request.args.keys() - {"lang"}:
                return make_response(view(**values))
            state = shop().lately.state()
            key = (*_asked_for(), *(look() for look in besides))
            found = shop().shelf.find(state, key)
            response = found.again() if found else _made(view, values, state, key)
            if step and response.status_code == 200:
                shop().funnel.count(step)
            return response

        return answer

    return keeping


def _asked_for() -> tuple[Hashable, ...]:
    form = page.wants_fragment(), page.is_swapped()
    return request.path, "lang" in request.args, i18n.language(), form, delivery.wanted()


def _made(view: View, values: dict[str, Any], state: State, key: Hashable) -> Response:
    """Before the first catalogue there is no generation that could change."""
    response = make_response(view(**values))
    if response.status_code == 200 and state.generation:
        response.add_etag(weak=True)
        response = delivery.compress(response)
        shop().shelf.keep(state, key, Kept.of(response))
    return response
