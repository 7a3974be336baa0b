"""docs/api.md says what the OpenAPI document says."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api import reference
from webapp.base.config import ROOT

PAGE = ROOT / "docs/api.md"


@pytest.fixture
def document(browser: FlaskClient) -> dict[str, Any]:
    return dict(browser.get("/api/openapi.json").get_json())


def test_the_page_is_made_of_the_document(document: dict[str, Any], request: pytest.FixtureRequest) -> None:
    page = reference.page(document)
    if request.config.getoption("--rewrite"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "write it anew with --rewrite"


def test_everything_of_the_document_is_on_the_page(document: dict[str, Any]) -> None:
    page = PAGE.read_text()
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            section = page.partition(f"## {method.upper()} {path}\n")[2].partition("\n## ")[0]
            assert told["summary"] in section
            assert all(f"| {status} |" in section for status in told["responses"])
            assert all(f"`{one['name']}`" in section for one in told.get("parameters", ()))
    for name, schema in document["components"]["schemas"].items():
        section = page.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert all(f"`{field}`" in section for field in schema.get("properties", ()))
