"""Who has done what."""

from flask import Response

from webapp.models import Customer
from webapp.operations import admin as deeds
from webapp.views import page
from webapp.views.admin.door import admin, blueprint


@blueprint.get("/log")
@admin
def log(admin: Customer) -> Response:
    return page.personal("admin/log", events=deeds.lately())
