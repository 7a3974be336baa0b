"""What a callback says, as one event of ours. Nothing here fails, whatever eSIM Go sends.

Source: eSIM Go API v2.5, notifications, in both callback versions. The key that names the event is alertType,
of the esim.* ones event; of Profile Status Change it is not public, so several are tried, and case, dots and
spaces do not matter. The order.* events and eSIM.ready are not documented: the door is ready for them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from webapp.clients.esimgo import fields

NAMED_BY = ("alerttype", "event", "eventtype", "type", "alert", "notificationtype", "name")
INSIDE = ("data", "payload", "esim", "order")
MOST_ICCIDS = 50


class Kind(StrEnum):
    UTILISATION = "utilisation"
    FIRST_ATTACHMENT = "first_attachment"
    FIRST_USE = "first_use"
    COUNTRY_CHANGE = "country_change"
    TOP_UP = "top_up"
    LOW_BALANCE = "low_balance"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    DELETION_SCHEDULED = "deletion_scheduled"
    DELETED = "deleted"
    MSISDN_ENABLED = "msisdn_enabled"
    MSISDN_DISABLED = "msisdn_disabled"
    SMS_FAILED = "sms_failed"
    PROFILE_STATUS = "profile_status"
    ORDER_CREATED = "order_created"
    ORDER_ACTIVATED = "order_activated"
    ORDER_FAILED = "order_failed"
    ESIM_READY = "esim_ready"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


OF_BALANCE = frozenset({Kind.TOP_UP, Kind.LOW_BALANCE, Kind.INSUFFICIENT_BALANCE})

SPELLINGS = {
    "utilisation": Kind.UTILISATION,
    "utilization": Kind.UTILISATION,
    "firstattachment": Kind.FIRST_ATTACHMENT,
    "firstuse": Kind.FIRST_USE,
    "countrychange": Kind.COUNTRY_CHANGE,
    "locationupdate": Kind.COUNTRY_CHANGE,
    "topup": Kind.TOP_UP,
    "autotopup": Kind.TOP_UP,
    "esimgotopup": Kind.TOP_UP,
    "lowbalance": Kind.LOW_BALANCE,
    "insufficientbalance": Kind.INSUFFICIENT_BALANCE,
    "esimdeletionscheduled": Kind.DELETION_SCHEDULED,
    "esimdeleted": Kind.DELETED,
    "msisdnenabled": Kind.MSISDN_ENABLED,
    "msisdndisabled": Kind.MSISDN_DISABLED,
    "smsfailed": Kind.SMS_FAILED,
    "profilestatuschange": Kind.PROFILE_STATUS,
    "profilestatuschanged": Kind.PROFILE_STATUS,
    "profilestatusupdate": Kind.PROFILE_STATUS,
    "profilestatus": Kind.PROFILE_STATUS,
    "profilechange": Kind.PROFILE_STATUS,
    "esimprofilestatuschange": Kind.PROFILE_STATUS,
    "esimprofilestatuschanged": Kind.PROFILE_STATUS,
    "esimstatuschange": Kind.PROFILE_STATUS,
    "ordercreated": Kind.ORDER_CREATED,
    "orderactivated": Kind.ORDER_ACTIVATED,
    "orderfailed": Kind.ORDER_FAILED,
    "esimready": Kind.ESIM_READY,
}


@dataclass(frozen=True)
class Event:
    """Where to look, and why. Its numbers (data left, balance) are not in it: we ask for them ourselves."""

    kind: Kind
    iccids: tuple[str, ...] = ()
    order_reference: str = ""


def read(body: str) -> Event:
    """Never raises: what cannot be read is an event too."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Event(Kind.UNREADABLE)
    if not isinstance(told, dict):
        return Event(Kind.UNKNOWN)
    row = _flat(told)
    return Event(_kind(row), _iccids(row), fields.text(row.get("orderreference") or row.get("orderid")))


def _flat(told: Mapping[object, object]) -> dict[str, object]:
    """The event and what it wraps, in one; the outer value counts."""
    row = fields.fold(told)
    inside = [row[key] for key in INSIDE if key in row]
    for wrapped in inside:
        if isinstance(wrapped, dict):
            row = fields.fold(wrapped) | row
    return row


def _kind(row: Mapping[str, object]) -> Kind:
    names = (_bare(row[key]) for key in NAMED_BY if key in row)
    known = (SPELLINGS[name] for name in names if name in SPELLINGS)
    return next(known, Kind.PROFILE_STATUS if "profilestatus" in row else Kind.UNKNOWN)


def _bare(value: object) -> str:
    return "".join(letter for letter in fields.lower(value) if letter.isalnum())


def _iccids(row: Mapping[str, object]) -> tuple[str, ...]:
    """FirstUse carries its ICCID as a JSON number."""
    found = (*fields.iccids(row.get("iccid")), *fields.iccids(row.get("iccids")))
    return tuple(dict.fromkeys(found))[:MOST_ICCIDS]
