"""The document says what the API does: every route, and nothing else; valid, and true of real answers."""

import tomllib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator import validate as validate_document
from werkzeug.test import TestResponse

from tests.api.asking import MODEL, ask
from tests.shop.conftest import Person
from tests.shop.factories import PLAN, make_esim, make_order, make_plan
from webapp.base.config import ROOT
from webapp.models import STATUS
from webapp.views import openapi


@pytest.fixture
def document(browser: FlaskClient) -> dict[str, Any]:
    answer = browser.get("/api/openapi.json")
    assert answer.status_code == 200
    return dict(answer.get_json())


def documented(document: dict[str, Any]) -> set[str]:
    return {f"{method.upper()} {path}" for path, told in document["paths"].items() for method in told}


def test_every_route_is_in_the_document_and_nothing_else(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert documented(document) == routes
    assert len(routes) >= 6


def test_a_route_that_is_not_described_is_found(app: Flask) -> None:
    app.add_url_rule("/api/new", "new", lambda: "")
    with app.test_request_context(), pytest.raises(KeyError):
        openapi.document(app, "http://127.0.0.1:8000")


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate_document(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"].startswith("3.1")


def test_the_document_is_the_same_for_everybody_and_has_a_tag(browser: FlaskClient) -> None:
    first = browser.get("/api/openapi.json")
    in_russian = browser.get("/api/openapi.json?lang=ru", headers={"If-None-Match": first.headers["ETag"]})
    assert (in_russian.status_code, in_russian.data) == (304, b"")
    assert first.headers["Cache-Control"].startswith("public")


def test_its_version_is_the_projects(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]


def test_the_order_has_the_documented_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["PlacedOrder"]["required"]) == MODEL | {"invoice_url"}
    assert set(schemas["OrderStatus"]["required"]) == MODEL | {"stage", "deadline_at", "esim", "usage"}
    assert schemas["OrderStatus"]["properties"]["stage"]["enum"] == list(STATUS)


def test_personal_calls_and_no_others_ask_for_init_data(document: dict[str, Any]) -> None:
    personal = {
        f"{method} {path}"
        for path, told in document["paths"].items()
        for method, operation in told.items()
        if {"initData": []} in operation.get("security", [])
    }
    assert personal == {"post /api/esimgo/order", "get /api/esimgo/status/{reference}"}


def test_every_parameter_and_field_has_an_example_or_speaks_for_itself(document: dict[str, Any]) -> None:
    parameters = [
        parameter
        for told in document["paths"].values()
        for operation in told.values()
        for parameter in operation.get("parameters", [])
    ]
    assert {parameter["name"] for parameter in parameters} == {
        "country",
        "lang",
        "reference",
        "Idempotency-Key",
    }
    assert all(parameter["description"] and parameter["schema"]["examples"] for parameter in parameters)


# --- true of real answers


def fits(document: dict[str, Any], path: str, method: str, answer: TestResponse) -> None:
    """Raises when this status is not documented, or the body is not what it is documented to be."""
    told = document["paths"][path][method]["responses"][str(answer.status_code)]
    schema = told["content"]["application/json"]["schema"] | {"components": document["components"]}
    OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).validate(answer.get_json())


@pytest.mark.parametrize("stage", STATUS)
def test_an_order_of_every_stage_fits(owner: Person, document: dict[str, Any], stage: str) -> None:
    answer = owner.get(f"/api/esimgo/status/{make_order(stage).reference}")
    assert answer.status_code == 200
    fits(document, "/api/esimgo/status/{reference}", "get", answer)


@pytest.mark.usefixtures("shelves")
def test_catalogue_order_and_refusals_fit(owner: Person, document: dict[str, Any]) -> None:
    make_plan("tr-unlimited-plus-7d", plan_type="unlimited", data_mb=None, tier="plus")
    fits(document, "/api/esimgo/catalogue", "get", owner.browser.get("/api/esimgo/catalogue"))
    for body in ({"plan_id": PLAN}, {"plan_id": "none"}, {"x": 1}, {"plan_id": "x" * 20_000}):
        fits(document, "/api/esimgo/order", "post", ask(owner, "key", body))
    make_esim(make_order("active"))
    fits(document, "/api/esimgo/status/{reference}", "get", owner.get("/api/esimgo/status/none"))


def test_an_answer_with_a_field_missing_does_not_fit(document: dict[str, Any], owner: Person) -> None:
    answer = owner.get(f"/api/esimgo/status/{make_order('paid').reference}")
    answer.set_data(answer.get_data().replace(b'"stage"', b'"phase"'))
    with pytest.raises(Exception, match="'stage' is a required property"):
        fits(document, "/api/esimgo/status/{reference}", "get", answer)
