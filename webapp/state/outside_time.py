"""The shop's time against what the outside says: eSIM Go and Telegram date each of their answers.

When both say that our clock is wrong, or one of them says so three times while the other is silent, it is:
sales close, the shop's time is corrected, and they open again after two good looks. When one of them is wrong
itself, that is told, and the other one counts.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from statistics import fmean
from typing import NamedTuple

from webapp.base import clock
from webapp.models import Setting
from webapp.models.db import retry_on_deadlock
from webapp.state import incidents, provider, shop_time

log = logging.getLogger(__name__)

OFF = timedelta(seconds=30)
"""By so much a clock may be wrong before anybody minds."""
FRESH_S, FRESH_IN_DOUBT_S = 30.0, 3.0
ALONE = 3
GOOD_LOOKS = 2


class Source(NamedTuple):
    """`zero`: from which zero it counts (clients.http.Heard), and when (clock.counted) that was heard. `ask`
    makes it answer; it does not raise when there is no answer.
    """

    name: str
    heard: Callable[[], tuple[datetime, float] | None]
    ask: Callable[[], object]


class OutsideTime:
    """What the leader knows of it. One thread looks."""

    def __init__(self) -> None:
        self._asked_s: dict[str, float] = {}
        self._counted_s: dict[str, float] = {}
        self._alone = 0
        self._good = 0
        self._in_doubt = True
        self._sure = False
        self._machine = timedelta(0)
        self.has_looked = False
        """Was the outside asked, whether or not it has answered?"""

    @property
    def is_sure(self) -> bool:
        """Is the shop's time known to be right? Until then nothing ends because of it."""
        self._sure = self._sure or shop_time.is_confirmed()
        return self._sure

    def look(self, sources: Collection[Source]) -> None:
        """Ask who has not been heard of lately, and act on what they say. When somebody has set the machine's
        clock, ask at once.
        """
        if abs(self._machine - (machine := _machine_behind())) > OFF:
            self._machine, self._in_doubt = machine, True
        behind = self._behind(sources)
        self.has_looked = True
        if not any(self._is_news(source) for source in sources if source.name in behind):
            return
        self._note(sources)
        self._judge(behind)

    # --- what they say

    def _behind(self, sources: Collection[Source]) -> Mapping[str, timedelta]:
        """By how much we are behind, by each that has been heard of just now."""
        within_s = FRESH_IN_DOUBT_S if self._in_doubt else FRESH_S
        for source in sources:
            if self._age_s(source) > within_s and self._may_ask(source, within_s):
                self._asked_s[source.name] = clock.counted()
                source.ask()
        fresh = (source for source in sources if self._age_s(source) <= within_s)
        return {source.name: told[0] - clock.zero() for source in fresh if (told := source.heard())}

    def _age_s(self, source: Source) -> float:
        told = source.heard()
        return float("inf") if told is None else clock.counted() - told[1]

    def _may_ask(self, source: Source, within_s: float) -> bool:
        return clock.counted() - self._asked_s.get(source.name, float("-inf")) >= within_s

    def _is_news(self, source: Source) -> bool:
        told = source.heard()
        return told is not None and told[1] != self._counted_s.get(source.name)

    def _note(self, sources: Collection[Source]) -> None:
        self._counted_s = {source.name: told[1] for source in sources if (told := source.heard())}

    # --- what that means

    def _judge(self, behind: Mapping[str, timedelta]) -> None:
        told = list(behind.values())
        self._alone = self._alone + 1 if len(told) == 1 else 0
        if len(told) == 1 and self._alone < ALONE:
            self._in_doubt = True
        elif all(abs(each) <= OFF for each in told):
            self._all_is_well()
        elif all(abs(each) > OFF for each in told) and max(told) - min(told) <= OFF:
            self._is_wrong(timedelta(seconds=fmean(each.total_seconds() for each in told)), behind)
        else:
            self._they_disagree(behind)

    def _all_is_well(self) -> None:
        incidents.close("clocks_disagree")
        self._are_right()
        self._in_doubt = self._good < GOOD_LOOKS

    def _are_right(self) -> None:
        self._good += 1
        if self._good >= GOOD_LOOKS and Setting.read(shop_time.WRONG) is not None:
            Setting.write(shop_time.WRONG, None)
            log.warning("the outside says that the shop's time is right: sales are open")
        shop_time.confirm()
        self._sure = Setting.read(shop_time.WRONG) is None
        _tell_of_the_machine()

    def _is_wrong(self, by: timedelta, behind: Mapping[str, timedelta]) -> None:
        self._good, self._alone, self._in_doubt, self._sure = 0, 0, True, False
        provider.mark(shop_time.WRONG, True)
        incidents.open("clock_wrong", detail=f"{_worded(by)} ({', '.join(behind)}); sales were closed")
        changed = retry_on_deadlock(lambda: shop_time.correct(by))
        log.error("the shop's time was corrected by %.0f s; %s rows", by.total_seconds(), changed)

    def _they_disagree(self, behind: Mapping[str, timedelta]) -> None:
        """Two of three clocks that tell the same are right; ours may be one of them."""
        self._in_doubt = True
        told = "; ".join(f"by {name} our clock is {_off(each)}" for name, each in sorted(behind.items()))
        incidents.open("clocks_disagree", detail=told)
        if any(abs(each) <= OFF for each in behind.values()):
            self._are_right()
        else:
            self._good = 0


def _tell_of_the_machine() -> None:
    """The machine's own clock moves nothing before the next boot, but whoever runs it should know."""
    behind = _machine_behind()
    if abs(behind) > OFF:
        detail = f"the machine's clock is {_off(behind)}; the shop counts on, and sells"
        incidents.open("clock_wrong", detail=detail)
    elif Setting.read(shop_time.WRONG) is None:
        incidents.close("clock_wrong")


def _machine_behind() -> timedelta:
    return clock.now() - clock.wall() - timedelta(seconds=clock.offset_s())


def _worded(by: timedelta) -> str:
    return f"the shop's clock was {_off(by)} and is corrected"


def _off(behind: timedelta) -> str:
    return f"{abs(behind.total_seconds()):.0f} s {'behind' if behind > timedelta(0) else 'ahead'}"
