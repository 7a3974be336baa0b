"""What was sold after the copy was made is put together again, from what both outsides remember.

Telegram's statement has the charge: who paid, how much, and in its payload the reference of an order that
the database does not know. eSIM Go has the purchase, and on its eSIM stands the same reference. Of a charge
that no eSIM names (it was set back before that was written, or it was a top-up) the purchase is the only one
that can be its own. Everything else waits for the owner (`webapp/orders/unplaced.py`).

The order is made anew and is paid for; from there it is in doubt like any other (`webapp/orders/buying.py`),
and its purchase is found.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.payloads import ProviderOrder
from webapp.customers import identity, notifications
from webapp.models import Bundle, BundleArea, Customer, Esim, Order, Payment, Plan, Setting, is_reference
from webapp.models.db import transaction
from webapp.models.orders import UNPAID
from webapp.orders import labels, reconciling, unplaced, verifying
from webapp.orders.buying import doubt
from webapp.orders.labels import Labels
from webapp.orders.payments.booking import mark_paid
from webapp.state import incidents, leases, restoration
from webapp.state.leases import Leadership

log = logging.getLogger(__name__)

TRIED_EVERY = timedelta(minutes=1)
RESTS = 20
"""So many times as long as a list took it is not asked for again: one of years leaves room for buyers."""
TRIED_FOR = timedelta(hours=2)
"""Counted from when the charge was found: by then its purchase is known, or nobody will ever find it."""

_TRIED_AT = "copies.tried_at"


def rebuild(client: ESIMGoClient, leadership: Leadership, config: Config) -> int:
    """Look for the purchases of charges that name an order of ours which is lost; returns how many were
    found. Raises EsimGoError.
    """
    waiting, since = unplaced.charges(), clock.now() - TRIED_FOR
    if not any(charge.created_at > since for charge in waiting) or not _is_time():
        return 0  # asked every second, and the owner may leave many
    lost = [charge for charge in waiting if _is_lost(charge)]
    recent = [charge for charge in lost if charge.created_at > since]
    if not recent:
        return 0
    Setting.write_time(_TRIED_AT, clock.now())
    _note_copy(lost, leadership, config)
    first, asked_at = min(charge.confirmed_at for charge in recent), clock.now()
    window = client.list_orders(first - reconciling.WIDE, asked_at + reconciling.WIDE)
    Setting.write_time(_TRIED_AT, asked_at + (clock.now() - asked_at) * RESTS)
    free = reconciling.unbound(window.orders)
    told = labels.read(client, free)
    found = [(charge, placed) for charge in recent if (placed := _named(charge, free, told)) is not None]
    named = {placed.reference for _, placed in found}
    unnamed = [charge for charge in recent if charge not in [known for known, _ in found]]
    rest = [placed for placed in free if placed.reference not in named]
    found += _only_ones(unnamed, rest, told, config)
    return sum(_make(charge, placed, leadership, config) for charge, placed in found)


def _is_lost(charge: Payment) -> bool:
    """Does it name an order that is not there, or that was not paid for when the copy was made?"""
    known = Order.get_or_none(Order.reference == charge.payload)
    return is_reference(charge.payload) and (
        known is None
        or (known.as_written("stage") in UNPAID and known.telegram_user_id == charge.telegram_user_id)
    )


def _is_time() -> bool:
    last = Setting.read_time(_TRIED_AT)
    return last is None or clock.now() - last >= TRIED_EVERY


def _note_copy(lost: Sequence[Payment], leadership: Leadership, config: Config) -> None:
    """A charge that names an order which nobody knows was made by a shop that had it. Where that was after
    this leader began, there are two of us.
    """
    past = restoration.past()
    strange = [one for one in lost if not Order.select().where(Order.reference == one.payload).exists()]
    since = [one for one in strange if one.confirmed_at >= past.began_at]
    before = [one for one in strange if one.confirmed_at < past.began_at]
    known = past.restored_at is not None and all(one.confirmed_at < past.restored_at for one in before)
    with transaction():
        if since:
            incidents.open("copy_found", "beside this one", f"{len(since)} charges of orders of another one")
        if before and not known and leases.holds(leadership):
            copied_at = past.led_until - timedelta(seconds=config.lease_s)
            restoration.note(copied_at, config.deadline_s, past.began_at)
            incidents.open("copy_found", "", f"{len(before)} charges are of orders not in the database")


def _named(charge: Payment, free: Sequence[ProviderOrder], told: Labels) -> ProviderOrder | None:
    return next((placed for placed in free if labels.of(placed, told) == charge.payload), None)


def _only_ones(
    charges: Sequence[Payment], free: Sequence[ProviderOrder], told: Labels, config: Config
) -> list[tuple[Payment, ProviderOrder]]:
    """Pairs that have no other choice, on either side."""
    fits = {
        charge.id: [placed for placed in free if _could_be_its(charge, placed, told, config)]
        for charge in charges
    }
    pairs = []
    for charge in charges:
        if len(fits[charge.id]) != 1:
            continue
        (placed,) = fits[charge.id]
        if sum(placed in others for others in fits.values()) == 1:
            pairs.append((charge, placed))
    return pairs


def _could_be_its(charge: Payment, placed: ProviderOrder, told: Labels, config: Config) -> bool:
    """Bought in time after the charge, for what it has paid: an eSIM that bears no name, or a plan on one
    that the payer has.
    """
    until = charge.confirmed_at + timedelta(seconds=config.deadline_s) + reconciling.SKEW
    if placed.created_at is None or not charge.confirmed_at - reconciling.SKEW <= placed.created_at <= until:
        return False
    if (esim := _topped_up(placed)) is not None:
        return bool(esim.customer.telegram_user_id == charge.telegram_user_id)
    plan = _plan(placed, charge)
    return not labels.of(placed, told) and plan is not None and plan.stars == charge.amount


def _topped_up(placed: ProviderOrder) -> Esim | None:
    """The eSIM of ours that this order was made for."""
    return Esim.get_or_none(Esim.iccid.in_(list(placed.iccids) or [""]))


def _plan(placed: ProviderOrder, charge: Payment) -> Plan | None:
    """The plan that was sold: one that this bundle serves, of that price rather than another; when it serves
    none any more, the one of the same place, data and days.
    """
    name = next((item.item for item in placed.items if item.item), "")
    bundle = Bundle.get_or_none(Bundle.name == name)
    if bundle is None:
        return None
    bases = BundleArea.select(BundleArea.area).where(BundleArea.bundle == bundle, BundleArea.role == "base")
    alike = (Plan.data_mb == bundle.data_mb) if bundle.data_mb is not None else Plan.data_mb.is_null()
    same = Plan.area.in_(bases) & (Plan.days == bundle.duration_days) & (Plan.tier == bundle.tier) & alike
    plans = list(Plan.select().where(Plan.bundle == bundle)) or list(Plan.select().where(same))
    return min(plans, key=lambda plan: (plan.stars != charge.amount, plan.id), default=None)


def _make(charge: Payment, placed: ProviderOrder, leadership: Leadership, config: Config) -> bool:
    """False when the charge or the order is not as it was, or nobody can say what was sold."""
    with transaction():
        order = Order.get_or_none(Order.reference == charge.payload) or _anew(charge, placed, config)
        note = f"eSIM Go's order {placed.reference}"
        if order is None or not leases.holds(leadership):
            return False
        if not charge.move("confirmed", actor="copy", note=note, order=order):
            return False
        mark_paid(order, charge.confirmed_at, clock.now(), config, actor="copy", note=note)
        notifications.were_sent(order, "paid", "topped_up" if order.esim_id else "ready")
        doubt(order, leadership, charge.confirmed_at, note)
    log.warning("rebuilt: %s", note, extra={"order": order.reference})
    return True


def _anew(charge: Payment, placed: ProviderOrder, config: Config) -> Order | None:
    plan, esim = _plan(placed, charge), _topped_up(placed)
    if plan is None:
        return None
    language = config.default_language
    known = Customer.select().where(Customer.telegram_user_id == charge.telegram_user_id).exists()
    customer: Customer = identity.recognise(charge.telegram_user_id, "", language, language)
    if not known:  # who has deleted their data since is forgotten again
        Customer.update(created_at=charge.confirmed_at).where(Customer.id == customer.id).execute()
        restoration.forget_more()
    bundle = next(item.item for item in placed.items if item.item)
    same = (Order.customer == customer) & (Order.plan_id == plan.plan_id)
    for standing in Order.select().where(same, Order.stage == "awaiting_payment"):
        standing.move("expired", actor="copy", note="an earlier one was found again")
    return Order.create(
        reference=charge.payload,
        customer=customer,
        telegram_user_id=charge.telegram_user_id,
        plan_id=plan.plan_id,
        plan_type=plan.plan_type,
        country_code=plan.area.code,
        country_name=plan.area.name,
        data_mb=plan.data_mb,
        days=plan.days,
        tier=plan.tier,
        esimgo_product_id=bundle,
        wholesale=verifying.charged(placed) or Bundle.get(Bundle.name == bundle).wholesale,
        retail=plan.retail,
        currency=plan.currency,
        stars=charge.amount,
        esim_id=esim and esim.id,
        created_at=charge.confirmed_at,
    )
