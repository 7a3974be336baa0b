"""Delivered eSIMs are followed at the provider until there is nothing left to see.

What eSIM Go tells is written down as far as it makes sense: no number of theirs makes an order fail, and a
time that cannot be is as good as none.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from webapp.base import clock
from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.errors import EsimGoError, Gone, NotThere, TryLater
from webapp.clients.esimgo.matching import match
from webapp.clients.esimgo.payloads import AssignmentState, EsimDetails
from webapp.customers import notifications
from webapp.esims import telling, usage
from webapp.esims.intervals import EAGER_FOR, EAGER_PAUSE, pause, setback
from webapp.models import Assignment, Customer, Esim, Order, Submission
from webapp.models.db import transaction
from webapp.models.profiles import DEAD, IN_USE, INSTALLED, TROUBLE
from webapp.state import shares

log = logging.getLogger(__name__)

EAGER_PLACES = 5
MISSING_FOR = timedelta(days=1)
BEFORE = timedelta(days=1)
AHEAD = timedelta(hours=1)
LONGEST_PLAN = timedelta(days=3 * 365)
HINT_EVERY = timedelta(minutes=1)


# --- which, and when


def due(limit: int = 20) -> list[Esim]:
    """eSIMs to look at now, the longest overdue first.

    After an outage there may be thousands: a few places are for those whose owners are installing just now,
    who take turns.
    """
    overdue = Esim.select().where(Esim.next_refresh_at <= clock.now()).order_by(Esim.next_refresh_at)
    being_installed = overdue.select(Esim, Customer).join(Customer)
    pressed = being_installed.where(Esim.activate_pressed_at > clock.now() - EAGER_FOR)
    first = shares.by_turns(pressed, _owner, Counter())[: min(EAGER_PLACES, limit)]
    others = overdue.where(Esim.id.not_in([esim.id for esim in first] or [0]))
    return [*first, *others.limit(limit - len(first))]


def _owner(esim: Esim) -> int:
    owner: int = esim.customer.telegram_user_id
    return owner


def postpone(esim: Esim, error: EsimGoError) -> None:
    """The look has failed: each time in a row the next waits longer, unless it was asked for meanwhile."""
    again = clock.now() + setback(error, esim.failed_looks)
    if not isinstance(error, TryLater):
        Esim.update(failed_looks=Esim.failed_looks + 1).where(Esim.id == esim.id).execute()
    _set_next_look(esim, again)


def look_now(iccid: str) -> bool:
    """Somebody says that something has changed: this eSIM is due. False when it is not ours."""
    return bool(Esim.update(next_refresh_at=clock.now()).where(Esim.iccid == iccid).execute())


def look_soon(iccid: str) -> bool:
    """The same when nobody knows who says so: once a minute at most. False when not ours, or too soon."""
    now = clock.now()
    lately = Esim.hinted_at.is_null() | (Esim.hinted_at <= now - HINT_EVERY)
    hinted = Esim.update(next_refresh_at=now, hinted_at=now).where(Esim.iccid == iccid, lately)
    return bool(hinted.execute())


def activate(esim: Esim) -> None:
    """The customer begins to install: look now, and every few seconds for ten minutes, as long as their share
    of such looks lasts. One that is due, or will be within seconds, is not looked at sooner or more often.
    """
    now = clock.now()
    Esim.update(activate_pressed_at=now).where(Esim.id == esim.id).execute()
    next_look = Esim.get_by_id(esim.id).next_refresh_at
    comes_soon = next_look is not None and next_look <= now + EAGER_PAUSE
    if not comes_soon and shares.take(_owner(esim), "looks"):
        look_now(esim.iccid)


def iccids_of(esimgo_order_id: str) -> list[str]:
    """The eSIMs that an order of the provider's has brought or topped up."""
    bought = Submission.get_or_none(Submission.esimgo_order_id == esimgo_order_id)
    esim = bought and Esim.of(bought.order)
    return [esim.iccid] if esim else []


# --- a look


def refresh(esim: Esim, client: ESIMGoClient) -> None:
    """Fetch profile and plan state from eSIM Go and write them down. Raises EsimGoError.

    Gone is final; a profile that is not there is believed to be gone only when it has been so for a day, and
    not when all the others are not there either.
    """
    try:
        details = client.esim(esim.iccid)
        states = _states(esim, client)
    except Gone:
        _give_up(esim)
    except NotThere:
        if clock.now() - (esim.checked_at or esim.created_at) > MISSING_FOR and _is_missing_alone(esim):
            _give_up(esim)
        raise
    else:
        with transaction():
            _write(esim, details, states)
        _label(esim, client)


def _states(esim: Esim, client: ESIMGoClient) -> list[AssignmentState]:
    """Whether the profile is gone only its own details say: no plans to be told of is no sign of it."""
    try:
        return [state for bundle in client.esim_bundles(esim.iccid) for state in bundle.assignments]
    except NotThere:
        return []


def _is_missing_alone(esim: Esim) -> bool:
    """When none that is followed is there, the key may be another account's."""
    others = Esim.select().where(Esim.id != esim.id)
    followed = others.where(Esim.next_refresh_at.is_null(False))
    return not followed.exists() or others.where(Esim.checked_at > clock.now() - MISSING_FOR).exists()


def _give_up(esim: Esim) -> None:
    Esim.update(profile_status=DEAD, state=DEAD, next_refresh_at=None).where(Esim.id == esim.id).execute()


def _write(esim: Esim, details: EsimDetails, states: Sequence[AssignmentState]) -> None:
    assignments = _assignments(esim)
    for assignment, told in match(assignments, states):
        _follow(assignment, told, esim)
    _note_profile(esim, details)
    for order in {esim.order, *(assignment.order for assignment in assignments)}:
        _activate_order(order, esim, assignments)
    telling.tell(assignments)
    _set_next_look(esim, _next_look(esim, assignments))


def _assignments(esim: Esim) -> list[Assignment]:
    query = Assignment.select(Assignment, Order).join(Order).where(Assignment.esim == esim)
    return list(query.order_by(Assignment.id))


def _follow(assignment: Assignment, told: AssignmentState, esim: Esim) -> None:
    assignment.provider_id = told.id or assignment.provider_id
    assignment.state = told.state or assignment.as_written("state")
    assignment.unlimited = assignment.unlimited or told.unlimited
    assignment.starts_at = _believable(told.starts_at, esim) or assignment.starts_at
    assignment.ends_at = _end(told.ends_at, assignment)
    _count(assignment, told)
    assignment.save()
    usage.note(assignment, clock.now())


def _count(assignment: Assignment, told: AssignmentState) -> None:
    """Bytes; what is not told or cannot be stays as it was."""
    if assignment.unlimited:
        assignment.initial_bytes = assignment.remaining_bytes = None
        return
    if told.initial_bytes is not None and told.initial_bytes > 0:
        assignment.initial_bytes = told.initial_bytes
    if told.remaining_bytes is not None:
        most = assignment.initial_bytes or told.remaining_bytes
        assignment.remaining_bytes = max(0, min(told.remaining_bytes, most))


def _note_profile(esim: Esim, details: EsimDetails) -> None:
    """`released` with a first installation: it was installed and has since been deleted from the phone."""
    status = details.profile_status or esim.profile_status
    if status in TROUBLE and status != esim.profile_status:
        log.warning("a profile is %s", status, extra={"order": esim.order.reference})
    installed_at = esim.installed_at or _believable(details.first_installed_at, esim)
    if installed_at is None and status in INSTALLED:
        installed_at = clock.now()
    esim.profile_status, esim.installed_at = status, installed_at
    esim.state = details.state or esim.state
    esim.checked_at, esim.failed_looks = clock.now(), 0
    # Only what was read here: another column may be written meanwhile (Activate pressed).
    esim.save(only=[Esim.profile_status, Esim.installed_at, Esim.state, Esim.checked_at, Esim.failed_looks])


def _believable(moment: datetime | None, esim: Esim) -> datetime | None:
    """A time at which something can have happened to this eSIM: not before its order, and not in the future,
    except for what two clocks may differ by.
    """
    now = clock.now()
    if moment is None or not esim.order.created_at - BEFORE <= moment <= now + AHEAD:
        return None
    return min(moment, now)


def _end(moment: datetime | None, assignment: Assignment) -> datetime | None:
    start = assignment.starts_at or assignment.order.created_at
    sensible = moment is not None and start <= moment <= clock.now() + LONGEST_PLAN
    return moment if sensible else assignment.ends_at


# --- what follows from it


def _activate_order(order: Order, esim: Esim, assignments: Iterable[Assignment]) -> None:
    """In use: the order is active, from its first sign of life. Nothing seen here makes an order fail."""
    moments = _signs_of_life(order, esim, assignments)
    if not moments or order.stage != "ready":
        return
    moved = order.move("active", actor="provider", note=esim.profile_status, activated_at=min(moments))
    if moved and not telling.is_first_use(order, assignments):
        notifications.enqueue(order, "activated")


def _signs_of_life(order: Order, esim: Esim, assignments: Iterable[Assignment]) -> list[datetime]:
    """What brought the eSIM lives when the profile is on a phone, which any use of it proves; what topped it
    up lives when its own plan has started.
    """
    if order == esim.order:
        return [moment for moment in (esim.installed_at, *map(_start, assignments)) if moment]
    own = (assignment for assignment in assignments if assignment.order == order)
    return [moment for moment in map(_start, own) if moment]


def _start(assignment: Assignment) -> datetime | None:
    if assignment.starts_at is None and assignment.as_written("state") in IN_USE:
        return clock.now()
    start: datetime | None = assignment.starts_at
    return start


def _next_look(esim: Esim, assignments: Sequence[Assignment]) -> datetime | None:
    now = clock.now()
    states = [_followed_as(assignment, now) for assignment in assignments]
    newest = max([esim.created_at, *(a.order.paid_at or esim.created_at for a in assignments)])
    profile = DEAD if esim.state == DEAD else esim.profile_status
    pressed_at = Esim.get_by_id(esim.id).activate_pressed_at  # perhaps while eSIM Go was asked
    wait = pause(states, newest, pressed_at, now, profile)
    if wait == EAGER_PAUSE and not shares.take(_owner(esim), "looks"):
        wait = pause(states, newest, None, now, profile)
    return None if wait is None else now + wait


def _followed_as(assignment: Assignment, now: datetime) -> str:
    """What eSIM Go has told of it, for a day longer than it is valid: by then the last of its data is told. A
    plan whose end is long past is not in use, even where the provider never says so.
    """
    told: str = assignment.as_written("state")
    over = assignment.ends_at is not None and assignment.ends_at < now - BEFORE
    return "over" if over and told in IN_USE else told


def _set_next_look(esim: Esim, moment: datetime | None) -> None:
    """Unless somebody has asked for an earlier one since this look began."""
    Esim.update(next_refresh_at=moment).where(
        Esim.id == esim.id, Esim.next_refresh_at == esim.next_refresh_at
    ).execute()


def _label(esim: Esim, client: ESIMGoClient) -> None:
    """Write our order's reference on the provider's eSIM, so that people can match the two. A courtesy: when
    it fails, the next look tries again.
    """
    if esim.labelled_at is not None:
        return
    try:
        client.set_customer_reference(esim.iccid, esim.order.reference)
    except EsimGoError as error:
        log.warning("not labelled", extra={"order": esim.order.reference, "error": str(error)})
        return
    Esim.update(labelled_at=clock.now()).where(Esim.id == esim.id).execute()
