"""docs/api.md, made of the OpenAPI document: what an integrator reads."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from webapp.orders.placing import OPEN_AT_ONCE
from webapp.state import shares

Json = Mapping[str, Any]

HEAD = """\
# The JSON API

Made from `/api/openapi.json`, which every shop serves for machines; a test holds the two together
(`pytest tests/api/test_reference.py --rewrite` writes this page anew).

{about}

## Who is asking

{security}

## Try it

```sh
curl https://your.domain/api/esimgo/catalogue?country=TR
```

A purchase is three steps: order with an `Idempotency-Key`, open `invoice_url` in Telegram, and ask for the
status until it is `active` or `failed`. When an answer is lost, the same request with the same key brings the
same order.

A customer may begin {often} orders in an hour and has {open} of them open for payment: one more ends the one
whose payment sheet was opened longest ago.
"""


def page(document: Json) -> str:
    """The whole page, with one section for each operation and each model."""
    schemes = document["components"]["securitySchemes"]
    security = "\n".join(f"- **{name}**: {told['description']}" for name, told in schemes.items())
    parts = [
        HEAD.format(
            often=shares.ALLOWED["orders"].most,
            open=OPEN_AT_ONCE,
            about=document["info"]["description"].strip(),
            security=security,
        ).strip()
    ]
    parts += [_operation(path, method, told) for path, method, told in _operations(document)]
    parts.append("## Models")
    parts += [_model(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "\n\n".join(parts) + "\n"


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield path, method.upper(), told


def _operation(path: str, method: str, told: Json) -> str:
    who = (
        ", ".join(name for one in told.get("security", []) for name in one)
        or "nobody has to say who they are"
    )
    lines = [f"## {method} {path}", "", f"{told['summary']}. Who: {who}."]
    if parameters := told.get("parameters"):
        lines += ["", "| parameter | in | what it is | example |", "|---|---|---|---|"]
        lines += [_parameter(one) for one in parameters]
    if "requestBody" in told:
        lines += ["", f"Body: {_named(_schema_of(told['requestBody']))}."]
    lines += ["", "| answer | what it is |", "|---|---|"]
    lines += [_answer(status, answer) for status, answer in told["responses"].items()]
    return "\n".join(lines)


def _parameter(one: Json) -> str:
    name = f"`{one['name']}`" + ("" if one["required"] else " (optional)")
    return f"| {name} | {one['in']} | {_cell(one['description'])} | {_example(one['schema'])} |"


def _answer(status: str, answer: Json) -> str:
    about = _cell(answer["description"])
    schema = _named(_schema_of(answer)) if "content" in answer else ""
    return f"| {status} | {about}{f' → {schema}' if schema else ''} |"


def _model(name: str, schema: Json) -> str:
    lines = [f"### {name}"]
    if about := schema.get("description"):
        lines += ["", _cell(about)]
    if "properties" in schema:
        lines += ["", "| field | type | what it is | example |", "|---|---|---|---|"]
        lines += [_field(field, told, schema) for field, told in schema["properties"].items()]
    elif options := schema.get("anyOf"):
        lines += ["", "One of " + ", ".join(_named(option) for option in options) + "."]
    return "\n".join(lines)


def _field(name: str, told: Json, schema: Json) -> str:
    optional = "" if name in schema.get("required", ()) else " (optional)"
    kind, about = _named(told), _cell(told.get("description", ""))
    return f"| `{name}`{optional} | {kind} | {about} | {_example(told)} |"


def _schema_of(content: Json) -> Json:
    schema: Json = content["content"]["application/json"]["schema"]
    return schema


def _named(schema: Json) -> str:
    """A type in words, with a link where it is a model."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_named(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_named(schema['items'])}"
    kind = schema.get("format", schema.get("type", "any"))
    return "object" if kind == "any" else str(kind)


def _example(schema: Json) -> str:
    examples = schema.get("examples", [])
    return f"`{json.dumps(examples[0], ensure_ascii=False)}`" if examples else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
