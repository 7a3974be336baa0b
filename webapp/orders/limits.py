"""How much one customer may buy: against stolen accounts, and against charges that are taken back later.

An installed eSIM cannot be taken back, and Stars can. PURCHASE_LIMITS holds the numbers; a burst is held for
the owner, who looks and releases the customer (`flask --app wsgi customers`).

What was bought and who is held is read from `abuse_counter`, under a digest of the Telegram number: whoever
deletes their data and comes back is counted on. Of the customer's orders only those are read whose payment
was allowed and has not arrived yet.
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from peewee import JOIN, ModelSelect, Value

from webapp.base import clock
from webapp.base.config import Config
from webapp.base.i18n import gettext as _
from webapp.models import AbuseCounter, Customer, Order, Payment
from webapp.models.abuse_counters import CHARGEBACK_FOR, COUNTED_FOR, HELD_FOR, digests
from webapp.models.db import transaction
from webapp.state import incidents

HOLD_NAME = re.compile("hold-([0-9]{1,9})", re.ASCII)
DAY = timedelta(days=1)
BURST_WITHIN = timedelta(hours=1)


class Limits(NamedTuple):
    """Of one customer: orders and Stars in 24 h, Stars until something was kept for a day, orders in 1 h."""

    orders: int
    stars: int
    first: int
    burst: int


def limits(config: Config) -> Limits:
    numbers = dict(part.split("=") for part in config.purchase_limits.split())
    return Limits(**{name: int(text.partition("/")[0]) for name, text in numbers.items()})


class _Counted(NamedTuple):
    """A row of `abuse_counter`, or an order whose payment may arrive in this moment."""

    purpose: str
    at: datetime
    stars: int
    reason: str
    customer_id: int | None


def refusal(customer: Customer, stars: int, config: Config, besides: Order | None = None) -> str | None:
    """Why this customer may not buy for so many more Stars: held, many, much, first; None when they may.

    Reads, in two statements; writes where somebody is held by it. For a count that holds, call it in a
    transaction in which nobody else of the same customer is allowed to pay.
    """
    may = limits(config)
    counted = _counted(customer, besides)
    held = next((row for row in counted if row.purpose == "hold"), None)
    if held is not None:
        if held.customer_id != customer.id:
            _came_back(customer)
        return "held"
    now = clock.now()
    bought = [row for row in counted if row.purpose == "order" and row.at > now - DAY]
    begins = max([now - BURST_WITHIN, *(row.at for row in counted if row.purpose == "released")])
    if sum(row.at > begins for row in bought) >= may.burst:
        hold(customer, "burst")
        return "held"
    kept = [row for row in bought if row.reason != "failed"]
    spent = stars + sum(row.stars for row in kept)
    if len(kept) >= may.orders:
        return "many"
    if spent > may.stars:
        return "much"
    return "first" if spent > may.first and not _is_known(customer) else None


def sentence(refusal: str) -> str:
    return {
        "held": _(
            "We have to look at your latest purchases before the next one. You have not been charged; "
            "please write to us in the chat with the bot."
        ),
        "many": _(
            "These are as many purchases as one person can make in a day. You have not been charged; "
            "please come back tomorrow."
        ),
        "much": _(
            "This is more than one person can spend here in a day. You have not been charged; "
            "please choose a smaller plan or come back tomorrow."
        ),
        "first": _(
            "This is more than we sell to somebody who is new here. You have not been charged; "
            "please choose a smaller plan for now."
        ),
    }[refusal]


# --- counted


def count(order: Order) -> None:
    """It is paid. Call it in the transaction that books the payment."""
    digest = digests()
    AbuseCounter.insert(
        key=digest("order", order.telegram_user_id),
        purpose="order",
        occasion=digest("occasion", order.reference),
        amount=order.stars,
        at=order.paid_at,
        until=order.paid_at + COUNTED_FOR,
    ).on_conflict_ignore().execute()


def failed(order: Order) -> None:
    """It counts for a burst, and no more for a day's orders and Stars. Call it in the transaction that ends
    the order.
    """
    digest = digests()
    this = AbuseCounter.key == digest("order", order.telegram_user_id)
    AbuseCounter.update(reason="failed").where(
        this, AbuseCounter.occasion == digest("occasion", order.reference)
    ).execute()


def charged_back(payment: Payment) -> None:
    """The Stars of a delivered order were taken back: its payer is held, whoever owns the order by now."""
    digest = digests()
    payer = payment.telegram_user_id
    with transaction():
        AbuseCounter.insert(
            key=digest("chargeback", payer),
            purpose="chargeback",
            occasion=digest("occasion", payment.charge_id),
            amount=payment.amount,
            until=clock.now() + CHARGEBACK_FOR,
        ).on_conflict_ignore().execute()
        _hold(payer, Customer.get_or_none(Customer.telegram_user_id == payer), "chargeback")


def chargebacks(telegram_user_id: int) -> int:
    """How many charges this person has had taken back, in three years."""
    key = digests()("chargeback", telegram_user_id)
    return AbuseCounter.select().where(AbuseCounter.key == key, AbuseCounter.until > clock.now()).count()


def purge(now: datetime) -> int:
    """Delete what counts no more; a hold that nobody has cleared ends here, with its incident."""
    over = AbuseCounter.until <= now
    with transaction():
        ended = list(AbuseCounter.select().where(over, AbuseCounter.purpose == "hold"))
        deleted = int(AbuseCounter.delete().where(over).execute())
        for hold in ended:
            incidents.close("customer_held", hold.name)
    return deleted


def _counted(customer: Customer, besides: Order | None) -> list[_Counted]:
    """All that counts for this customer, in one statement: between two of them a payment that was allowed
    could arrive, and be seen twice or not at all.
    """
    digest, number = digests(), customer.telegram_user_id
    allowed = Order.select(
        Value("order"), Order.admitted_at, Order.stars.cast("BIGINT"), Value(""), Order.customer
    ).where(Order.telegram_user_id == number, Order.admitted())
    if besides is not None:
        allowed = allowed.where(Order.id != besides.id)
    written = AbuseCounter.select(
        AbuseCounter.purpose,
        AbuseCounter.at,
        AbuseCounter.amount,
        AbuseCounter.reason,
        AbuseCounter.customer,
    ).where(
        AbuseCounter.key.in_([digest("hold", number), digest("order", number)]),
        AbuseCounter.until > clock.now(),
    )
    return [_Counted(*row) for row in (written + allowed).tuples()]


def _is_known(customer: Customer) -> bool:
    """Have they kept something for a day?"""
    mine = Order.telegram_user_id == customer.telegram_user_id
    return bool(
        Order.select()
        .where(mine, Order.stage.in_(("ready", "active")), Order.paid_at < clock.now() - DAY)
        .exists()
    )


# --- held


def hold(customer: Customer, reason: str) -> None:
    """Nothing more is sold to them until the owner has looked."""
    _hold(customer.telegram_user_id, customer, reason)


def _hold(telegram_user_id: int, customer: Customer | None, reason: str) -> None:
    """For the first reason: while somebody is held, another one changes nothing."""
    now = clock.now()
    key = digests()("hold", telegram_user_id)
    held = {
        AbuseCounter.purpose: "hold",
        AbuseCounter.reason: reason,
        AbuseCounter.customer: customer,
        AbuseCounter.at: now,
        AbuseCounter.until: now + HELD_FOR,
    }
    over = (AbuseCounter.purpose != "hold") | (AbuseCounter.until <= now)
    row = AbuseCounter.insert({AbuseCounter.key: key, **held}).on_conflict(
        conflict_target=[AbuseCounter.key, AbuseCounter.occasion], update=held, where=over
    )
    with transaction():
        if row.as_rowcount().execute():
            incidents.open("customer_held", AbuseCounter.get(AbuseCounter.key == key).name, reason)


def release(hold: AbuseCounter) -> bool:
    """The owner has looked; False when they are not held. A burst is counted anew from here."""
    now = clock.now()
    this = (AbuseCounter.id == hold.id) & (AbuseCounter.purpose == "hold")
    free = {"purpose": "released", "reason": "", "customer": None, "at": now, "until": now + COUNTED_FOR}
    with transaction():
        if not AbuseCounter.update(free).where(this).execute():
            return False
        incidents.close("customer_held", hold.name)
    return True


def held() -> list[AbuseCounter]:
    """What waits for the owner, the longest first; without `customer` where they have deleted their data."""
    return list(_holds().order_by(AbuseCounter.at, AbuseCounter.id))


def is_held(customer: Customer) -> bool:
    """For the pages. `refusal` decides."""
    return bool(_holds().where(AbuseCounter.customer == customer).exists())


def hold_on(telegram_user_id: int) -> AbuseCounter | None:
    """By the Telegram number, which finds also who has deleted their data."""
    theirs = AbuseCounter.key == digests()("hold", telegram_user_id)
    found: AbuseCounter | None = _holds().where(theirs).first()
    return found


def hold_named(name: str) -> AbuseCounter | None:
    number = HOLD_NAME.fullmatch(name)
    if number is None:
        return None
    found: AbuseCounter | None = _holds().where(AbuseCounter.id == int(number[1])).first()
    return found


def _came_back(customer: Customer) -> None:
    """Who is held has deleted their data and tries to buy again: the owner sees who it is."""
    key = digests()("hold", customer.telegram_user_id)
    AbuseCounter.update(customer=customer).where(AbuseCounter.key == key).execute()


def _holds() -> "ModelSelect[AbuseCounter]":
    now_held = (AbuseCounter.purpose == "hold") & (AbuseCounter.until > clock.now())
    return AbuseCounter.select(AbuseCounter, Customer).join(Customer, JOIN.LEFT_OUTER).where(now_held)
