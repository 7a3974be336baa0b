"""Every method of the client: how it is called, its happy answer, and what each fault must become."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import responses
from responses.matchers import query_param_matcher

from webapp.clients.esimgo import errors
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID, REFERENCE
from .conftest import BASE

SINCE = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)
ASSIGNMENT = "300000001"
ESIM = f"/esims/{ICCID}"


@dataclass(frozen=True)
class Endpoint:
    """`rows`: the key of the list in its answer. `unread`: its body says nothing, 2xx is enough.

    `asks_first`: the answer to the harmless question before the call that acts. `has_filter`: where this is
    refused, it is asked once more without one.
    """

    method: str
    path: str
    happy: Any
    call: Callable[[ESIMGoClient], Any]
    nature: Literal["read", "lookup", "purchase"] = "read"
    rows: str | None = None
    unread: bool = False
    once: bool = False
    has_filter: bool = False
    asks_first: Any = None
    params: dict[str, str] = field(default_factory=dict)

    def answers(self, esimgo: responses.RequestsMock, **answer: Any) -> responses.BaseResponse:
        """What eSIM Go is to answer; the question that comes first is answered with yes."""
        address = BASE + self.path
        if self.asks_first is not None:
            asked = query_param_matcher({"type": "validate"}, strict_match=False)
            esimgo.add(self.method, address, json=self.asks_first, match=[asked])
        match = [query_param_matcher(self.params, strict_match=False)]
        return esimgo.add(self.method, address, match=match, **answer)


ENDPOINTS = {
    "authenticate": Endpoint("GET", "/organisation", answers.ORGANISATION, lambda c: c.authenticate()),
    "organisation_groups": Endpoint(
        "GET", "/organisation/groups", answers.GROUPS, lambda c: c.organisation_groups(), rows="groups"
    ),
    "get_products": Endpoint(
        "GET", "/catalogue", answers.CATALOGUE, lambda c: c.get_products("GB"), rows="bundles"
    ),
    "catalogue_bundle": Endpoint(
        "GET", f"/catalogue/bundle/{BUNDLE}", answers.UK, lambda c: c.catalogue_bundle(BUNDLE), "lookup"
    ),
    "networks": Endpoint(
        "GET", "/networks", answers.NETWORKS, lambda c: c.networks(["GB"]), rows="countryNetworks"
    ),
    "list_orders": Endpoint(
        "GET",
        "/orders",
        {"orders": [answers.ORDER]},
        lambda c: c.list_orders(SINCE, UNTIL).orders,
        rows="orders",
        has_filter=True,
    ),
    "audit_orders": Endpoint(
        "GET",
        "/orders",
        {"orders": [answers.ORDER]},
        lambda c: c.audit_orders(SINCE, UNTIL).orders,
        rows="orders",
        has_filter=True,
    ),
    "get_order_status": Endpoint(
        "GET", f"/orders/{REFERENCE}", answers.ORDER, lambda c: c.get_order_status(REFERENCE), "lookup"
    ),
    "activate_esim": Endpoint(
        "GET", f"/orders/{REFERENCE}", answers.ORDER, lambda c: c.activate_esim(REFERENCE), "lookup"
    ),
    "assignments": Endpoint(
        "GET",
        "/esims/assignments",
        {"esims": [answers.ESIM]},
        lambda c: c.assignments(REFERENCE),
        "lookup",
        rows="esims",
    ),
    "esims": Endpoint("GET", "/esims", answers.ESIMS, lambda c: c.esims().esims, rows="esims"),
    "esim": Endpoint("GET", ESIM, answers.DETAILS, lambda c: c.esim(ICCID), "lookup"),
    "esim_bundles": Endpoint(
        "GET", f"{ESIM}/bundles", answers.ON_ESIM, lambda c: c.esim_bundles(ICCID), "lookup", rows="bundles"
    ),
    "bundle_status": Endpoint(
        "GET",
        f"{ESIM}/bundles/{BUNDLE}",
        answers.BUNDLE_STATUS,
        lambda c: list(c.bundle_status(ICCID, BUNDLE).assignments),
        "lookup",
        rows="assignments",
    ),
    "compatible": Endpoint(
        "GET",
        f"{ESIM}/compatible/{BUNDLE}",
        {"compatible": True},
        lambda c: c.compatible(ICCID, BUNDLE),
        "lookup",
    ),
    "history": Endpoint(
        "GET",
        f"{ESIM}/history",
        {"history": answers.HISTORY},
        lambda c: c.history(ICCID),
        "lookup",
        rows="history",
    ),
    "location": Endpoint("GET", f"{ESIM}/location", answers.LOCATION, lambda c: c.location(ICCID), "lookup"),
    "refresh": Endpoint(
        "GET",
        f"{ESIM}/refresh",
        {"status": "ok"},
        lambda c: c.refresh(ICCID),
        "lookup",
        unread=True,
        once=True,
    ),
    "suspend": Endpoint(
        "POST", f"{ESIM}/suspend", {"status": "suspended"}, lambda c: c.suspend(ICCID), unread=True
    ),
    "suspended": Endpoint(
        "GET", f"{ESIM}/suspend", {"suspended": True}, lambda c: c.suspended(ICCID), "lookup"
    ),
    "set_customer_reference": Endpoint(
        "PUT",
        "/esims",
        {"status": "success"},
        lambda c: c.set_customer_reference(ICCID, "ours"),
        "lookup",
        unread=True,
    ),
    "validate_order": Endpoint("POST", "/orders", answers.QUOTE, lambda c: c.validate_order(BUNDLE)),
    "inventory": Endpoint("GET", "/inventory", answers.INVENTORY, lambda c: c.inventory(), rows="bundles"),
    "may_revoke": Endpoint(
        "DELETE",
        f"{ESIM}/bundles/{BUNDLE}",
        answers.MAY_REVOKE,
        lambda c: c.may_revoke(ICCID, BUNDLE),
        params={"type": "validate", "refundToBalance": "true"},
    ),
    "create_order": Endpoint("POST", "/orders", answers.ORDER, lambda c: c.create_order(BUNDLE), "purchase"),
    "apply_bundle": Endpoint(
        "POST", "/esims/apply", answers.APPLIED, lambda c: c.apply_bundle(BUNDLE), "purchase"
    ),
    "refund_inventory": Endpoint(
        "POST", "/inventory/refund", answers.REFUNDED, lambda c: c.refund_inventory(4200001), "purchase"
    ),
    "revoke": Endpoint(
        "DELETE",
        f"{ESIM}/bundles/{BUNDLE}",
        answers.REVOKED,
        lambda c: c.revoke(ICCID, BUNDLE),
        "purchase",
        asks_first=answers.MAY_REVOKE,
        params={"type": "transaction", "refundToBalance": "true"},
    ),
    "revoke one assignment": Endpoint(
        "DELETE",
        f"{ESIM}/bundles/{BUNDLE}/assignments/{ASSIGNMENT}",
        answers.REVOKED,
        lambda c: c.revoke(ICCID, BUNDLE, ASSIGNMENT),
        "purchase",
        asks_first=answers.MAY_REVOKE,
        params={"type": "transaction", "refundToBalance": "true"},
    ),
}

TEXT = {"content_type": "text/plain"}
FAULTS: dict[str, dict[str, Any]] = {
    "400": {"status": 400, "json": {"message": "why"}},
    "400 text": {"status": 400, "body": "why"} | TEXT,
    "400 funds": {"status": 400, "json": {"message": "Insufficient balance"}},
    "401 text": {"status": 401, "body": "Unauthorized"} | TEXT,
    "402 funds": {"status": 402, "body": "not enough credit"} | TEXT,
    "403": {"status": 403, "json": {"message": "Forbidden"}},
    "403 other": {"status": 403, "json": {"message": "ICCID is not accessible"}},
    "404": {"status": 404, "body": ""},
    "405": {"status": 405, "body": ""},
    "408": {"status": 408, "body": ""},
    "409": {"status": 409, "body": ""},
    "410": {"status": 410, "json": {"message": "deactivated"}},
    "422": {"status": 422, "json": {"message": "why"}},
    "429": {"status": 429, "headers": {"Retry-After": "0"}, "json": {"message": "Rate limit exceeded"}},
    "500": {"status": 500, "body": "<html>oops</html>"},
    "502": {"status": 502, "body": ""},
    "503": {"status": 503, "body": "Processing"} | TEXT,
    "503 later": {"status": 503, "headers": {"Retry-After": "0"}, "json": {"message": "Processing"}},
    "504": {"status": 504, "body": ""},
    "redirect": {"status": 302, "headers": {"Location": "https://elsewhere.test/"}},
    "not modified": {"status": 304},
    "garbage": {"status": 200, "body": b"\xff<<"},
    "empty": {"status": 200, "body": b""},
    "text": {"status": 200, "body": "OK"} | TEXT,
    "wrong shape": {"status": 200, "json": {"surprise": 1}},
    "error in disguise": {"status": 200, "json": {"error": "oops"}},
    "nested": {"status": 200, "body": b'{"a":' * 100_000},
}
BODY_FAULTS = {"garbage", "empty", "text", "wrong shape", "error in disguise", "nested"}
REPEATED = {"408", "429", "500", "502", "503", "503 later", "504"}

READ: dict[str, type[errors.EsimGoError]] = {
    "400": errors.Refused,
    "400 text": errors.Refused,
    "400 funds": errors.OutOfFunds,
    "401 text": errors.AccessDenied,
    "402 funds": errors.OutOfFunds,
    "403": errors.AccessDenied,
    "403 other": errors.AccessDenied,
    "404": errors.NotThere,
    "405": errors.Refused,
    "408": errors.Unavailable,
    "409": errors.Refused,
    "410": errors.Gone,
    "422": errors.Refused,
    "429": errors.RateLimited,
    "500": errors.Unavailable,
    "502": errors.Unavailable,
    "503": errors.Unavailable,
    "503 later": errors.TryLater,
    "504": errors.Unavailable,
    "redirect": errors.Unusable,
    "not modified": errors.Unusable,
} | dict.fromkeys(BODY_FAULTS, errors.Unusable)
EXPECTED = {
    "read": READ,
    "lookup": READ | dict.fromkeys(["400", "400 text", "403 other"], errors.NotThere),
    "purchase": dict.fromkeys(FAULTS, errors.Unclear)
    | {fault: READ[fault] for fault in FAULTS if fault[:3] in {"400", "401", "402", "403", "429"}},
}


# --- variants: other ways to say the same

Json = Any


def everywhere(change: Callable[[dict[str, Json]], dict[str, Json]]) -> Callable[[Json], Json]:
    """Change every object of an answer."""

    def changed(value: Json) -> Json:
        if isinstance(value, list):
            return [changed(each) for each in value]
        return change({k: changed(v) for k, v in value.items()}) if isinstance(value, dict) else value

    return changed


def with_epochs(row: dict[str, Json]) -> dict[str, Json]:
    whole_second = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    return {
        key: int(datetime.fromisoformat(value).timestamp() * 1000)
        if isinstance(value, str) and whole_second.fullmatch(value)
        else value
        for key, value in row.items()
    }


def with_states_in_capitals(row: dict[str, Json]) -> dict[str, Json]:
    states = {"state", "bundleState", "profileStatus"} | ({"status"} if "orderReference" in row else set())
    return row | {key: row[key].upper() for key in states & row.keys()}


def with_other_spellings(row: dict[str, Json]) -> dict[str, Json]:
    others = {
        "groups": "group",
        "speed": "speeds",
        "createdDate": "createDate",
        "bundleState": "bundleStatus",
        "bundleName": "bundle",
        "smdpAddress": "rspUrl",
    }
    names_groups = "price" in row  # elsewhere it is the envelope
    return {k if k == "groups" and not names_groups else others.get(k, k): v for k, v in row.items()}


def with_schemes(row: dict[str, Json]) -> dict[str, Json]:
    return row | {key: f"http://{row[key]}/" for key in ("smdpAddress",) if key in row}


def with_iccids_as_numbers(row: dict[str, Json]) -> dict[str, Json]:
    numbers = {"iccids": [int(each) for each in row["iccids"]]} if row.get("iccids") else {}
    return row | ({"iccid": int(row["iccid"])} if "iccid" in row else {}) | numbers


WAYS: dict[str, Callable[[Json], Json]] = {
    "keys begin with capitals": everywhere(lambda row: {k[0].upper() + k[1:]: v for k, v in row.items()}),
    "keys are in small letters": everywhere(lambda row: {k.lower(): v for k, v in row.items()}),
    "unknown fields": everywhere(lambda row: row | {"newThing": {"deep": [1]}, "otherThing": None}),
    "numbers as text": everywhere(
        lambda row: {k: str(v) if type(v) in (int, float) else v for k, v in row.items()}
    ),
    "times as milliseconds": everywhere(with_epochs),
    "states in capitals": everywhere(with_states_in_capitals),
    "the other spelling": everywhere(with_other_spellings),
    "hosts with a scheme": everywhere(with_schemes),
    "ICCIDs as numbers": everywhere(with_iccids_as_numbers),
}


def envelopes(endpoint: Endpoint) -> dict[str, Json]:
    """The same answer in every wrapping that is known to occur."""
    if endpoint.rows is None:
        return {"alone in an array": [endpoint.happy]}
    rows, key = endpoint.happy[endpoint.rows], endpoint.rows
    found = {
        "a bare array": rows,
        "an envelope": {key: rows, "pageCount": 1},
        "an envelope in capitals": {key.upper(): rows, "PageCount": "1"},
        "broken rows between": {key: ["row", None, *rows, [], {"broken": 1}, 7]},
    }
    if len(rows) == 1:
        found |= {"a single object": rows[0], "a single object in the envelope": {key: rows[0]}}
    return found


def variants(endpoint: Endpoint) -> dict[str, bytes]:
    if endpoint.unread:
        return {"no body": b"", "a sentence": b"Done.", "null": b"null", "an array": b"[]"}
    said = {way: change(endpoint.happy) for way, change in WAYS.items()} | envelopes(endpoint)
    written = {name: json.dumps(body).encode() for name, body in said.items()}
    return written | {"a byte order mark": b"\xef\xbb\xbf" + json.dumps(endpoint.happy).encode()}
