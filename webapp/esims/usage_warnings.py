"""When somebody should hear of a plan without having asked. Rules only: whoever sends them remembers
what was sent.

Each warning is sent once per plan. Of those that hold at one look the first that was not sent yet goes out,
and no other: two messages in one minute about the same data are one too many.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from webapp.esims.forecast import Forecast, Outlook
from webapp.models import Esim
from webapp.models.profiles import INSTALLED

MOSTLY = 80
SOON = timedelta(days=2)
TOO_EARLY_BY = timedelta(days=1)
SURE_AFTER = timedelta(days=1)
LAST_DAY = timedelta(days=1)
SHORTEST_TO_REMIND = timedelta(days=3)

FORGOTTEN_AFTER = timedelta(days=3)
REMIND_UNTIL = timedelta(days=30)
BUSY_FOR = timedelta(hours=1)


class UsageWarning(StrEnum):
    RUNS_OUT = "runs_out"
    MOSTLY_USED = "mostly_used"
    ENDS_SOON = "ends_soon"


def warnings_of(forecast: Forecast, now: datetime) -> tuple[UsageWarning, ...]:
    """What there is to say of a plan in use, the most urgent first."""
    rules = {
        UsageWarning.RUNS_OUT: runs_out_early(forecast, now),
        UsageWarning.MOSTLY_USED: is_mostly_used(forecast),
        UsageWarning.ENDS_SOON: ends_within_a_day(forecast, now),
    }
    return tuple(warning for warning, holds in rules.items() if holds)


def is_mostly_used(forecast: Forecast) -> bool:
    """80 % of the data is used, and not all of it: then it is too late for a warning."""
    left, initial = forecast.left_bytes, forecast.initial_bytes
    if forecast.outlook not in {Outlook.CANNOT_TELL, Outlook.ENOUGH, Outlook.RUNS_OUT}:
        return False
    return bool(left and initial) and (left or 0) * 100 <= (initial or 0) * (100 - MOSTLY)


def runs_out_early(forecast: Forecast, now: datetime) -> bool:
    """At this pace the data ends within two days, a day or more before the plan does.

    Earlier it would be a guess, and later no use. The pace must have been seen for a whole day: nights are
    slow. A few hours without data at the very end are not worth a message.
    """
    out, end, pace = forecast.runs_out_at, forecast.ends_at, forecast.pace
    if forecast.outlook is not Outlook.RUNS_OUT or out is None or end is None or pace is None:
        return False
    return pace.span >= SURE_AFTER and out - now <= SOON and end - out >= TOO_EARLY_BY


def ends_within_a_day(forecast: Forecast, now: datetime) -> bool:
    """The plan's last 24 hours, while there is data to lose. A plan of less than three days is short enough
    to be remembered.
    """
    start, end = forecast.starts_at, forecast.ends_at
    if end is None or forecast.outlook in {Outlook.NOT_STARTED, Outlook.USED_UP, Outlook.OVER}:
        return False
    is_short = start is not None and end - start < SHORTEST_TO_REMIND
    return timedelta(0) < end - now <= LAST_DAY and not is_short


def is_forgotten(esim: Esim, now: datetime) -> bool:
    """Bought and never installed: three days after delivery, once.

    Whoever is on the way installs within hours; whoever buys ahead means to do it later, and later stands at
    the airport without Wi-Fi. Three days is past the first kind and mostly before the trip of the second.
    Whole days also make it the time of day at which they bought, so nobody is woken. After 30 days it is kept
    for a trip that is far, and nothing is lost: the plan waits (eSIM Go keeps it for a year).

    Not while they are at it (Activate was pressed within the hour), and not for what cannot be installed, was
    given back, or was on a phone before. Top-ups have no eSIM of their own. Wants the eSIM with its order.
    """
    if esim.installed_at is not None or esim.profile_status in INSTALLED or esim.is_useless:
        return False
    pressed = esim.activate_pressed_at
    is_busy = pressed is not None and now - pressed < BUSY_FOR
    is_time = FORGOTTEN_AFTER <= now - esim.created_at < REMIND_UNTIL
    return is_time and not is_busy and esim.state == "active" and esim.order.stage == "ready"
