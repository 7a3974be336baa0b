"""What follows from a callback: we look. Never is a number of it written down, signed or not."""

from datetime import timedelta

from webapp import esims
from webapp.esims.callbacks.events import OF_BALANCE, Event, Kind, read
from webapp.esims.callbacks.receiving import UNSIGNED
from webapp.models import Callback, Submission
from webapp.state import provider

UNSIGNED_EVERY = timedelta(minutes=1)


def apply_waiting(limit: int = 200) -> int:
    """Apply what was stored and not yet applied; returns how many."""
    waiting = list(Callback.select().where(Callback.verdict.is_null()).order_by(Callback.id).limit(limit))
    for callback in waiting:
        verdict = apply(read(callback.body), signed=callback.signature != UNSIGNED)
        Callback.update(verdict=verdict).where(Callback.id == callback.id).execute()
    return len(waiting)


def apply(event: Event, *, signed: bool = True) -> str:
    """Whatever the event says, its eSIMs are looked at now. Returns what came of it."""
    if event.kind is Kind.UNREADABLE:
        return "unreadable"
    asked = event.kind in OF_BALANCE and provider.ask_for_balance(timedelta() if signed else UNSIGNED_EVERY)
    iccids = dict.fromkeys((*event.iccids, *esims.iccids_of(event.order_reference)))
    if not iccids:
        return "balance asked for" if asked else _nothing_to_look_at(event)
    look = esims.look_now if signed else esims.look_soon
    looked = [look(iccid) for iccid in iccids]
    if any(looked):
        return "looked"
    return "not our eSIM" if signed else "not our eSIM, or looked at just now"


def _nothing_to_look_at(event: Event) -> str:
    """An order of ours without an eSIM is looked up by its jobs every few seconds as it is."""
    if Submission.get_or_none(Submission.esimgo_order_id == event.order_reference):
        return "order under way"
    return "no eSIM in it"
