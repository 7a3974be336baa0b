"""What a page of the merchant's says after a deed."""

from typing import NamedTuple

from webapp.base.i18n import gettext as _
from webapp.models import Customer


class Said(NamedTuple):
    text: str
    is_problem: bool = False


def done() -> Said:
    return Said(_("Done, and written down."))


def overtaken() -> Said:
    """Somebody else, or the jobs process, was first."""
    return Said(_("Nothing was done: it has changed in the meantime. This is how it stands now."), True)


def on_its_way(admin: Customer) -> Said:
    if admin.may_write and admin.blocked_at is None:
        return Said(_("It comes into the chat in a moment."))
    return Said(
        _("It comes into the chat as soon as you press Start there: until then we may not write to you.")
    )
