"""What `make doctor` tells, on a page: what is set up wrong, and what helps."""

from flask import Response

from webapp.models import Customer, JobRequest
from webapp.operations import admin as actions
from webapp.operations import doctor
from webapp.views import page
from webapp.views.admin.permissions import admin, blueprint
from webapp.views.wiring import shop


@blueprint.get("/check")
@admin
def check(admin: Customer) -> Response:
    return page.with_etag(_shown())


@blueprint.post("/check")
@admin
def check_external(admin: Customer) -> Response:
    """The jobs process looks at what only others can tell; the page asks again until it has."""
    actions.enqueue(doctor.JOB)
    return _shown()


def _shown() -> Response:
    outside = doctor.last_report()
    this = (JobRequest.name == doctor.JOB) & JobRequest.result.in_(("", "running"))
    return page.personal(
        "admin/check",
        here=[doctor.worded(found) for found in doctor.check_local(shop().config)],
        outside=None if outside is None else [doctor.worded(found) for found in outside.findings],
        looked_at=None if outside is None else outside.at,
        looking=JobRequest.select().where(this).exists(),
    )
