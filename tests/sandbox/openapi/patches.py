"""Where eSIM Go's own OpenAPI document is known to be wrong, and what is right instead.

The corrections come from live clients, from the guides, and from comparing the document's examples with its
schemas. Each names one place by JSON pointer (RFC 6901).
"""

import copy
from dataclasses import dataclass
from typing import Any

Json = Any

GONE = object()  # as a patch's value: the place is to be removed


@dataclass(frozen=True)
class Patch:
    path: str
    value: Json
    reason: str


def json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, schema: Json, **more: Json) -> Json:
    return {"name": name, "in": "query", "schema": schema, **more}


def refusals(*codes: int) -> Json:
    return {str(code): {"description": "", "content": json(ref("Message"))} for code in codes}


def answers(schema: Json, *codes: int, status: int = 200) -> Json:
    return {str(status): {"description": "", "content": json(schema)}} | refusals(*codes)


NUMBER = {"type": "number"}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
SCHEMAS = "/components/schemas"
ROWS = f"{SCHEMAS}/CatalogueResponse/items/properties"
DETAIL = f"{SCHEMAS}/BundleCatalogueResponse/properties"
ON_ESIM = f"{SCHEMAS}/BundlesList/properties/bundles/items/properties/assignments/items/properties"
LEFT = "allowances/items/properties"
INSTALL = f"{SCHEMAS}/eSIMDetailsInstallResponse/properties"
ORDERS = "/paths/~1orders"
ESIM = "/paths/~1esims~1{iccid}"
ASSIGNMENTS = "/paths/~1esims~1assignments/get"
PAGES = {"pageCount": WHOLE, "rows": WHOLE, "pageSize": WHOLE}
PLAIN = {"text/plain": {"schema": TEXT}}
CSV = {"text/csv": {"schema": TEXT}}
ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}

STRUCTURE = [
    Patch(
        f"{ESIM}~1sms/post/requestBody",
        {
            "required": True,
            "content": json(
                {
                    "type": "object",
                    "required": ["message"],
                    "properties": {
                        "message": {"type": "string", "minLength": 1, "maxLength": 160},
                        "from": {"type": "string", "enum": ["eSIM"]},
                    },
                }
            ),
        },
        "`required: true` stood inside a property, which is not valid OpenAPI; eSIM is the only sender",
    ),
    Patch(
        f"{ESIM}~1bundles~1{{name}}/delete/security",
        [{"apikeyAuth": []}],
        "names a security scheme that is not defined",
    ),
    Patch("/security", [{"apikeyAuth": []}], "every call needs the key; some say nothing about it"),
    Patch("/paths/~1your-usage-callback-url~1", GONE, "a callback, not a path of the API"),
    Patch(f"{SCHEMAS}/OrderList", GONE, "left over, used nowhere"),
    Patch(f"{SCHEMAS}/Order", GONE, "left over, used nowhere; has createDate and whole money"),
]

MONEY = [
    Patch(f"{ROWS}/price", NUMBER, "prices are decimals"),
    Patch(f"{DETAIL}/price", NUMBER, "prices are decimals"),
    Patch(f"{SCHEMAS}/OrganisationResponse/properties/balance", NUMBER, "the balance is a decimal"),
    Patch(f"{SCHEMAS}/TopupResponse/properties/balance", NUMBER, "the balance is a decimal"),
    Patch(f"{ROWS}/allowances/items/properties/amount", NUMBER, "`integer` with format float"),
    Patch(f"{DETAIL}/allowances/items/properties/amount", NUMBER, "`integer` with format float"),
    Patch(f"{ON_ESIM}/{LEFT}/initialAmount", NUMBER, "`integer` with format float"),
    Patch(f"{ON_ESIM}/{LEFT}/remainingAmount", NUMBER, "`integer` with format float"),
    Patch(f"{SCHEMAS}/Assignment/properties/{LEFT}/initialAmount", NUMBER, "`integer` with format float"),
    Patch(f"{SCHEMAS}/Assignment/properties/{LEFT}/remainingAmount", NUMBER, "`integer` with format float"),
    Patch(
        f"{ON_ESIM}/{LEFT}/unit/enum",
        ["BYTES", "SMS", "MINS"],
        "the status of one bundle says BYTES, and so do the examples of both",
    ),
]

ENVELOPES = [
    Patch(f"{ROWS}/imageUrl", TEXT, "live answers have it"),
    Patch(f"{DETAIL}/imageUrl", TEXT, "live answers have it"),
    Patch(
        "/paths/~1catalogue/get/responses/200/content",
        json({"type": "object", "properties": {"bundles": ref("CatalogueResponse"), **PAGES}}),
        "live answers are an object around the list",
    ),
    Patch(
        f"{SCHEMAS}/ESIMs/properties",
        {"esims": {"type": "array", "items": ref("ESIMRow")}, **PAGES},
        "live answers count their pages",
    ),
    Patch(
        f"{SCHEMAS}/ESIMRow",
        {
            "type": "object",
            "properties": {
                **dict.fromkeys(
                    ("iccid", "customerRef", "lastAction", "actionDate", "assignedDate", "msisdn"), TEXT
                ),
                "physical": {"type": "boolean"},
                "state": {"type": "string", "enum": ["active", "suspended", "deactivated"]},
            },
        },
        "a name for the row of that list",
    ),
    Patch(
        f"{ORDERS}/get/responses/200/content",
        json({"type": "array", "items": ref("OrderResponseTransaction")}),
        "typed as one order; an older schema says list",
    ),
    Patch(f"{SCHEMAS}/OrderResponseValidate/required", ["valid"], "else every answer fits both schemas"),
    Patch(
        f"{SCHEMAS}/OrderResponseTransaction/required",
        ["orderReference", "status"],
        "else every answer fits both schemas",
    ),
    Patch(
        f"{ESIM}~1history/get/responses/200/content",
        json({"type": "array", "items": ref("ESIMHistory")}),
        "typed as an object, its example is a list",
    ),
    Patch(f"{INSTALL}/appleInstallUrl", TEXT, "given by additionalFields=installUrl"),
    Patch(f"{INSTALL}/androidInstallUrl", TEXT, "given by additionalFields=installUrl"),
    Patch(
        f"{ASSIGNMENTS}/responses/200/content",
        json(
            {
                "oneOf": [
                    ref("eSIMDetailsInstallResponse"),
                    {"type": "array", "items": ref("eSIMDetailsInstallResponse")},
                ]
            }
        )
        | CSV
        | ZIP,
        "a list for several eSIMs; CSV without an Accept header, a ZIP of QR codes on request",
    ),
]

STATUSES = [
    Patch(f"{ORDERS}/post/responses/400/content", PLAIN, "text/plain, typed as an object"),
    Patch(f"{ORDERS}/post/responses/401/content", PLAIN, "text/plain, typed as an object"),
    Patch(f"{ORDERS}/post/responses/503/content", PLAIN, "text/plain, typed as an object"),
    Patch(f"{ORDERS}/post/responses/403", refusals(403)["403"], "an ICCID of somebody else"),
    Patch(f"{ORDERS}/post/responses/429", refusals(429)["429"], "the rate limit holds everywhere"),
    Patch(
        f"{ESIM}~1suspend/get/responses",
        answers(ref("SuspendESIM"), 400, 403, 429, 500),
        "told by the guide only",
    ),
    Patch(
        f"{ESIM}~1suspend/post/requestBody/content",
        json(ref("SuspendESIMBody")),
        "the schema with the required key is there, but not used",
    ),
    Patch(
        "/paths/~1esims~1csv~1{reference}/get/responses",
        {"200": {"description": "", "content": CSV}} | refusals(400, 403, 410, 429, 500, 503),
        "refusals as of the newer form, /esims/assignments",
    ),
    Patch(
        "/paths/~1esims~1qr~1{reference}/get/responses",
        {"200": {"description": "", "content": ZIP}} | refusals(400, 403, 410, 429, 500, 503),
        "refusals as of the newer form, /esims/assignments",
    ),
    Patch(
        f"{ESIM}~1bundles~1{{name}}~1applications~1{{assignmentId}}/delete/responses",
        answers(ref("StatusMessage"), 400, 403, 429, 500, 503),
        "answers as the newer form, .../assignments/{assignmentId}",
    ),
]

ASKING = [
    Patch(
        f"{ASSIGNMENTS}/parameters",
        [
            query("reference", {"type": "array", "items": TEXT, "minItems": 1}, required=True),
            query("additionalFields", TEXT),
        ],
        "required and repeatable",
    ),
    Patch(
        f"{ORDERS}/get/parameters",
        [
            query("includeIccids", {"type": "boolean"}),
            query("page", {"type": "integer", "minimum": 1}),
            query("limit", {"type": "integer", "minimum": 1}),
            query("createdAt", {"type": "array", "items": TEXT}),
        ],
        "createdAt is repeatable; pages count from 1",
    ),
    Patch(
        "/paths/~1esims/get/parameters/4/schema/enum",
        ["iccid", "customerRef", "lastAction", "actionDate", "assignedDate"],
        "an enum of one text that lists them all",
    ),
    Patch("/paths/~1esims/get/parameters/0/schema", {"type": "integer", "minimum": 1}, "a number, not text"),
    Patch(
        f"{ESIM}~1bundles/get/parameters/2/schema",
        {"type": "integer", "minimum": 1, "maximum": 200},
        "a number, not text",
    ),
    Patch(
        "/paths/~1organisation~1balance/post/parameters/0/schema",
        {"type": "integer", "minimum": 1000, "maximum": 5000},
        "a number of dollars, within the limits of its own text",
    ),
    Patch("/paths/~1organisation~1balance/post/requestBody", GONE, "a body without any content type"),
    Patch(f"{SCHEMAS}/UpdateSimDetails/required", ["iccid", "customerRef"], "both are needed"),
    Patch(f"{SCHEMAS}/RefundInventoryItem/required", ["usageId", "quantity"], "both are needed"),
    Patch(f"{SCHEMAS}/OrderRequest/required", ["type", "order"], "nothing is ordered without them"),
    Patch(f"{SCHEMAS}/BundleOrder/required", ["type", "quantity", "item"], "nothing is ordered without them"),
    Patch(
        f"{SCHEMAS}/BundleStateEnum/enum",
        ["processing", "queued", "active", "depleted", "expired", "revoked", "lapsed"],
        "lapsed is explained, but not listed",
    ),
]

PATCHES = [*STRUCTURE, *MONEY, *ENVELOPES, *STATUSES, *ASKING]


def patched(document: Json, patches: list[Patch]) -> Json:
    """A corrected copy; KeyError or IndexError for a place that the document does not have."""
    document = copy.deepcopy(document)
    for patch in patches:
        parent, last = _parent(document, patch.path)
        if patch.value is GONE:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(patch.value)
    return document


def found(document: Json, path: str) -> Json:
    """What stands there; GONE when nothing does."""
    parent, last = _parent(document, path)
    if isinstance(parent, dict):
        return parent.get(last, GONE)
    return parent[last]


def _parent(document: Json, path: str) -> tuple[Json, Any]:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    for part in way:
        document = document[int(part) if isinstance(document, list) else part]
    return document, int(last) if isinstance(document, list) else last
