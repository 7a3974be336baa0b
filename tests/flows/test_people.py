"""More than one person, and people who change their mind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stack import PLAN, Stack, Traveller, until

pytestmark = pytest.mark.flow


def test_two_customers_at_once_get_an_esim_each(shop: Stack, anna: Traveller, john: Traveller) -> None:
    with ThreadPoolExecutor(2) as pool:
        references = list(pool.map(lambda person: person.buy(), (anna, john)))
    codes = {
        person.reaches(reference, "ready")["activation_code"]
        for person, reference in zip((anna, john), references, strict=True)
    }
    assert len(codes) == 2
    assert len(shop.provider_orders()) == 2
    assert anna.stack.get(f"/api/esimgo/status/{references[1]}", headers=anna.headers).status_code == 404
    assert anna.fragment(f"/orders/{references[1]}").status_code == 404


def test_an_expired_checkout_says_so_and_a_late_payment_is_still_served(shop: Stack, anna: Traveller) -> None:
    order = anna.order_to_pay()
    shop.live(31 * 60)
    anna.reaches(order["id"], "expired", seconds=20)
    assert "не оплачен вовремя" in anna.fragment(f"/orders/{order['id']}").text
    late = anna.pay(order["invoice_url"])
    assert late["status"] == "failed"
    assert "больше нельзя оплатить" in late["error_message"]
    again = anna.order_to_pay()
    assert again["id"] != order["id"]
    until(lambda: anna.pays(again["invoice_url"]), what="the payment")
    anna.reaches(again["id"], "ready")


def test_a_language_switch_in_the_middle_changes_pages_and_chat(shop: Stack, john: Traveller) -> None:
    order = john.order_to_pay()
    assert "Waiting for your payment" in john.fragment(f"/orders/{order['id']}").text
    assert "Ждём оплату" in john.fragment(f"/orders/{order['id']}?lang=ru").text
    until(lambda: john.pays(order["invoice_url"]), what="the payment")
    john.reaches(order["id"], "ready")
    assert "Ваша eSIM готова" in john.fragment(f"/orders/{order['id']}").text
    until(lambda: any("Ваша eSIM готова" in text for text in john.texts()), what="the chat in Russian")
    assert "lang=ru" in john.fragment("/esims").text


def test_a_plan_that_the_supplier_would_not_sell_is_declined_before_the_money(
    shop: Stack, anna: Traveller
) -> None:
    shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "400"})
    order = anna.order_to_pay("th-1gb-7d")
    until(lambda: "не продаёт" in told_when_paying(anna, order), what="the refusal")
    assert anna.status(order["id"])["stage"] == "awaiting_payment"
    assert shop.refunds() == []


def told_when_paying(person: Traveller, order: dict[str, Any]) -> str:
    return str(person.pay(order["invoice_url"]).get("error_message", ""))


def test_a_dearer_plan_is_never_passed_on(shop: Stack, anna: Traveller) -> None:
    shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "price_changed"})
    order = anna.order_to_pay("ge-1gb-7d")
    until(lambda: "Цена изменилась" in told_when_paying(anna, order), what="the refusal")
    again = anna.order("ge-1gb-7d")
    assert again["id"] != order["id"], "the new price is a new order"


def test_the_saved_code_is_the_code(
    shop: Stack, john: Traveller, traveller: Callable[..., Traveller]
) -> None:
    reference = john.buy(PLAN)
    john.reaches(reference, "ready")
    link = john.fragment(f"/orders/{reference}").text.split('href="/qr/')[1].split("?")[0].split('"')[0]
    saved = shop.get(f"/qr/{link}")
    assert saved.headers["Content-Type"] == "image/png"
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert shop.get(f"/qr/{link[:-2]}").status_code == 404
    shop.advance(11 * 60)
    assert shop.get(f"/qr/{link}").status_code == 404
