"""The outbox is written to: in the transaction of the change, once for an order and kind."""

import json

from webapp.base import clock
from webapp.customers.notifications.kinds import KINDS
from webapp.models import Customer, EmailAddress, Notification, Order, new_reference


def enqueue(order: Order, kind: str, **facts: str) -> None:
    """One message of each kind per order, however often the change is seen; and its copy by e-mail, for who
    has given an address. `facts`: what was known at the change and is not written anywhere else.
    """
    row = {"customer": order.customer, "order": order, "kind": kind, "facts": _text(facts)}
    rows = [row | {"channel": "chat"}]
    if KINDS[kind].mailed and _has_address(order.customer):
        rows.append(row | {"channel": "email"})
    Notification.insert_many(rows).on_conflict_ignore().execute()


def were_sent(order: Order, *kinds: str) -> None:
    """These were sent before, by a shop of which this database knows nothing."""
    row = {"customer": order.customer, "order": order, "state": "sent", "sent_at": clock.now()}
    Notification.insert_many([row | {"kind": kind} for kind in kinds]).on_conflict(
        conflict_target=[
            Notification.order,
            Notification.kind,
            Notification.channel,
            Notification.occasion,
        ],
        update={"state": "sent", "sent_at": clock.now()},
        where=Notification.state == "waiting",
    ).execute()


def request(
    customer: Customer, kind: str, order: Order | None = None, channel: str = "chat", **facts: str
) -> None:
    """Something that the customer asks for; `facts` say what exactly. While it waits, asking again is the
    same wish, and makes it news again: what has waited too long would not be sent any more. What is being
    sent has its words already (a code that is void by now), so asking again is another wish.
    """
    same = (
        (Notification.customer == customer)
        & (Notification.kind == kind)
        & (Notification.channel == channel)
        & (Notification.facts == _text(facts))
    )
    about = Notification.order.is_null() if order is None else Notification.order == order
    standing = Notification.update(created_at=clock.now()).where(same, about, Notification.state == "waiting")
    if standing.execute():
        return
    wish = {"customer": customer, "order": order, "kind": kind, "channel": channel, "facts": _text(facts)}
    Notification.create(occasion=new_reference(), **wish)


def _has_address(customer: Customer) -> bool:
    return (
        EmailAddress.select()
        .where(
            EmailAddress.customer == customer,
            EmailAddress.confirmed_at.is_null(False),
            EmailAddress.wanted,
        )
        .exists()
    )


def _text(facts: dict[str, str]) -> str:
    return json.dumps(facts) if facts else ""
