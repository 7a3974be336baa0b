"""What a waiting order is bought as: the bundle that it was sold with, or one that is equal or better.

While an order waits, eSIM Go may rename its bundle, replace it or take it from its list. What is found here
is on the order in memory only; buying.py writes it on the order and on its intent in one transaction, before
the call. What was sold stays beside it: the tolerance counts from the first price, however often a bundle
changes.
"""

from typing import Any

from webapp import catalogue
from webapp.base import money
from webapp.base.config import Config
from webapp.catalogue import Size
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import RateLimited, TryLater, Unavailable
from webapp.models import Bundle, Esim, Order, Submission
from webapp.orders import quotes, topups

MOST_ASKED = 5


def settle(order: Order, client: ESIMGoClient, config: Config) -> str:
    """ "ok" when eSIM Go sells what the order then says, "refused" or "dearer" when neither its bundle nor an
    equal or better one can be bought for it, "missing" when nothing is known, and "unread" while the list, in
    which a new name would stand, is older than the refusal.

    Raises EsimGoError when eSIM Go does not answer.
    """
    verdict = quotes.renewed_verdict(order, client, config)
    bundle = Bundle.get(Bundle.name == order.esimgo_product_id)
    if verdict == "ok" and catalogue.is_less(bundle, _promised(order)):
        return _replaced(order, client, config) or "refused"
    if verdict == "refused" and not _is_list_newer(bundle):
        catalogue.request_news()
        return "unread"
    if verdict in {"refused", "dearer"}:
        return _replaced(order, client, config) or verdict
    return verdict


def _promised(order: Order) -> Size:
    return Size(order.country_code, order.data_mb, order.days, order.tier)


def _is_list_newer(bundle: Bundle) -> bool:
    """Has the list been read since eSIM Go has begun to refuse it? When it is gone from the list, a new name
    is in that same list.
    """
    return bundle.gone_at is not None or catalogue.is_read_since(bundle.refused_since)


def _replaced(order: Order, client: ESIMGoClient, config: Config) -> str | None:
    """The verdict on what takes its place; None when nothing can."""
    sold = Bundle.get(Bundle.name == (order.sold_bundle or order.esimgo_product_id))
    found = catalogue.substitutes(sold, _promised(order), quotes.tolerated(order.agreed_wholesale))
    others = [bundle for bundle in found if bundle.name != order.esimgo_product_id]
    silent = False
    for bundle in others[:MOST_ASKED]:
        try:
            verdict = quotes.renewed_verdict(order, client, config, bundle.name)
            fits = verdict == "ok" and _fits(order, bundle.name, client)
        except (TryLater, Unavailable) as error:
            if isinstance(error, RateLimited) or not error.asked:
                raise
            silent = True  # about this one
            continue
        if verdict == "missing":
            return verdict
        if fits:
            _take(order, Bundle.get_by_id(bundle.id))
            return verdict
    return "missing" if silent else None


def _fits(order: Order, bundle: str, client: ESIMGoClient) -> bool:
    return order.esim_id is None or topups.fits_now(Esim.get_by_id(order.esim_id), bundle, client)


def _take(order: Order, bundle: Bundle) -> None:
    if not order.sold_bundle:
        order.sold_bundle, order.sold_wholesale = order.esimgo_product_id, order.wholesale
    order.esimgo_product_id, order.wholesale = bundle.name, bundle.check_total or bundle.wholesale


def was_bought_as(submission: Submission, bundle: str, cost: int | None) -> None:
    """It turns out that this bundle was bought for it, instead of what the intent says."""
    order = submission.order.fresh()
    Submission.update(bundle=bundle).where(Submission.id == submission.id).execute()
    now = {"esimgo_product_id": bundle, "wholesale": order.wholesale if cost is None else cost}
    if not order.sold_bundle:
        now |= {"sold_bundle": order.esimgo_product_id, "sold_wholesale": order.wholesale}
    Order.update(now).where(Order.id == order.id).execute()
    submission.bundle = bundle


def bought_as(order: Order) -> dict[str, Any]:
    """The columns of an order that say what is bought for it."""
    columns = ("esimgo_product_id", "wholesale", "sold_bundle", "sold_wholesale")
    return {name: getattr(order, name) for name in columns}


def note(order: Order) -> str:
    """For the journal; nothing to say of what is bought as it was sold."""
    if order.sold_wholesale is None:
        return ""
    now, before = money.plain(order.wholesale), money.plain(order.sold_wholesale)
    return f"{order.esimgo_product_id} at {now} instead of {order.sold_bundle} at {before}"
