"""For supervisors and load balancers."""

from flask import Blueprint, Response, jsonify

from webapp.views.wiring import shop

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 when orders can be taken and served; else 503, and what has not worked for 10 s is false. The
    database is not asked here: a thread tries (webapp/operations/readiness.py).
    """
    parts = shop().readiness.parts()
    return jsonify(parts), 200 if all(parts.values()) else 503
