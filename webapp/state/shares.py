"""Fair shares: how much one customer may use of what all of them share.

eSIM Go answers about eight questions a second, Telegram makes few invoices at once, and a mail server sends
so many letters a day. Whoever asks in a customer's name takes from that customer's share first; when it is
used up nobody outside is asked, and the others do not wait. So the work for those outside grows with the
number of customers, not with the number of their requests.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Literal, NamedTuple, TypeVar

from peewee import Expression

from webapp.base import clock
from webapp.models import Share
from webapp.models.db import transaction

Kind = Literal["orders", "invoices", "validations", "compatibility", "looks", "letters"]
T = TypeVar("T")


class Allowance(NamedTuple):
    """So often in a window that begins with the first use."""

    most: int
    within: timedelta


HOUR, DAY = timedelta(hours=1), timedelta(days=1)

ALLOWED: dict[Kind, Allowance] = {
    "orders": Allowance(30, HOUR),
    "invoices": Allowance(60, HOUR),
    "validations": Allowance(30, timedelta(minutes=1)),
    "compatibility": Allowance(400, HOUR),
    "looks": Allowance(720, HOUR),
    "letters": Allowance(50, DAY),
}
"""Several times of what somebody in a hurry needs: one sheet that eSIM Go doubts is asked about 20 times a
minute, an eSIM that is being installed is looked at 120 times in its ten minutes, a family installs four, and
a page of top-ups has 40 plans.
"""
LONGEST = max(within for _, within in ALLOWED.values())


def take(telegram_user_id: int, kind: Kind) -> bool:
    """Use one of this customer's share; False when nothing of it is left."""
    if is_used_up(telegram_user_id, kind):
        return False  # nothing is written for whoever goes on asking
    now, mine = clock.now(), _of(telegram_user_id, kind)
    with transaction():
        first = Share.insert(telegram_user_id=telegram_user_id, kind=kind, since=now)
        if first.on_conflict_ignore().as_rowcount().execute():
            return True
        if Share.update(since=now, used=1).where(mine, ~_runs(kind)).execute():
            return True
        left = Share.used < ALLOWED[kind].most
        return bool(Share.update(used=Share.used + 1).where(mine, left).execute())


def is_used_up(telegram_user_id: int, kind: Kind) -> bool:
    """Is nothing of it left now?"""
    enough = Share.used >= ALLOWED[kind].most
    return Share.get_or_none(_of(telegram_user_id, kind), _runs(kind), enough) is not None


def _of(telegram_user_id: int, kind: Kind) -> Expression:
    one: Expression = (Share.telegram_user_id == telegram_user_id) & (Share.kind == kind)
    return one


def _runs(kind: Kind) -> Expression:
    """Its window is not over."""
    runs: Expression = Share.since >= clock.now() - ALLOWED[kind].within
    return runs


def by_turns(things: Iterable[T], owner: Callable[[T], int], had: Counter[int]) -> list[T]:
    """In turns: first those of customers who had fewest (`had`, by customer), of each customer one thing
    before their second. Within a turn the order stays.
    """
    turns, in_turn = Counter(had), list[tuple[int, T]]()
    for thing in things:
        in_turn.append((turns[owner(thing)], thing))
        turns[owner(thing)] += 1
    return [thing for _, thing in sorted(in_turn, key=lambda pair: pair[0])]
