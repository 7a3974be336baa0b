"""For supervisors and load balancers."""

from flask import Blueprint, Response, jsonify
from peewee import PeeweeException

from webapp.models import db
from webapp.state import leases
from webapp.views.wiring import shop

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """200 when orders can be taken and served: database there, migrations applied, scheduler seen lately."""
    try:
        migrated = not db.pending_migrations()
        checks = {
            "database": True,
            "migrations": migrated,
            "scheduler": migrated and leases.seen_within(2 * shop().config.lease_s),
        }
    except PeeweeException:
        checks = {"database": False, "migrations": False, "scheduler": False}
    return jsonify(checks), 200 if all(checks.values()) else 503
