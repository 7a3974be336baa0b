"""What a person should look at: one row for each thing, open until it is over."""

import logging

from webapp.base import clock
from webapp.models import Incident

log = logging.getLogger(__name__)


def open(kind: str, subject: str = "", detail: str = "") -> None:
    """Open the incident, or note that it goes on. One that was closed is opened again and alerted anew."""
    now = clock.now()
    this = (Incident.kind == kind) & (Incident.subject == subject)
    new = Incident.insert(kind=kind, subject=subject, detail=detail, opened_at=now, seen_at=now)
    if not new.on_conflict_ignore().as_rowcount().execute():
        again = {"opened_at": now, "closed_at": None, "told_at": None}
        if not Incident.update(again).where(this, Incident.closed_at.is_null(False)).execute():
            Incident.update(seen_at=now, detail=detail).where(this).execute()
            return
        Incident.update(seen_at=now, detail=detail).where(this).execute()
    log.error("incident opened: %s %s", kind, detail, extra={"subject": subject})


def close(kind: str, subject: str = "") -> None:
    """Close it where it is open."""
    Incident.update(closed_at=clock.now()).where(
        Incident.kind == kind, Incident.subject == subject, Incident.closed_at.is_null()
    ).execute()


def open_ones() -> list[Incident]:
    """The oldest first."""
    return list(Incident.select().where(Incident.closed_at.is_null()).order_by(Incident.opened_at))
