"""The stand-in is held against eSIM Go's own OpenAPI document, corrected where that is known to be wrong.

Requests are made from the document, seeded; half of them name things that are really there. Every answer
must have a documented status, content type and form, and no field that the document does not know.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.readers import read_from_filename
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox import clock
from tests.sandbox.esimgo import KEY, TURKEY, TURKEY_SMALL, Provider, running
from tests.sandbox.openapi.patches import GONE, PATCHES, Patch, found, patched

SEED = 25
SOME, ALL = 8, 14
"""Requests to each address."""
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
REFUSED_ALWAYS = {"GET /catalogue/prices"}  # for partners billed by consumption only

Answers = Counter[tuple[str, int]]
Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    document, _ = read_from_filename(str(Path(__file__).with_name("esimgo_v2_5.yaml")))
    return dict(document)


@pytest.fixture(scope="module")
def corrected(official: dict[str, Any]) -> dict[str, Any]:
    return dict(patched(official, PATCHES))


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(balance="1000000") as provider:
        yield provider


def test_the_official_document_is_not_valid_and_the_corrected_one_is(
    official: dict[str, Any], corrected: dict[str, Any]
) -> None:
    assert list(OpenAPIV30SpecValidator(official).iter_errors())
    assert [error.message for error in OpenAPIV30SpecValidator(corrected).iter_errors()] == []


@pytest.mark.parametrize("patch", PATCHES, ids=[patch.path for patch in PATCHES])
def test_every_correction_changes_something_and_says_why(official: dict[str, Any], patch: Patch) -> None:
    before = copy.deepcopy(official)
    assert found(official, patch.path) != patch.value
    assert found(patched(official, [patch]), patch.path) == patch.value
    assert len(patch.reason) > 10
    assert official == before


def test_the_facts_are_kept_without_their_prose(official: dict[str, Any]) -> None:
    text = Path(__file__).with_name("esimgo_v2_5.yaml").read_text()
    told = [line for line in text.splitlines() if line.strip().startswith("description: ")]
    assert {line.strip() for line in told} == {"description: ''"}
    assert "example" not in text.split("openapi:")[1]
    assert len(official["paths"]) > 25


@pytest.mark.proof
def test_the_stand_in_answers_as_the_corrected_document_says(
    provider: Provider, corrected: dict[str, Any], in_full: bool
) -> None:
    began = clock.monotonic()
    document = schemathesis.openapi.from_dict(exact(corrected))
    operations = [one.ok() for one in document.get_all_operations() if isinstance(one, Ok)]
    assert {operation.label for operation in operations} >= {*NEEDED_QUERY, *BODIES}
    assert {one.name for operation in operations for one in operation.query} >= set(REAL_QUERY)
    answers: Answers = Counter()
    for operation in operations:
        answers += throw(operation, provider, ALL if in_full else SOME)
    served = {label for label, status in answers if status in (200, 201)}
    assert {operation.label for operation in operations} - served == REFUSED_ALWAYS
    assert max(status for _, status in answers) < 500
    print(
        f"\neSIM Go sandbox against OpenAPI: {len(operations)} operations, {answers.total()} requests,"
        f" {sum(times for (_, status), times in answers.items() if status < 300)} served,"
        f" {clock.monotonic() - began:.1f} s"
    )


@pytest.mark.parametrize(
    ("patch_path", "call"),
    [
        ("/paths/~1catalogue/get/responses/200/content", "GET /catalogue"),
        ("/components/schemas/CatalogueResponse/items/properties/imageUrl", "GET /catalogue"),
        ("/components/schemas/BundleCatalogueResponse/properties/price", "GET /catalogue/bundle/{name}"),
        ("/paths/~1orders/get/responses/200/content", "GET /orders"),
        ("/paths/~1esims~1{iccid}~1history/get/responses/200/content", "GET /esims/{iccid}/history"),
    ],
)
def test_without_a_correction_the_stand_in_would_not_conform(
    provider: Provider, official: dict[str, Any], patch_path: str, call: str
) -> None:
    patches = [patch for patch in PATCHES if patch.path != patch_path]
    document = schemathesis.openapi.from_dict(exact(patched(official, patches)))
    operations = [one.ok() for one in document.get_all_operations() if isinstance(one, Ok)]
    with pytest.raises(BaseExceptionGroup, match="failure"):
        throw(next(operation for operation in operations if operation.label == call), provider, ALL)


def exact(document: Any) -> Any:
    """The same, but an object may have no other fields than those that are named."""
    if isinstance(document, list):
        return [exact(part) for part in document]
    if not isinstance(document, dict):
        return document
    closed = {"additionalProperties": False} if isinstance(document.get("properties"), dict) else {}
    return {key: exact(value) for key, value in document.items()} | closed


def throw(operation: Operation, provider: Provider, times: int) -> Answers:
    """So many requests; what one of them may use up is new for each."""
    answers: Answers = Counter()
    there = [Things(provider)] if operation.method == "get" else []

    @seed(SEED)
    @settings(
        max_examples=times,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(GenerationMode.POSITIVE), is_real=st.booleans())
    def one(case: Case[Any], is_real: bool) -> None:
        if is_real:
            make_real(case, operation, there[0] if there else Things(provider))
        answer = case.call(base_url=f"http://127.0.0.1:{provider.port}/v2.5", headers={"X-API-Key": KEY})
        answers[operation.label, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    one()
    return answers


def make_real(case: Case[Any], operation: Operation, world: "Things") -> None:
    """Put things that are really there in the place of invented ones."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = world.values[name]
    asked = {name: REAL_QUERY[name](world) for name in case.query or {} if name in REAL_QUERY}
    needed = NEEDED_QUERY[operation.label](world) if operation.label in NEEDED_QUERY else {}
    case.query = asked | needed
    case.headers = CaseInsensitiveDict()
    if operation.label in BODIES:
        case.body = BODIES[operation.label](world)


class Things:
    """A new eSIM with a used and an unused bundle, its order, and a bundle in the inventory."""

    def __init__(self, provider: Provider) -> None:
        order = provider.buy(TURKEY)
        self.reference: str = order["orderReference"]
        self.iccid: str = order["order"][0]["iccids"][0]
        provider.install(self.iccid)
        provider.use(self.iccid, 10)
        provider.buy(TURKEY_SMALL, iccids=[self.iccid])
        provider.buy(TURKEY_SMALL, body={"assign": False})
        available = provider.get("/inventory")["bundles"][0]["available"]
        self.usage: int = available[-1]["id"]
        assigned = provider.get(f"/esims/{self.iccid}/bundles/{TURKEY_SMALL}")["assignments"]
        self.values = {
            "iccid": self.iccid,
            "name": TURKEY_SMALL,
            "bundle": TURKEY_SMALL,
            "orderReference": self.reference,
            "reference": self.reference,
            "assignmentId": assigned[0]["id"],
        }


Wish = Callable[[Things], Any]

REAL_QUERY: dict[str, Wish] = {
    "page": lambda _: 1,
    "perPage": lambda _: 50,
    "includeUsed": lambda _: "true",
    "includeIccids": lambda _: "true",
    "refundToBalance": lambda _: "true",
    "type": lambda _: "validate",
    "additionalFields": lambda _: "installUrl",
    "countries": lambda _: "TR",
    "direction": lambda _: "desc",
    "orderBy": lambda _: "iccid",
}
NEEDED_QUERY: dict[str, Wish] = {
    "GET /catalogue": lambda _: {"perPage": 20, "orderBy": "price"},
    "GET /esims/assignments": lambda world: {"reference": [world.reference]},
    "GET /orders": lambda _: {"createdAt": ["gte:2020-01-01T00:00:00Z"], "includeIccids": "true"},
    "GET /networks": lambda _: {"isos": "TR"},
    "POST /organisation/balance": lambda _: {"amount": 1000},
}
BODIES: dict[str, Wish] = {
    "POST /orders": lambda world: {
        "type": "validate" if world.usage % 2 else "transaction",
        "assign": True,
        "order": [{"type": "bundle", "quantity": 1, "item": TURKEY, "iccids": [world.iccid]}],
    },
    "POST /esims/apply": lambda world: {"name": TURKEY_SMALL, "iccid": world.iccid},
    "POST /esims/{iccid}/bundles": lambda _: {"name": TURKEY_SMALL},
    "POST /inventory/refund": lambda world: {"usageId": world.usage, "quantity": 1},
    "PUT /esims": lambda world: {"iccid": world.iccid, "customerRef": "SHOP-1"},
    "POST /esims/{iccid}/sms": lambda _: {"message": "Hello!"},
    "POST /esims/{iccid}/suspend": lambda _: {"suspend": True},
}


def test_nothing_stands_where_it_was_removed(official: dict[str, Any]) -> None:
    removed = [patch for patch in PATCHES if patch.value is GONE]
    assert removed
    corrected = patched(official, removed)
    assert all(found(corrected, patch.path) is GONE for patch in removed)
    with pytest.raises(KeyError):
        patched(corrected, removed)
