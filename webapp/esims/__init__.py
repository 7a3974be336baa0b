"""The life of an eSIM after delivery: followed at the provider, shown to its owner."""

from webapp.esims.following import activate, due, iccids_of, look_now, look_soon, postpone, refresh
from webapp.esims.forecast import Day, Forecast, Outlook, Pace, days, forecast, forecasts, usage_in
from webapp.esims.intervals import pause, setback
from webapp.esims.queries import (
    assignment_of,
    cards,
    current,
    find,
    is_installing,
    is_on_phone,
    is_past,
    of_customer,
    plan_of,
)
from webapp.esims.telling import remind
from webapp.esims.usage import usage_of
from webapp.esims.usage_warnings import UsageWarning, is_forgotten, warnings_of

__all__ = [
    "Day",
    "Forecast",
    "Outlook",
    "Pace",
    "UsageWarning",
    "activate",
    "assignment_of",
    "cards",
    "current",
    "days",
    "due",
    "find",
    "forecast",
    "forecasts",
    "iccids_of",
    "is_forgotten",
    "is_installing",
    "is_on_phone",
    "is_past",
    "look_now",
    "look_soon",
    "of_customer",
    "pause",
    "plan_of",
    "postpone",
    "refresh",
    "remind",
    "setback",
    "usage_in",
    "usage_of",
    "warnings_of",
]
