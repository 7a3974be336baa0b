"""The OpenAPI document, made of the app's routes and of the models that check requests and build answers."""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from webapp.base.config import ROOT
from webapp.views import answers
from webapp.views.api_models import ErrorAnswer
from webapp.views.wiring import shop

blueprint = Blueprint("openapi", __name__, url_prefix="/api")

View = TypeVar("View", bound=Callable[..., Any])
Json = dict[str, Any]
Refs = Mapping[type[BaseModel], Json]

ABOUT = """\
Buy travel eSIMs and follow them. Personal calls carry the initData of Telegram's Mini App.

Every error is `{"error": {"code", "message"}}`: the code is stable, the message in the customer's language,
or in that of `Accept-Language` while the customer is not known. Unknown fields of a request are ignored.
Times are RFC 3339, UTC, with Z. Money is in thousandths of the currency unit.
"""
SECURITY = {
    "initData": {
        "type": "http",
        "scheme": "tma",
        "description": "`Authorization: tma <initData>`, as Telegram signed it; it counts for 24 hours.",
    },
    "esimgo": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature-SHA256",
        "description": "HMAC-SHA256 of the raw body with the API key, in base64 or hex.",
    },
    "telegram": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Telegram-Bot-Api-Secret-Token",
        "description": "The secret that was given to setWebhook.",
    },
}
PERSONAL = {401: ("unauthorized", "stale"), 429: ("too_many_requests",)}
LIMITED = {429: ("too_many_requests",)}
ANYWHERE = {500: ("internal_server_error",), 503: ("unavailable",)}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route reads and says.

    `parameters`: a model for each of path, query and header. `errors`: the codes of each status.
    `tagged`: its answer has an ETag, and who has it already gets a 304.
    """

    summary: str
    answer: type[BaseModel]
    status: int = 200
    body: type[BaseModel] | None = None
    parameters: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    security: str | None = None
    errors: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    tagged: bool = False


def described(operation: Operation) -> Callable[[View], View]:
    """Put a route under /api/ into the document: its function carries what is said of it."""

    def note(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined] # read by `_operation`
        return view

    return note


class Document(BaseModel):
    """This document."""

    openapi: str
    info: Json
    servers: list[Json]
    paths: Json
    components: Json


@blueprint.get("/openapi.json")
@described(Operation(summary="This document", answer=Document, errors=LIMITED, tagged=True))
def show() -> Response:
    known = current_app.extensions
    if "openapi" not in known:
        known["openapi"] = json.dumps(document(current_app, shop().config.public_url))
    return answers.public(known["openapi"])


def document(app: Flask, address: str) -> Json:
    """OpenAPI 3.1 of the app at `address`. Raises KeyError for a route under /api/ that is not described."""
    rules = sorted((r for r in app.url_map.iter_rules() if r.rule.startswith("/api/")), key=lambda r: r.rule)
    routes = [(rule, _operation(app.view_functions[rule.endpoint])) for rule in rules]
    refs, definitions = _schemas([operation for _rule, operation in routes])
    paths: dict[str, Json] = {}
    for rule, operation in routes:
        path = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path[method.lower()] = _told(rule.endpoint, operation, refs)
    return Document(
        openapi="3.1.0",
        info={"title": "Simka", "version": version(), "description": ABOUT},
        servers=[{"url": address}],
        paths=paths,
        components={"schemas": definitions, "securitySchemes": SECURITY},
    ).model_dump()


def _operation(view: Callable[..., Any]) -> Operation:
    found: Operation | None = getattr(view, "operation", None)
    if found is None:
        raise KeyError(view)
    return found


def version() -> str:
    """The shop's version, from the one place that has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def _told(name: str, operation: Operation, refs: Refs) -> Json:
    told: Json = {"operationId": name, "summary": operation.summary}
    if operation.security:
        told["security"] = [{operation.security: []}]
    if operation.parameters:
        told["parameters"] = [
            one for where, model in operation.parameters.items() for one in _parameters(where, model)
        ]
    if operation.body:
        told["requestBody"] = {"required": True, "content": _json(refs[operation.body])}
    return told | {"responses": _responses(operation, refs)}


def _responses(operation: Operation, refs: Refs) -> Json:
    """Each answer says what it is; each error also lists its codes."""
    success = {"description": operation.answer.__doc__ or "", "content": _json(refs[operation.answer])}
    errors = {
        str(status): {
            "description": "`error.code`: " + ", ".join(f"`{code}`" for code in codes),
            "content": _json(refs[ErrorAnswer]),
        }
        for status, codes in (dict(operation.errors) | ANYWHERE).items()
    }
    unchanged = {"304": {"description": "You have it already (If-None-Match)."}} if operation.tagged else {}
    return {str(operation.status): success} | unchanged | dict(sorted(errors.items()))


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _parameters(where: str, model: type[BaseModel]) -> Iterator[Json]:
    schema = model.model_json_schema(schema_generator=_Schema)
    for name, told in schema["properties"].items():
        yield {
            "name": name,
            "in": where,
            "required": name in schema.get("required", ()),
            "description": told.pop("description"),
            "schema": told,
        }


class _Schema(GenerateJsonSchema):
    """Without titles that repeat the names, and without defaults that only mean "left out"."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Json:
        return self.generate_inner(schema["schema"])


def _schemas(operations: Collection[Operation]) -> tuple[Refs, Json]:
    """Where each model stands in the document, and the models."""
    read = {operation.body for operation in operations if operation.body}
    said = {operation.answer for operation in operations} | {ErrorAnswer}
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for model in read),
        *((model, "serialization") for model in said),
    ]
    refs, found = models_json_schema(
        sorted(modes, key=lambda pair: pair[0].__name__),
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schema,
    )
    return {model: refs[model, mode] for model, mode in modes}, found["$defs"]
