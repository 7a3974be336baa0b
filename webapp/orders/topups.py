"""More data for an eSIM that is there already.

Bundles come from several carriers, so not every one can be put on every eSIM, and only eSIM Go knows which
(API v2.5, GET /esims/{iccid}/compatible/{bundle}). A page asks by a row, a job answers; only what fits is
offered.
"""

from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

from peewee import fn

from webapp import catalogue
from webapp.base import clock
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import NotThere, Refused, TryLater, Unavailable
from webapp.models import Area, Compatibility, Customer, Esim, Order, Plan, db
from webapp.state import shares

VERDICT_COUNTS_FOR = timedelta(days=1)
SOMEBODY_WAITS_FOR = timedelta(minutes=1)
MOST_OFFERS = 40


class Offers(NamedTuple):
    """Plans that fit this eSIM, and how many more eSIM Go is being asked about."""

    plans: list[Plan]
    asking: int


def offers(esim: Esim) -> Offers:
    """What fits, of all that works where this eSIM was bought for; what is not known is asked now."""
    if not esim.can_be_topped_up:
        return Offers([], 0)
    plans = _candidates(esim)
    known = _verdicts(esim, {plan.bundle.name for plan in plans})
    unknown = {plan.bundle.name for plan in plans} - known.keys()
    if new := _not_asked(esim, unknown):
        db.note(lambda: _ask(esim, new))  # the page comes back each second while it waits
    return Offers([plan for plan in plans if known.get(plan.bundle.name)], len(unknown))


def fits(esim: Esim, bundle: str) -> bool:
    """Has eSIM Go said lately that this bundle can be put on this eSIM?"""
    return esim.can_be_topped_up and _verdicts(esim, {bundle}).get(bundle, False)


def fits_now(esim: Esim, bundle: str, client: ESIMGoClient) -> bool:
    """The same, asked of eSIM Go when nothing is known. Raises EsimGoError."""
    if not esim.can_be_topped_up:
        return False
    known = _verdicts(esim, {bundle}).get(bundle)
    if known is not None:
        return known
    _ask(esim, _not_asked(esim, {bundle}))
    question = Compatibility.get(Compatibility.iccid == esim.iccid, Compatibility.bundle == bundle)
    _answer(question, client)
    return bool(question.verdict == "yes")


def still_fits(order: Order) -> bool:
    """The same of an order that is about to be paid; one for a new eSIM always does."""
    return order.esim_id is None or fits(Esim.get_by_id(order.esim_id), order.esimgo_product_id)


def answer(client: ESIMGoClient, limit: int = MOST_OFFERS) -> int:
    """Ask eSIM Go what somebody waits to know; returns how many were answered. Raises EsimGoError.

    Customers take turns, and who is next is decided anew after each answer. A question that gets no answer
    goes to the end of the line: it may be the only one.
    """
    had = Counter[int]()
    for answered in range(limit):
        question = _next(had)
        if question is None:
            return answered
        try:
            _answer(question, client)
        except (Unavailable, TryLater):
            Compatibility.update(checked_at=clock.now()).where(Compatibility.id == question.id).execute()
            raise
    return limit


def _next(had: Counter[int]) -> Compatibility | None:
    """The question that has waited longest, of customers who had fewest in this round, and on whose share."""
    turn = fn.COALESCE(Compatibility.checked_at, Compatibility.asked_at)
    asked = (
        Compatibility.select(Compatibility, Customer.telegram_user_id.alias("asker"))
        .join(Esim, on=Esim.iccid == Compatibility.iccid)
        .join(Customer)
        .where(Compatibility.verdict.is_null(), Compatibility.asked_at > clock.now() - SOMEBODY_WAITS_FOR)
        .order_by(turn, Compatibility.id)
    )
    for question in shares.by_turns(asked.objects(), _asker, had):
        if shares.take(_asker(question), "compatibility"):
            had[_asker(question)] += 1
            return question
    return None


def _asker(question: Any) -> int:
    asker: int = question.asker
    return asker


def _answer(question: Compatibility, client: ESIMGoClient) -> None:
    try:
        fits_it = client.compatible(question.iccid, question.bundle)
    except (NotThere, Refused):
        fits_it = False
    question.verdict, question.checked_at = ("yes" if fits_it else "no"), clock.now()
    question.save(only=[Compatibility.verdict, Compatibility.checked_at])


def _candidates(esim: Esim) -> list[Plan]:
    area = Area.get_or_none(Area.code == esim.order.country_code)
    if area is None:
        return []
    return [*catalogue.plans_of(area), *catalogue.regional_plans(area)][:MOST_OFFERS]


def _verdicts(esim: Esim, bundles: set[str]) -> dict[str, bool]:
    """By bundle, as far as they are known and not too old."""
    answered = Compatibility.select().where(
        Compatibility.iccid == esim.iccid,
        Compatibility.bundle.in_(bundles or {""}),
        Compatibility.verdict.is_null(False),
        Compatibility.checked_at > clock.now() - VERDICT_COUNTS_FOR,
    )
    return {row.bundle: row.verdict == "yes" for row in answered}


def _not_asked(esim: Esim, bundles: set[str]) -> set[str]:
    """A question stands for as long as somebody waits, and is not written again before that."""
    standing = Compatibility.select(Compatibility.bundle).where(
        Compatibility.iccid == esim.iccid,
        Compatibility.verdict.is_null(),
        Compatibility.asked_at > clock.now() - SOMEBODY_WAITS_FOR / 2,
    )
    return bundles - {row.bundle for row in standing}


def _ask(esim: Esim, bundles: set[str]) -> None:
    if bundles:
        again = {"asked_at": clock.now(), "checked_at": None, "verdict": None}
        Compatibility.insert_many(
            {"iccid": esim.iccid, "bundle": bundle} for bundle in sorted(bundles)
        ).on_conflict(conflict_target=[Compatibility.iccid, Compatibility.bundle], update=again).execute()
