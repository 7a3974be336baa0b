"""Bad input costs nothing: requests made from our own OpenAPI document, right and wrong ones, seeded.

Every answer is one that the document promises: its status, its type, its form; a wrong request is refused, a
right one is not, and nothing is ever a 5xx.
"""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.shop.conftest import Person
from tests.shop.factories import PLAN, make_order
from webapp.clients.esimgo import signature
from webapp.esims import callbacks

SEED = 18
SOME, ALL = 20, 60
"""Requests of each kind to each address."""

# A plan that we do not sell is a right request too, and so is one without initData.
RULES = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 404, 409, 422]
"""

# What is proven to come from eSIM Go or Telegram is taken as it is, as far as it can be read.
LENIENT: dict[str, list[CheckFunction]] = {
    path: [negative_data_rejection] for path in ("/api/esimgo/webhook", "/api/telegram/webhook")
}
SECRETS = {"X-Telegram-Bot-Api-Secret-Token": "hook"}

PLAIN = {"Accept-Encoding": "identity"}
"""Inside this process nobody unpacks an answer."""

Answers = Counter[tuple[str, int]]

pytestmark = pytest.mark.usefixtures("shelves")


def throw(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    times: int,
    headers: dict[str, str],
    real: dict[str, Any],
) -> Answers:
    """So many requests; half of the right ones name something that is really there."""
    answers: Answers = Counter()

    @seed(SEED)
    @settings(
        max_examples=times,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), is_real=st.booleans())
    def one(case: Case[Any], is_real: bool) -> None:
        if is_real and mode is GenerationMode.POSITIVE:
            for place, value in real.get(operation.label, {}).items():
                setattr(case, place, value)
        answer = case.call(headers=headers)
        answers[operation.label, answer.status_code] += 1
        case.validate_response(answer, headers=headers, excluded_checks=LENIENT.get(operation.path))

    one()
    return answers


@pytest.mark.proof
@pytest.mark.parametrize(
    ("engine", "known", "share"),
    [("sqlite_files", True, 1.0), ("postgresql_server", True, 1.0), ("sqlite_files", False, 0.5)],
    indirect=["engine"],
)
def test_requests_of_every_kind_get_what_the_document_promises(
    app: Flask, owner: Person, monkeypatch: pytest.MonkeyPatch, known: bool, share: float, in_full: bool
) -> None:
    monkeypatch.setattr(signature, "verify", lambda *_: "base64" if known else None)
    headers = PLAIN | (owner.headers | SECRETS if known else {})
    real = {
        "POST /api/esimgo/order": {"body": {"plan_id": PLAN}},
        "GET /api/esimgo/status/{reference}": {
            "path_parameters": {"reference": make_order("ready").reference}
        },
        "GET /api/esimgo/catalogue": {"query": {"country": "TR"}},
    }
    document = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", app, config=SchemathesisConfig.from_str(RULES)
    )
    answers: Answers = Counter()
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    assert {operation.label for operation in operations} >= set(real)
    assert {operation.path for operation in operations} >= set(LENIENT)
    for operation in operations:
        for mode in GenerationMode:
            answers += throw(operation, mode, round(share * (ALL if in_full else SOME)), headers, real)
    while callbacks.apply_waiting():
        pass
    report("with valid initData" if known else "without", answers)
    statuses = {status for _, status in answers}
    assert statuses >= ({200, 201, 400, 404, 422} if known else {200, 401})
    assert max(statuses) < 500


def report(who: str, answers: Answers) -> None:
    print(f"\nR18, {who}: {answers.total()} requests, worst status {max(status for _, status in answers)}")
    for (label, status), times in sorted(answers.items()):
        print(f"  {label}: {times} x {status}")
