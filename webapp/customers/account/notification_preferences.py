"""Groups of messages that are on or off. Muted groups are dropped when they would be sent, not when
they are enqueued.
"""

from collections.abc import Collection

from webapp.customers.notifications import GROUPS
from webapp.models import Customer


def switches(customer: Customer) -> dict[str, bool]:
    """Every group, in the order of the account page, and whether it is on."""
    muted = customer.muted.split()
    return {group: group not in muted for group in GROUPS}


def set_switches(customer: Customer, on: Collection[str]) -> None:
    """Exactly these groups are on; a name that is none counts for nothing."""
    customer.muted = " ".join(group for group in GROUPS if group not in on)
    customer.save(only=[Customer.muted])
