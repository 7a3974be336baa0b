"""Who has done what."""

from flask import Response

from webapp.models import Customer
from webapp.operations import admin as actions
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint


@blueprint.get("/log")
@admin
def log(admin: Customer) -> Response:
    return page.personal("admin/log", events=actions.latest_events())
