"""Every method against every kind of answer, in memory."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import responses

import webapp.clients.esimgo
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.budget import Budget
from webapp.clients.esimgo.calls import Call, Caller, Timeouts
from webapp.clients.esimgo.client import ESIMGoClient

from . import answers
from .answers import BUNDLE, ICCID, MATCHING_ID
from .conftest import BASE, KEY
from .loopback import nobody_listens
from .table import BODY_FAULTS, ENDPOINTS, EXPECTED, FAULTS, REPEATED, Endpoint, variants

SECRETS = (KEY, MATCHING_ID, "4711", "12345678", "not-to-be-kept", "owner@example.com")
NOT_AN_ENDPOINT = {"state", "esim_pages", "catalogue_pages", "catalogue", "organisation"}

CASES = [
    (name, fault)
    for name, endpoint in ENDPOINTS.items()
    for fault in FAULTS
    if not (endpoint.unread and fault in BODY_FAULTS)
]
VARIANTS = [(name, variant) for name, endpoint in ENDPOINTS.items() for variant in variants(endpoint)]
BUSY = Budget(10_000)


def result_of(endpoint: Endpoint, **answer: object) -> object:
    with responses.RequestsMock() as esimgo:
        endpoint.answers(esimgo, **answer)
        return endpoint.call(ESIMGoClient(KEY, BASE, budget=BUSY))


def test_every_method_of_the_client_is_in_the_table() -> None:
    methods = {name for name, _ in inspect.getmembers(ESIMGoClient, inspect.isfunction) if name[0] != "_"}
    assert methods - NOT_AN_ENDPOINT == set(ENDPOINTS) - {"revoke one assignment"}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_method_takes_its_happy_answer(
    name: str, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    endpoint = ENDPOINTS[name]
    endpoint.answers(esimgo, json=endpoint.happy)
    found = endpoint.call(client)
    sent = esimgo.calls[-1].request
    assert sent.headers["X-API-Key"] == KEY
    assert sent.headers["Accept"] == "application/json"
    assert not any(secret in repr(found) for secret in SECRETS)
    assert endpoint.unread or found


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_every_way_to_say_the_same_means_the_same(name: str, variant: str) -> None:
    endpoint = ENDPOINTS[name]
    happy = result_of(endpoint, json=endpoint.happy)
    assert result_of(endpoint, body=variants(endpoint)[variant], content_type="text/plain") == happy


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if endpoint.rows])
@pytest.mark.parametrize("body", ["null", "[]", '{"%s": null}', '{"%s": []}'])
def test_nothing_is_an_empty_list(name: str, body: str) -> None:
    endpoint = ENDPOINTS[name]
    assert not result_of(endpoint, body=body.replace("%s", endpoint.rows or ""))


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_every_method_has_a_named_error_for_every_fault(
    name: str,
    fault: str,
    client: ESIMGoClient,
    esimgo: responses.RequestsMock,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint = ENDPOINTS[name]
    tried = endpoint.answers(esimgo, **FAULTS[fault])
    with pytest.raises(errors.EsimGoError) as caught:
        endpoint.call(client)
    assert type(caught.value) is EXPECTED[endpoint.nature][fault]
    assert not any(secret in f"{caught.value!r} {caplog.text}" for secret in (*SECRETS, ICCID))
    repeated = endpoint.method == "GET" and not endpoint.once and fault in REPEATED
    asked_twice = endpoint.has_filter and fault in {"400", "400 text"}
    assert tried.call_count == (3 if repeated else 2 if asked_twice else 1)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_answer_that_is_sound_but_too_large_is_not_taken(
    name: str, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    endpoint = ENDPOINTS[name]
    megabytes = 21 if "/catalogue" in endpoint.path or endpoint.path == "/networks" else 3
    body = answers.as_bytes(endpoint.happy) + b" " * megabytes * 2**20
    tried = endpoint.answers(esimgo, body=body)
    expected = errors.Unclear if endpoint.nature == "purchase" else errors.Unusable
    with pytest.raises(expected, match="too large"):
        endpoint.call(client)
    assert tried.call_count == 1


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize("failure", [requests.ConnectionError, requests.ReadTimeout, requests.ConnectTimeout])
def test_a_dead_line_is_a_named_error_without_the_address(
    name: str,
    failure: type[Exception],
    client: ESIMGoClient,
    esimgo: responses.RequestsMock,
    pauses: list[float],
) -> None:
    endpoint = ENDPOINTS[name]
    endpoint.answers(esimgo, body=failure(f"{BASE}{endpoint.path} {KEY}"))
    lost = (errors.Unclear, errors.NotSent) if endpoint.nature == "purchase" else (errors.Unavailable,)
    with pytest.raises(lost) as caught:
        endpoint.call(client)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in str(caught.value)
    assert ICCID not in str(caught.value)


def leaves(error: type[errors.EsimGoError]) -> Iterator[type[errors.EsimGoError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from leaves(kind)


def test_every_error_is_reached_by_some_answer(pauses: list[float]) -> None:
    seen = set()
    for name in ("authenticate", "esim", "create_order"):
        for answer in FAULTS.values():
            with pytest.raises(errors.EsimGoError) as caught:
                result_of(ENDPOINTS[name], **answer)
            seen.add(type(caught.value))
    with nobody_listens() as address, pytest.raises(errors.EsimGoError) as caught:
        ESIMGoClient(KEY, address, budget=BUSY).create_order("any")
    seen.add(type(caught.value))
    assert seen == set(leaves(errors.EsimGoError))


@pytest.mark.parametrize(
    ("call", "never"),
    [
        (Call("POST", "/organisation/balance", params=(("amount", "1000"),)), True),
        (Call("DELETE", "/esims/{iccid}", {"iccid": ICCID}), True),
        (Call("DELETE", "/esims/{iccid}/", {"iccid": ICCID}), True),
        (Call("DELETE", "/esims", params=(("iccid", ICCID),)), True),
        (Call("POST", "/orders", body={"order": [{"allowReassign": True}]}), True),
        (Call("POST", "/orders", body={"order": [{"allowReassign": False}]}), False),
        (Call("DELETE", "/esims/{iccid}/bundles/{name}", {"iccid": ICCID, "name": BUNDLE}), False),
        (Call("GET", "/organisation"), False),
    ],
)
def test_what_must_never_be_sent_is_known_in_every_test_of_this_room(
    call: Call, never: bool, esimgo: responses.RequestsMock
) -> None:
    """Even where a request like it is answered, no test of the client could make it unseen."""
    esimgo.add(call.method, BASE + call.path, json={})
    caller = Caller(KEY, BASE, BUSY, Timeouts())
    if never:
        with pytest.raises(AssertionError):
            caller.once(call, lambda answer: answer)
    else:
        assert caller.once(call, lambda answer: answer).status == 200
    assert len(esimgo.calls) == (0 if never else 1)


def test_the_balance_is_never_charged_and_no_esim_deleted() -> None:
    source = "".join(path.read_text() for path in Path(webapp.clients.esimgo.__path__[0]).rglob("*.py"))
    assert "/organisation/balance" not in source
    deleted = {endpoint.path for endpoint in ENDPOINTS.values() if endpoint.method == "DELETE"}
    assert source.count('Call("DELETE"') == 2, "revoking a bundle, and one assignment of it"
    assert all("/bundles/" in path for path in deleted)


@pytest.mark.parametrize("name", ["", ".", "..", "..."])
def test_a_name_of_dots_cannot_shorten_a_path_to_the_esim_itself(
    name: str, client: ESIMGoClient, esimgo: responses.RequestsMock
) -> None:
    with pytest.raises(errors.NotThere):
        client.revoke(ICCID, name)
    with pytest.raises(errors.NotThere):
        client.revoke(ICCID, "bundle", name)
    with pytest.raises(errors.NotThere):
        client.get_order_status(name)
    assert len(esimgo.calls) == 0
