import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from webapp.clients.esimgo import envelopes
from webapp.clients.esimgo.errors import EsimGoError, Unusable
from webapp.clients.esimgo.payloads import (
    Applied,
    AssignmentState,
    CatalogueBundle,
    CountryNetworks,
    EsimBundle,
    EsimDetails,
    HistoryEntry,
    InstallData,
    Location,
    OrderQuote,
    Organisation,
    ProviderOrder,
    StockedBundle,
)
from webapp.clients.http import Answer

from . import answers
from .answers import ICCID, MATCHING_ID, Json


def answer(body: object, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else answers.as_bytes(body)
    return Answer(200, headers, content)


def test_a_country_bundle_is_read() -> None:
    bundle = CatalogueBundle.model_validate(answers.UK)
    assert (bundle.name, bundle.data_mb, bundle.unlimited, bundle.duration_days) == (
        answers.BUNDLE,
        1000,
        False,
        7,
    )
    assert (bundle.wholesale, bundle.currency, bundle.autostart) == (2150, None, True)
    assert [(c.iso, c.name, c.region) for c in bundle.countries] == [("GB", "United Kingdom", "Europe")]
    assert [country.iso for country in bundle.roaming] == ["IM"]
    assert (bundle.groups, bundle.speeds) == (("Standard Fixed",), ("4G", "5G"))


@pytest.mark.parametrize("amount", [-1, 50000, None])
def test_the_flag_decides_what_is_unlimited_never_the_number(amount: int | None) -> None:
    bundle = CatalogueBundle.model_validate(answers.EUROPE | {"dataAmount": amount})
    assert (bundle.unlimited, bundle.data_mb) == (True, None)


def test_an_allowance_alone_can_say_unlimited_or_how_much() -> None:
    bare = {key: value for key, value in answers.UK.items() if key not in ("unlimited", "dataAmount")}
    endless = [{"type": "DATA", "unlimited": True}]
    gigabytes = [{"type": "VOICE", "amount": 30}, {"type": "data", "amount": 3, "unit": "GB"}]
    assert CatalogueBundle.model_validate(bare | {"allowances": endless}).unlimited
    assert CatalogueBundle.model_validate(bare | {"allowances": gigabytes}).data_mb == 3000


@pytest.mark.parametrize(
    "change",
    [
        {"groups": None, "roamingEnabled": None, "countries": None, "speed": None, "allowances": None},
        {"group": "Standard Fixed", "groups": None},
        {"Price": "2.15", "price": None},
        {"price": "2.150", "duration": "7", "dataAmount": "1000"},
        {"duration": 7.0, "dataAmount": 1000.0, "autostart": "true"},
        {"speeds": "5G", "unknown": {"deep": [1]}, "description": None},
        {"countries": [{"iso": "GB"}, "nonsense", {"name": "no iso"}, None]},
        {"unlimited": "perhaps", "autostart": "perhaps"},
    ],
)
def test_variants_of_a_bundle_are_all_taken(change: Json) -> None:
    row = {
        key: value for key, value in (answers.UK | change).items() if not (key == "price" and value is None)
    }
    bundle = CatalogueBundle.model_validate(row)
    assert (bundle.wholesale, bundle.duration_days, bundle.data_mb) == (2150, 7, 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"price": 0},
        {"price": "cheap"},
        {"price": -2},
        {"duration": 0},
        {"duration": 1.5},
        {"dataAmount": -1},
        {"dataAmount": 0},
        {"dataAmount": None, "allowances": []},
        {"dataAmount": None, "allowances": [{"type": "DATA", "amount": 30, "unit": "MINS"}]},
        {"price": float("1e300")},
        {"price": 1_000_000.01},
        {"duration": 3651},
        {"dataAmount": 10**9 + 1},
    ],
)
def test_one_broken_row_is_counted_and_the_rest_is_kept(change: Json) -> None:
    page = envelopes.catalogue_page(answer({"bundles": [answers.UK | change, answers.EUROPE, "row"]}))
    assert [bundle.name for bundle in page.bundles] == ["esim_ULE_7D_REUL_V2"]
    assert page.skipped == 2


@pytest.mark.parametrize(
    ("body", "page_count"),
    [
        (answers.CATALOGUE, 1),
        (answers.CATALOGUE["bundles"], None),
        ({"Bundles": answers.CATALOGUE["bundles"], "PageCount": "3"}, 3),
    ],
)
def test_every_envelope_of_the_catalogue_is_opened(body: object, page_count: int | None) -> None:
    page = envelopes.catalogue_page(answer(body))
    assert (len(page.bundles), page.skipped, page.page_count) == (2, 0, page_count)


@pytest.mark.parametrize("body", [None, [], {"bundles": None}, {"bundles": []}])
def test_an_empty_catalogue_page_is_no_error(body: object) -> None:
    assert envelopes.catalogue_page(answer(body)).bundles == ()


@pytest.mark.parametrize("body", [{}, {"message": "hello"}, 7, "text", {"bundles": "text"}, True])
def test_an_answer_without_a_list_is_no_empty_list(body: object) -> None:
    with pytest.raises(Unusable):
        envelopes.catalogue_page(answer(body))
    with pytest.raises(Unusable):
        envelopes.orders(answer(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"<html>", b"\xff\xfe", b'{"balance": NaN}', b"[" * 200_000, b'{"a": 1e9999999999999999999}'],
)
def test_what_is_not_json_is_unusable(body: bytes) -> None:
    with pytest.raises(Unusable):
        envelopes.parsed(answer(body))


def test_an_order_is_read() -> None:
    order = ProviderOrder.model_validate(answers.ORDER)
    assert (order.reference, order.status, order.completed) == (answers.REFERENCE, "completed", True)
    assert (order.total, order.currency, order.running_balance, order.assigned) == (2150, "USD", 497850, True)
    assert order.created_at == datetime(2026, 10, 5, 9, 12, 43, 785826, UTC)
    item = order.items[0]
    assert (item.type, item.item, item.quantity, item.total) == ("bundle", answers.BUNDLE, 1, 2150)
    assert order.iccids == (ICCID,)
    assert order.esims[0].activation_code == f"LPA:1$rsp.example.com${MATCHING_ID}"


@pytest.mark.parametrize(
    "change",
    [
        {"total": "2.15", "runningBalance": None},
        {"Order": answers.ORDER["order"], "Status": "Completed"},
        {"createDate": answers.ORDER["createdDate"], "createdDate": None},
        {"statusMessage": ["odd"], "runningBalance": "unknown", "assigned": "perhaps", "currency": None},
    ],
)
def test_variants_of_an_order_are_all_taken(change: Json) -> None:
    row = {key: value for key, value in (answers.ORDER | change).items() if value is not None}
    if "Order" in row:
        del row["order"]
    order = ProviderOrder.model_validate(row)
    assert (order.completed, order.total, len(order.esims)) == (True, 2150, 1)
    assert order.created_at is not None


def test_a_reference_is_never_lost_for_the_sake_of_something_else() -> None:
    order = ProviderOrder.model_validate(
        {"orderReference": "r1", "order": "odd", "total": {}, "createdDate": []}
    )
    assert (order.reference, order.items, order.total, order.created_at) == ("r1", (), None, None)
    assert not order.completed
    assert order.assigned is None


def test_an_unfinished_order_knows_its_iccids_before_its_install_data() -> None:
    row = copy.deepcopy(answers.ORDER)
    row["order"][0]["esims"] = [{"iccid": ICCID, "matchingId": "", "smdpAddress": ""}]
    order = ProviderOrder.model_validate(row)
    assert (order.esims, order.iccids) == ((), (ICCID,))


@pytest.mark.parametrize(
    "body",
    [
        answers.ORDER,
        [answers.ORDER],
        {"orders": [answers.ORDER]},
        {"orders": [answers.ORDER], "pageCount": 1},
        {"data": [answers.ORDER]},
    ],
)
def test_every_envelope_of_the_order_list_is_opened(body: object) -> None:
    orders, skipped, _ = envelopes.orders(answer(body))
    assert ([order.reference for order in orders], skipped) == ([answers.REFERENCE], 0)


@pytest.mark.parametrize(
    "given",
    [
        ICCID,
        int(ICCID),
        f" {ICCID} ",
        "89445 01000 00018 1227",
    ],
)
def test_an_iccid_keeps_every_digit(given: object) -> None:
    body = json.dumps(answers.ESIM | {"iccid": given}).encode()
    assert envelopes.installs(answer(body))[0].iccid == ICCID


@pytest.mark.parametrize("given", ["8.944501e18", '"8944x"', "true", "null", "[]", '""'])
def test_an_iccid_that_lost_digits_is_no_iccid(given: str) -> None:
    body = json.dumps(answers.ESIM | {"iccid": "HERE"}).replace('"HERE"', given).encode()
    assert envelopes.installs(answer(body)) == ()


@pytest.mark.parametrize(
    "given",
    ["rsp.example.com", "http://rsp.example.com", "https://RSP.example.com/path ", " rsp.example.com/"],
)
def test_the_host_of_an_activation_code_is_bare(given: str) -> None:
    install = InstallData.model_validate(answers.ESIM | {"smdpAddress": given})
    assert install.activation_code == f"LPA:1$rsp.example.com${MATCHING_ID}"


@pytest.mark.parametrize("change", [{"smdpAddress": "a b$c"}, {"matchingId": "AB$CD"}, {"matchingId": ""}])
def test_what_would_break_an_activation_code_is_left_out(change: Json) -> None:
    assert envelopes.installs(answer([answers.ESIM | change])) == ()


@pytest.mark.parametrize(
    "body",
    [
        answers.as_bytes(answers.ESIM),
        answers.as_bytes([answers.ESIM]),
        answers.as_bytes({"esims": [answers.ESIM, {"iccid": "broken"}]}),
        answers.as_bytes({"ICCID": ICCID, "matchingID": MATCHING_ID, "rspUrl": "https://rsp.example.com"}),
    ],
)
def test_every_envelope_of_install_data_is_opened(body: bytes) -> None:
    assert [i.activation_code for i in envelopes.installs(answer(body))] == [
        f"LPA:1$rsp.example.com${MATCHING_ID}"
    ]


def test_details_of_an_esim() -> None:
    details = EsimDetails.model_validate(answers.DETAILS)
    assert (details.profile_status, details.state, details.customer_ref) == (
        "installed",
        "active",
        "ORDER-1001",
    )
    assert details.first_installed_at == datetime(2026, 10, 5, 9, 12, 57, 280000, UTC)
    assert details.install_data is not None
    assert EsimDetails.model_validate({"iccid": ICCID}).install_data is None


def test_bundles_on_an_esim() -> None:
    bundle = EsimBundle.model_validate(answers.ON_ESIM["bundles"][0])
    state = bundle.assignments[0]
    assert (state.id, state.reference, state.bundle) == (
        "300000001",
        f"{answers.REFERENCE}-0",
        answers.BUNDLE,
    )
    assert (state.state, state.initial_bytes, state.remaining_bytes) == ("active", 1_000_000_000, 750_000_000)
    assert (state.starts_at, state.ends_at) == (
        datetime(2026, 10, 7, 8, tzinfo=UTC),
        datetime(2026, 10, 14, 8, tzinfo=UTC),
    )


def test_variants_of_an_assignment() -> None:
    queued = AssignmentState.model_validate({"id": 7, "bundleStatus": "Queued", "initialQuantity": None})
    assert (queued.id, queued.state, queued.starts_at, queued.initial_bytes) == ("7", "queued", None, None)
    allowances = [{"type": "DATA", "initialAmount": 5, "remainingAmount": 3, "unit": "BYTES"}]
    other = AssignmentState.model_validate({"bundleState": "somethingNew", "allowances": allowances})
    assert (other.state, other.initial_bytes, other.remaining_bytes) == ("somethingnew", 5, 3)
    endless = AssignmentState.model_validate(
        {"bundleState": "active", "unlimited": True, "remainingQuantity": -1}
    )
    assert (endless.unlimited, endless.remaining_bytes) == (True, None)


@pytest.mark.parametrize("row", [{"valid": False}, {"valid": "false", "total": 0}])
def test_a_quote_that_is_refused_needs_no_total(row: Json) -> None:
    assert OrderQuote.model_validate(row).valid is False


@pytest.mark.parametrize(
    "row",
    [{"total": 2.15}, {"valid": True}, {"valid": "maybe", "total": 1}, {}, {"valid": True, "total": 1e14}],
)
def test_a_quote_must_say_whether_and_for_how_much(row: Json) -> None:
    with pytest.raises(Unusable):
        envelopes.single(OrderQuote, answer(row))


def test_secrets_show_in_no_repr() -> None:
    shown = repr(
        [
            InstallData.model_validate(answers.ESIM),
            ProviderOrder.model_validate(answers.ORDER),
            EsimDetails.model_validate(answers.DETAILS),
            Organisation.model_validate(answers.ORGANISATION),
            answer(answers.ORGANISATION),
            answer(answers.DETAILS),
        ]
    )
    for secret in (MATCHING_ID, "4711", "12345678", "not-to-be-kept", "owner@example.com"):
        assert secret not in shown


JUNK: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    1e300,
    10**30,
    True,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    "\ud800\0",
    "1e9",
    [1],
]

READERS: list[tuple[Callable[[Answer], object], object]] = [
    (envelopes.catalogue_page, answers.CATALOGUE),
    (envelopes.orders, [answers.ORDER]),
    (envelopes.installs, [answers.ESIM]),
    (envelopes.esim_bundles, answers.ON_ESIM),
    (partial(envelopes.esim_bundle, answers.BUNDLE), answers.BUNDLE_STATUS),
    (envelopes.esim_page, answers.ESIMS),
    (partial(envelopes.listed, HistoryEntry, ("history",)), answers.HISTORY),
    (partial(envelopes.listed, StockedBundle, ("bundles",)), answers.INVENTORY),
    (partial(envelopes.listed, CountryNetworks, ("countrynetworks",)), answers.NETWORKS),
    (lambda a: envelopes.single(Location, a), answers.LOCATION),
    (lambda a: envelopes.single(Applied, a), answers.APPLIED),
    (lambda a: envelopes.single(ProviderOrder, a), answers.ORDER),
    (lambda a: envelopes.single(OrderQuote, a), answers.QUOTE),
    (lambda a: envelopes.single(EsimDetails, a), answers.DETAILS),
    (lambda a: envelopes.single(Organisation, a, ("organisations",)), answers.ORGANISATION),
]


def test_junk_anywhere_in_an_answer_never_raises_anything_of_another_kind() -> None:
    chance, named = random.Random(2), 0
    for number in range(6000):
        read, happy = READERS[number % len(READERS)]
        body = copy.deepcopy(happy)
        for _ in range(chance.randrange(1, 4)):
            body = _spoiled(chance, body)
        try:
            read(answer(json.dumps(body).encode("utf-8", "surrogatepass")))
        except EsimGoError:
            named += 1
    assert 0 < named < 6000


def _spoiled(chance: random.Random, body: Any) -> Any:
    if not isinstance(body, dict | list) or not body or chance.random() < 0.15:
        return copy.deepcopy(chance.choice(JUNK))
    key = chance.choice(list(body) if isinstance(body, dict) else range(len(body)))
    body[key] = _spoiled(chance, body[key])
    return body


def test_values_cannot_be_changed() -> None:
    bundle: BaseModel = CatalogueBundle.model_validate(answers.UK)
    with pytest.raises(ValueError, match="frozen"):
        bundle.name = "other"  # type: ignore[attr-defined]
