"""What a page says once, after a form was sent."""

from typing import NamedTuple

from webapp.base.i18n import gettext as _
from webapp.models import Customer


class Flash(NamedTuple):
    text: str
    is_problem: bool = False


def done() -> Flash:
    return Flash(_("Done, and written down."))


def stale() -> Flash:
    """Another admin, or the jobs process, was first."""
    return Flash(_("Nothing was done: it has changed in the meantime. This is how it stands now."), True)


def sent_to_chat(customer: Customer) -> Flash:
    if customer.may_write and customer.blocked_at is None:
        return Flash(_("It comes into the chat in a moment."))
    return Flash(
        _("It comes into the chat as soon as you press Start there: until then we may not write to you.")
    )
