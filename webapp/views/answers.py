"""JSON as it goes out: the public kind may be kept and is checked by its tag, the personal kind is not."""

from flask import Response
from pydantic import BaseModel

from webapp.views.delivery import PERSONAL, PUBLIC


def public(text: str) -> Response:
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = PUBLIC
    return response


def personal(answer: BaseModel, status: int = 200) -> Response:
    response = Response(answer.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = PERSONAL
    return response
