"""How a client asks, and what an answer has to look like."""

from typing import Any

from werkzeug.test import TestResponse

from tests.shop.conftest import Person
from tests.shop.factories import PLAN

ORDER = "/api/esimgo/order"
MODEL = {
    "id",
    "telegram_user_id",
    "country_code",
    "country_name",
    "plan_id",
    "plan_type",
    "esimgo_order_id",
    "esimgo_product_id",
    "status",
    "qr_code",
    "activation_code",
    "created_at",
    "activated_at",
}


def ask(person: Person, key: str | None = None, body: Any = None) -> TestResponse:
    """Order, as a client does that repeats itself under one key."""
    headers = person.headers | ({} if key is None else {"Idempotency-Key": key})
    return person.browser.post(ORDER, json=body or {"plan_id": PLAN}, headers=headers)


def told(answer: TestResponse) -> dict[str, Any]:
    """The order that was answered, in the documented model."""
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert set(answer.json) == MODEL | {"invoice_url"}
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.json)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """An error's status and code; every error has this one form."""
    assert answer.json is not None, answer.text
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert answer.json["error"]["message"]
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, str(answer.json["error"]["code"])
