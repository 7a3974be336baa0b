"""May this be sold now, at this price? Asked before the money, because that prevents most refunds.

While a payment sheet is open, a job asks eSIM Go (POST /orders, type validate: it costs nothing and reserves
nothing). A pre-checkout only reads the verdict: it has to be answered within seconds, the provider or not.
"""

import logging
from collections import Counter
from collections.abc import Collection
from datetime import timedelta

from peewee import ModelSelect, fn

from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.catalogue import RuleRefused
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import AccessDenied, OutOfFunds, RateLimited, Refused, TryLater, Unavailable
from webapp.models import Bundle, Order
from webapp.models.db import transaction
from webapp.orders.places import Places
from webapp.state import provider, shares

log = logging.getLogger(__name__)

WATCHED_FOR = timedelta(minutes=10)
RENEWED_AFTER = timedelta(seconds=60)
DOUBTED_AFTER = timedelta(seconds=3)
TOLERANCE_PERCENT = 5
PROBES = 3
LOOKED_AHEAD = 10
"""So many orders in line are asked about before their turn: half a minute and more."""

PATIENCE_S = 0.7
WAIT_AT_ONCE = 4


# --- what eSIM Go says


def check_due(client: ESIMGoClient, config: Config) -> int:
    """Ask about every bundle for which somebody has a payment sheet open; returns how many were asked about.

    Who is next is decided anew after each answer: whoever opens a sheet meanwhile does not wait behind all
    that was open before. One that gets no answer is left alone for a moment (DOUBTED_AFTER), and the others
    do not wait behind it. Raises EsimGoError when eSIM Go is not to be asked for a while: the verdicts then
    grow old by themselves.
    """
    asked, had = set[int](), Counter[int]()
    while (found := _next(asked, had)) is not None:
        bundle, payer = found
        asked.add(bundle.id)
        had[payer] += 1
        try:
            _check(bundle, client, config)
        except (TryLater, Unavailable) as error:
            if isinstance(error, RateLimited) or not error.asked:
                raise
            log.warning("no word about %s: %s", bundle.name, error)
            Bundle.update(unanswered_at=clock.now()).where(Bundle.id == bundle.id).execute()
        finally:
            shares.take(payer, "validations")  # afterwards: somebody waits for the verdict
    return len(asked)


def _next(asked: Collection[int], had: Counter[int]) -> tuple[Bundle, int] | None:
    """The bundle of the newest sheet, of customers who had fewest questions in this round, and the customer
    (Telegram's number) on whose share it is asked about. What is bought next comes first: that has been paid
    for.
    """
    bundles = {bundle.name: bundle for bundle in _stale() if bundle.id not in asked}
    for order in _next_in_line():
        if order.esimgo_product_id in bundles:
            return bundles[order.esimgo_product_id], _payer(order)
    sheets = _open_sheets().where(Order.esimgo_product_id.in_(list(bundles))) if bundles else ()
    for order in shares.by_turns(sheets, _payer, had):
        if not shares.is_used_up(_payer(order), "validations"):
            return bundles[order.esimgo_product_id], _payer(order)
    return None


def _payer(order: Order) -> int:
    payer: int = order.telegram_user_id
    return payer


def _open_sheets() -> "ModelSelect[Order]":
    """The newest first."""
    lately = Order.invoiced_at > clock.now() - WATCHED_FOR
    sheets = Order.select().where(Order.stage == "awaiting_payment", ~Order.overdue(), lately)
    return sheets.order_by(Order.invoiced_at.desc(), Order.id.desc())


def _next_in_line() -> list[Order]:
    """They have paid, and are bought without another question if their verdict is still fresh by then."""
    is_due = Order.next_try_at.is_null() | (Order.next_try_at <= clock.now())
    waiting = Order.select().where(Order.stage == "paid", is_due)
    return list(waiting.order_by(Order.paid_at).limit(LOOKED_AHEAD))


def _stale() -> list[Bundle]:
    """Of those that are bought next or have an open sheet: never asked about, or longer ago than a verdict is
    left alone. A refusal is left alone less long where somebody has opened that sheet last: of several, they
    look at the newest.
    """
    now = clock.now()
    bought_next = [order.esimgo_product_id for order in _next_in_line()]
    sheets = _open_sheets().order_by()
    newest = sheets.select(fn.MAX(Order.invoiced_at)).group_by(Order.telegram_user_id)
    watched = sheets.select(Order.esimgo_product_id)
    looked_at = watched.where(Order.invoiced_at.in_(newest))
    stale = Bundle.checked_at.is_null() | (Bundle.checked_at <= now - RENEWED_AFTER)
    doubted = (Bundle.check_verdict != "ok") & (Bundle.checked_at <= now - DOUBTED_AFTER)
    silent = (Bundle.unanswered_at > now - DOUBTED_AFTER) & (Bundle.unanswered_at <= now)
    speaking = Bundle.unanswered_at.is_null() | ~silent
    of_sheets = Bundle.select().where(
        Bundle.name.in_(watched), speaking, stale | (doubted & Bundle.name.in_(looked_at))
    )
    in_line = Bundle.select().where(Bundle.name.in_(bought_next), speaking, stale | doubted)
    return [*of_sheets, *(in_line if bought_next else ())]


def _check(bundle: Bundle, client: ESIMGoClient, config: Config) -> None:
    began = clock.monotonic()
    try:
        quote = client.validate_order(bundle.name)
    except OutOfFunds:
        provider.out_of_funds(bundle.wholesale)
        _note(bundle, "", None)
        return
    except AccessDenied as error:
        provider.purchase_failed()
        if not error.is_about_the_request:
            raise
        _note(bundle, "refused", None)  # perhaps this bundle alone: `probe` finds out
        return
    except Refused:
        _note(bundle, "refused", None)
        return
    provider.purchase_worked()
    took_ms = round((clock.monotonic() - began) * 1000)
    try:
        with transaction():  # whoever is told of a new price finds it
            bundle = Bundle.get_by_id(bundle.id)
            is_dearer = quote.total > tolerated(bundle.wholesale)
            if quote.valid and (is_dearer or catalogue.is_sold_below(bundle, quote.total, config)):
                catalogue.reprice(bundle, quote.total, config)
            _note(bundle, "ok" if quote.valid else "refused", quote.total, took_ms)
    except RuleRefused as error:  # the others are sold
        log.error("%s has a new price that no rule can be applied to: %s", bundle.name, error)
        _note(bundle, "refused", None)


def renewed_verdict(order: Order, client: ESIMGoClient, config: Config, bundle: str | None = None) -> str:
    """The verdict on an order that is about to be bought, as its own bundle or as another; eSIM Go is asked
    when the last one is too old.

    Raises EsimGoError when it does not answer.
    """
    known = verdict(order, config, bundle)
    if known != "missing":
        return known
    _check(Bundle.get(Bundle.name == (bundle or order.esimgo_product_id)), client, config)
    return verdict(order, config, bundle)


def probe(client: ESIMGoClient) -> bool:
    """Would eSIM Go sell the cheapest bundle? Asked while nothing can be sold, because then nobody else asks.

    When it refuses this one bundle, selling works all the same. When it may not be ours to have, so may the
    whole account: two more are asked about. Raises EsimGoError.
    """
    on_sale = Bundle.select().where(Bundle.gone_at.is_null())
    denied: AccessDenied | None = None
    for bundle in on_sale.order_by(Bundle.wholesale, Bundle.id).limit(PROBES):
        try:
            return _is_sold(bundle, client)
        except AccessDenied as error:
            if not error.is_about_the_request:
                raise
            denied = error
    if denied is not None:
        raise denied
    return False


def _is_sold(bundle: Bundle, client: ESIMGoClient) -> bool:
    try:
        return client.validate_order(bundle.name).valid
    except OutOfFunds:
        raise
    except Refused:
        return True


def _note(bundle: Bundle, verdict: str, total: int | None, took_ms: int | None = None) -> None:
    now = clock.now()
    said = {"check_verdict": verdict, "check_total": total, "check_ms": took_ms, "checked_at": now}
    if verdict == "refused" and bundle.check_verdict != "refused":
        said["refused_since"] = now
    Bundle.update(said).where(Bundle.id == bundle.id).execute()


def forget(bundle: str) -> None:
    """What eSIM Go has said about it is not true any more."""
    Bundle.update(check_verdict="", checked_at=None).where(Bundle.name == bundle).execute()


def tolerated(wholesale: int) -> int:
    """The most that is paid for what was sold at this wholesale price, in thousandths."""
    return wholesale * (100 + TOLERANCE_PERCENT) // 100


# --- what that means for an order


def verdict(order: Order, config: Config, bundle: str | None = None) -> str:
    """ "ok", "refused", "dearer", or "missing" when nothing recent is known: of its own bundle, or of another
    that it could be bought as.
    """
    told_of = Bundle.get_or_none(Bundle.name == (bundle or order.esimgo_product_id))
    return _verdict(told_of, tolerated(order.agreed_wholesale), config)


def _verdict(bundle: Bundle | None, most: int, config: Config) -> str:
    fresh = clock.now() - timedelta(seconds=config.quote_s)
    if bundle is None or bundle.checked_at is None or bundle.checked_at < fresh or not bundle.check_verdict:
        return "missing"
    if bundle.check_verdict == "ok" and (bundle.check_total or 0) > most:
        return "dearer"
    return str(bundle.check_verdict)


def before_the_money(order: Order, bundle: Bundle | None, config: Config) -> str:
    """The verdict on its `bundle`, "dearer" also when its Stars do not bring in what eSIM Go asks. Nobody who
    has paid is sent away for that while it lies within the tolerance.
    """
    verdict = _verdict(bundle, tolerated(order.agreed_wholesale), config)
    if verdict != "ok" or bundle is None:
        return verdict
    cost = max(order.wholesale, bundle.check_total or 0)
    return "ok" if order.stars >= catalogue.fewest_stars(cost, catalogue.in_force(config)) else "dearer"


def wait_for_verdict(reference: str, config: Config, places: Places) -> None:
    """Give the job a moment when somebody pays at once. Whom `places` (the web process has WAIT_AT_ONCE) has
    no room for is to tap again.

    Call it outside any transaction: the job has to write.
    """
    order = Order.get_or_none(Order.reference == reference)
    if order is None or not order.is_open_for_payment or verdict(order, config) != "missing":
        return
    with places.of(order.telegram_user_id) as free:
        give_up = clock.monotonic() + PATIENCE_S
        while free and verdict(order, config) == "missing" and clock.monotonic() < give_up:
            clock.sleep(0.05)
