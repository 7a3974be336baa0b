"""Every callback of eSIM Go becomes one event of ours, in whatever spelling it comes."""

import json
import random
import re
from typing import Any

import pytest

from webapp.base.config import ROOT
from webapp.esims.callbacks import Event, Kind, read

ICCID = "8944000000000000001"
BUNDLE = {"name": "b", "initialQuantity": 2, "remainingQuantity": 1, "reference": "uuid-0", "id": "7"}
BALANCE = {"balanceInfo": {"balance": 75, "threshold": 100, "thresholdPercentRemaining": 75}}
ORDER = {"orderReference": "uuid", "iccid": ICCID}


def of(**values: Any) -> Event:
    return read(json.dumps(values))


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"alertType": "Utilisation", "iccid": ICCID, "bundle": BUNDLE}, Event(Kind.UTILISATION, (ICCID,))),
        ({"alertType": "FirstAttachment", "iccid": ICCID}, Event(Kind.FIRST_ATTACHMENT, (ICCID,))),
        ({"alertType": "FirstUse", "iccid": int(ICCID)}, Event(Kind.FIRST_USE, (ICCID,))),
        (
            {"alertType": "CountryChange", "iccid": ICCID, "country": {"code": "NO", "name": "Norway"}},
            Event(Kind.COUNTRY_CHANGE, (ICCID,)),
        ),
        ({"alertType": "Topup", "bundle": {"oldAmount": 1, "newAmount": 2}}, Event(Kind.TOP_UP)),
        ({"alertType": "AutoTopup", "iccid": ICCID}, Event(Kind.TOP_UP, (ICCID,))),
        ({"alertType": "eSIMGoTopup"}, Event(Kind.TOP_UP)),
        ({"alertType": "LowBalance"} | BALANCE, Event(Kind.LOW_BALANCE)),
        ({"alertType": "InsufficientBalance"} | BALANCE, Event(Kind.INSUFFICIENT_BALANCE)),
        (
            {"event": "esim.deletion_scheduled", "date": "2030-01-01", "iccid": ICCID},
            Event(Kind.DELETION_SCHEDULED, (ICCID,)),
        ),
        ({"event": "esim.deleted", "iccid": ICCID}, Event(Kind.DELETED, (ICCID,))),
        ({"alertType": "MSISDNEnabled", "iccid": ICCID}, Event(Kind.MSISDN_ENABLED, (ICCID,))),
        (
            {"alertType": "MSISDNDisabled", "iccid": ICCID, "reason": "x"},
            Event(Kind.MSISDN_DISABLED, (ICCID,)),
        ),
        ({"alertType": "SMSFailed", "iccid": ICCID, "timestamp": 1}, Event(Kind.SMS_FAILED, (ICCID,))),
        ({"event": "order.created"} | ORDER, Event(Kind.ORDER_CREATED, (ICCID,), "uuid")),
        ({"event": "order.activated"} | ORDER, Event(Kind.ORDER_ACTIVATED, (ICCID,), "uuid")),
        ({"type": "order.failed", "data": {"orderReference": "uuid"}}, Event(Kind.ORDER_FAILED, (), "uuid")),
        ({"eventType": "eSIM.ready", "esim": {"iccid": ICCID}}, Event(Kind.ESIM_READY, (ICCID,))),
        (
            {"event": "order.created", "iccids": [ICCID, ICCID, "x", None]},
            Event(Kind.ORDER_CREATED, (ICCID,)),
        ),
        ({"alertType": "SomethingNew", "iccid": ICCID}, Event(Kind.UNKNOWN, (ICCID,))),
        ({"iccid": f" {ICCID} "}, Event(Kind.UNKNOWN, (ICCID,))),
        ({"alertType": ["FirstUse"], "type": "FirstUse"}, Event(Kind.FIRST_USE)),
        ({}, Event(Kind.UNKNOWN)),
    ],
)
def test_each_callback_is_one_event(body: dict[str, Any], event: Event) -> None:
    assert read(json.dumps(body)) == event


@pytest.mark.parametrize(
    "values",
    [
        {"alertType": "Profile Status Change"},
        {"alertType": "ProfileStatusChange"},
        {"AlertType": "profile_status_change"},
        {"event": "profile.status.changed"},
        {"event": "esim.profile_status_changed"},
        {"type": "PROFILE STATUS"},
        {"eventType": "eSIM Status Change"},
        {"name": "ProfileStatusUpdate"},
        {"profileStatus": "Installed", "device": {"imei": "0"}},
        {"event": "something", "data": {"ProfileStatus": "Released"}},
    ],
)
def test_a_change_of_the_profile_is_known_by_every_key_and_spelling(values: dict[str, Any]) -> None:
    assert of(iccid=ICCID, **values) == Event(Kind.PROFILE_STATUS, (ICCID,))


@pytest.mark.parametrize("spelling", ["firstuse", "FIRST USE", "first-use", "First_Use", " FirstUse "])
@pytest.mark.parametrize("key", ["alertType", "alert_type", "ALERTTYPE", "event", "type"])
def test_case_and_spaces_do_not_matter(key: str, spelling: str) -> None:
    assert of(**{key: spelling, "ICCID": ICCID}) == Event(Kind.FIRST_USE, (ICCID,))


@pytest.mark.parametrize(
    "iccid", [None, True, 8.9e18, ["89"], {"a": 1}, "", "one", "89/../1", "9" * 60, -8944]
)
def test_what_is_no_iccid_is_left_out(iccid: object) -> None:
    assert of(alertType="FirstUse", iccid=iccid) == Event(Kind.FIRST_USE)


def test_the_reference_of_an_assignment_is_not_taken_for_an_orders() -> None:
    assert of(alertType="Utilisation", iccid=ICCID, bundle=BUNDLE).order_reference == ""


@pytest.mark.parametrize("body", ["", "{", "�", "[" * 60_000, '{"iccid": ' + "9" * 5000 + "}"])
def test_what_is_no_json_is_an_event_too(body: str) -> None:
    assert read(body) == Event(Kind.UNREADABLE)


@pytest.mark.parametrize("body", ["[]", "null", "1", '"8944"', "NaN", '{"iccid": "\\ud800"}'])
def test_other_json_is_unknown(body: str) -> None:
    assert read(body) == Event(Kind.UNKNOWN)


def test_ten_thousand_odd_callbacks_are_all_read() -> None:
    chance = random.Random(4)
    keys = ["alertType", "event", "iccid", "data", "order", "orderReference", "bundle", "iccids", "esim", ""]

    def odd(depth: int = 0) -> Any:
        kind = chance.randrange(8 if depth < 3 else 6)
        if kind == 6:
            return [odd(depth + 1) for _ in range(chance.randrange(3))]
        if kind == 7:
            return {chance.choice(keys): odd(depth + 1) for _ in range(chance.randrange(5))}
        return [None, True, -1.5, 10**30, ICCID, chance.choice(["FirstUse", "\ud800", "\0", "x" * 300])][kind]

    kinds = {read(json.dumps({chance.choice(keys): odd() for _ in range(4)})).kind for _ in range(10_000)}
    assert kinds >= {Kind.FIRST_USE, Kind.UNKNOWN}


def test_the_documentation_has_every_event_and_no_other() -> None:
    text = (ROOT / "docs" / "esim-go.md").read_text()
    section = text.split("## Callbacks", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"^\| [^|]+ \| `([a-z_]+)` \|", section, re.MULTILINE)
    assert sorted(named) == sorted(kind.value for kind in Kind)
