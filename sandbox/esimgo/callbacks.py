"""What callbacks say (eSIM Go, notifications pages): one function per kind, each gives a JSON body.

Balance kinds name no eSIM. `esim.*` events are told apart by `event`, all others by `alertType`.
"""

from datetime import datetime
from typing import Any

from sandbox.esimgo import stamps
from sandbox.esimgo.delivery import Delivery
from sandbox.esimgo.money import number

Body = dict[str, Any]

MSISDN = "440000000001"
DEVICE = {
    "imei": "000000000000000",
    "eid": "0" * 32,
    "tac": "00000000",
    "make": "Example",
    "model": "Phone",
}


def first_attachment(iccid: str) -> Body:
    return {"alertType": "FirstAttachment", "iccid": iccid}


def first_use(iccid: str, bundle: Body) -> Body:
    """The one callback whose iccid is a JSON number in the documentation."""
    return {"alertType": "FirstUse", "iccid": int(iccid), "bundle": bundle}


def utilisation(iccid: str, bundle: Body) -> Body:
    return {"iccid": iccid, "alertType": "Utilisation", "bundle": bundle}


def bundle(assignment: dict[str, Any], description: str, signature: str) -> Body:
    """The bundle within a callback; version 2, the unsigned one, says less."""
    told = {
        "name": assignment["name"],
        "initialQuantity": assignment["initial_b"],
        "remainingQuantity": assignment["remaining_b"],
        "startTime": assignment["start"],
        "endTime": assignment["end"],
    }
    if signature == "none":
        return told
    return {
        "id": assignment["id"],
        **told,
        "description": description,
        "reference": assignment["reference"],
        "unlimited": assignment["unlimited"],
    }


def country_change(iccid: str, code: str, name: str) -> Body:
    return {"alertType": "CountryChange", "iccid": iccid, "country": {"code": code, "name": name}}


def balance(alert: str, balance_m: int, threshold_m: int) -> Body:
    """LowBalance or InsufficientBalance."""
    info = {
        "balance": number(balance_m),
        "threshold": number(threshold_m),
        "thresholdPercentRemaining": round(balance_m * 100 / threshold_m, 2),
    }
    return {"alertType": alert, "balanceInfo": info}


def money_in(alert: str, old_m: int, new_m: int) -> Body:
    """Topup, AutoTopup or eSIMGoTopup: money on the balance, however oddly the key is called."""
    return {"alertType": alert, "bundle": {"oldAmount": number(old_m), "newAmount": number(new_m)}}


def deletion(event: str, iccid: str, at: datetime) -> Body:
    """esim.deletion_scheduled or esim.deleted."""
    return {"date": stamps.seconds(at), "event": event, "iccid": iccid}


def msisdn(alert: str, iccid: str, reason: str) -> Body:
    return {"alertType": alert, "iccid": iccid, "msisdn": MSISDN, "reason": reason}


def sms_failed(iccid: str, at: datetime) -> Body:
    return {"iccid": iccid, "msisdn": MSISDN, "alertType": "SMSFailed", "timestamp": stamps.milliseconds(at)}


def profile_status(iccid: str, status: str, at: datetime) -> Body:
    """The key that names this event is not public, so there is none."""
    return {"iccid": iccid, "profileStatus": status, "date": stamps.seconds(at), "device": DEVICE}


def of_order(event: str, reference: str, iccid: str | None, status: str, at: datetime) -> Body:
    """order.created, order.activated, order.failed, eSIM.ready: documented nowhere, the form is a guess."""
    told = {"event": event, "date": stamps.seconds(at), "orderReference": reference, "status": status}
    return told | ({"iccid": iccid} if iccid else {})


class Callbacks:
    """Tells the shop, signed in the account's way unless this one callback is to be signed otherwise."""

    def __init__(self, delivery: Delivery, signature: str = "base64") -> None:
        self._delivery, self.signature = delivery, signature

    @property
    def url(self) -> str | None:
        return self._delivery.url

    def forget(self) -> None:
        self._delivery.forget()

    def send(self, body: Body, signature: str = "") -> None:
        self._delivery.send(body, signature or self.signature)
