"""JSON as it goes out: the public kind may be kept and is checked by its tag, the personal kind is not."""

from flask import Response, request
from pydantic import BaseModel

from webapp.views import page


def public(text: str) -> Response:
    """200, or 304 for who has this very text already."""
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = page.PUBLIC
    response.add_etag()
    response.make_conditional(request)
    return response


def personal(answer: BaseModel, status: int = 200) -> Response:
    response = Response(answer.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = page.PERSONAL
    return response
