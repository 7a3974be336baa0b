"""The JSON API: exactly the documented keys, and errors of one shape."""

from base64 import b64decode
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from tests.shop.conftest import Person
from tests.shop.factories import BUNDLE, OWNER, PLAN, after, make_esim, make_order
from tests.shop.standins import Bot, always
from webapp.clients.telegram.errors import NotReached
from webapp.models import STATUS, Assignment, Order, Plan
from webapp.state import provider as provider_state

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

pytestmark = pytest.mark.usefixtures("shelves")


def order(person: Person, body: Any) -> TestResponse:
    return person.browser.post("/api/esimgo/order", json=body, headers=person.headers)


def status(person: Person, reference: str) -> dict[str, Any]:
    answer = person.get(f"/api/esimgo/status/{reference}")
    assert answer.status_code == 200
    return dict(answer.json or {})


def code(answer: TestResponse) -> tuple[int, str]:
    """An error's status and code; every error has this one shape."""
    assert answer.json is not None
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert answer.json["error"]["message"]
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json["error"]["code"]


@pytest.mark.parametrize(
    "body",
    [
        {"plan_id": PLAN},
        {"bundle_id": BUNDLE},
        {"plan_id": PLAN, "bundle_id": "x"},
        {"plan_id": PLAN, "more": 1},
    ],
)
def test_an_order_is_the_documented_model_and_a_way_to_pay(owner: Person, body: dict[str, object]) -> None:
    answer = order(owner, body)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json is not None
    assert set(answer.json) == MODEL | {"invoice_url"}
    reference = Order.get().reference
    expected = {
        "id": reference,
        "telegram_user_id": OWNER,
        "country_code": "TR",
        "country_name": "Türkiye",
        "plan_id": PLAN,
        "plan_type": "standard",
        "esimgo_order_id": None,
        "esimgo_product_id": BUNDLE,
        "status": "pending",
        "qr_code": None,
        "activation_code": None,
        "activated_at": None,
        "invoice_url": f"https://t.example/invoice/{reference}",
    }
    assert answer.json | expected == answer.json
    assert datetime.fromisoformat(answer.json["created_at"]).utcoffset() is not None


def test_without_telegram_there_is_no_way_to_pay_yet(owner: Person, bot: Bot) -> None:
    bot.mood = always(NotReached("no"))
    answer = order(owner, {"plan_id": PLAN})
    assert (answer.status_code, answer.json and answer.json["invoice_url"]) == (201, None)


@pytest.mark.parametrize("body", [{}, [], None, "x", 1, {"plan_id": 1}, {"plan_id": None}, {"bundle_id": []}])
def test_an_order_without_a_plan_is_a_bad_request(owner: Person, body: object) -> None:
    assert code(order(owner, body)) == (400, "plan_missing")


@pytest.mark.parametrize("body", [{"plan_id": "none"}, {"bundle_id": BUNDLE.upper()}, {"plan_id": ""}])
def test_what_is_not_sold_cannot_be_ordered(owner: Person, body: object) -> None:
    assert code(order(owner, body)) == (422, "not_for_sale")


def test_a_plan_that_has_gone_cannot_be_ordered(owner: Person) -> None:
    Plan.update(available=False).execute()
    assert code(order(owner, {"plan_id": PLAN})) == (422, "not_for_sale")
    assert code(order(owner, {"bundle_id": BUNDLE})) == (422, "not_for_sale")


def test_nothing_is_ordered_while_sales_are_paused(owner: Person) -> None:
    provider_state.out_of_funds(1)
    assert code(order(owner, {"plan_id": PLAN})) == (422, "sales_paused")
    assert Order.select().count() == 0


def test_who_is_not_known_gets_the_same_shape(nobody: Person) -> None:
    assert code(order(nobody, {"plan_id": PLAN})) == (401, "unauthorized")
    assert code(nobody.get("/api/esimgo/status/x")) == (401, "unauthorized")


def test_other_errors_have_the_same_shape(owner: Person) -> None:
    assert code(owner.get("/api/esimgo/status/none")) == (404, "not_found")
    assert code(owner.get("/api/nowhere")) == (404, "not_found")
    assert code(owner.get("/api/esimgo/order")) == (405, "method_not_allowed")


def test_an_error_of_our_own_tells_nothing(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_values: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("webapp.catalogue.plans_in", fail)
    answer = owner.get("/api/esimgo/catalogue")
    assert code(answer) == (500, "internal_server_error")
    assert "secret" not in answer.get_data(as_text=True)


def test_messages_speak_the_customers_language(owner: Person) -> None:
    owner.language = "ru"
    assert order(owner, {"plan_id": "none"}).json == {
        "error": {"code": "not_for_sale", "message": "Этот тариф сейчас не продаётся."}
    }


@pytest.mark.parametrize("stage", STATUS)
def test_the_status_of_every_stage_has_the_same_keys(owner: Person, stage: str) -> None:
    told = status(owner, make_order(stage).reference)
    assert set(told) == MODEL | {"stage", "deadline_at", "esim", "usage"}
    assert (told["stage"], told["status"]) == (stage, STATUS[stage])
    assert (told["deadline_at"] is None) is (stage in {"awaiting_payment", "expired"})
    assert (told["esim"] is None) is (stage not in {"ready", "active", "returned"})


def test_a_delivered_order_brings_its_code_and_usage(owner: Person) -> None:
    esim = make_esim(make_order("ready"))
    Assignment.update(state="active", remaining_bytes=1_000_000, ends_at=after(3600)).execute()
    told = status(owner, esim.order.reference)
    assert told["activation_code"] == esim.activation_code
    assert told["esim"] == {"iccid": esim.iccid, "profile_status": "released"}
    keys = {"state", "unlimited", "initial_bytes", "remaining_bytes", "starts_at", "ends_at"}
    assert set(told["usage"]) == keys
    assert (told["usage"]["state"], told["usage"]["remaining_bytes"]) == ("active", 1_000_000)
    head, _, picture = str(told["qr_code"]).partition(",")
    assert head == "data:image/png;base64"
    (read,) = zxingcpp.read_barcodes(Image.open(BytesIO(b64decode(picture))))
    assert read.text == esim.activation_code


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1),
        ("?country=TR", 1),
        ("?country=tr", 1),
        ("?country=FR", 0),
        ("?country=", 0),
        ("?country=%00", 0),
    ],
)
def test_the_catalogue_is_public_and_filtered_by_country(
    browser: FlaskClient, query: str, found: int
) -> None:
    answer = browser.get(f"/api/esimgo/catalogue{query}")
    assert answer.json is not None
    assert set(answer.json) == {"plans"}
    assert len(answer.json["plans"]) == found


def test_a_plan_in_the_catalogue_says_what_it_costs(browser: FlaskClient) -> None:
    answer = browser.get("/api/esimgo/catalogue?lang=ru")
    assert answer.json is not None
    assert answer.json["plans"] == [
        {
            "plan_id": PLAN,
            "plan_type": "standard",
            "country_code": "TR",
            "country_name": "Турция",
            "data_mb": 3000,
            "days": 30,
            "tier": None,
            "esimgo_product_id": BUNDLE,
            "price_thousandths": 5880,
            "currency": "USD",
            "stars": 453,
        }
    ]


def test_asking_again_is_the_same_order(owner: Person) -> None:
    answers = [order(owner, {"plan_id": PLAN}).json for _ in range(3)]
    assert len({answer["id"] for answer in answers if answer}) == 1
    assert Order.select().count() == 1
