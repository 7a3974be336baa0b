"""More data on an eSIM that is there, through real processes: what fits, what is refused, what is lost."""

from typing import Any

import pytest

from tests.stack import Stack, Traveller, until

pytestmark = pytest.mark.flow


def esim_of(traveller: Traveller, reference: str) -> str:
    """The address part of the eSIM that an order has brought."""
    traveller.reaches(reference, "ready", "active")
    page = traveller.fragment("/esims").text
    return page.split('data-esim="')[1].split('"')[0]


def offered(traveller: Traveller, esim: str) -> str:
    """The page, when eSIM Go has answered what it was asked."""

    def look() -> str | None:
        page = traveller.fragment(f"/esims/{esim}/topup").text
        return None if 'hx-trigger="every' in page else page

    return until(look, 30, "what fits")


def tops_up(traveller: Traveller, esim: str, plan_id: str = "tr-1gb-7d", **fault: Any) -> str:
    """Press a plan on the page and pay, while eSIM Go has a `fault` if given. Returns the reference."""
    page = traveller.press("/orders", plan_id=plan_id, esim=esim)
    assert page.status_code == 200, page.text
    reference = page.text.split("/orders/")[1].split("/")[0]

    def invoice() -> str | None:
        again = traveller.press(f"/orders/{reference}/invoice").text
        return again.split('data-invoice-url="')[1].split('"')[0] if "data-invoice-url" in again else None

    url = until(invoice, 60, "the invoice")
    if fault:
        traveller.pay_into(url, **fault)
    else:
        until(lambda: traveller.pays(url), 60, "the payment")
    return reference


def plans_at_the_provider(shop: Stack) -> list[int]:
    """How many plans each of eSIM Go's eSIMs has."""
    return [len(esim["bundles"]) for esim in shop.esimgo("GET", "state")["esims"]]


def test_a_plan_that_fits_is_added_to_the_same_esim(shop: Stack, john: Traveller) -> None:
    esim = esim_of(john, john.buy())
    page = offered(john, esim)
    assert 'value="tr-1gb-7d"' in page
    assert 'value="europe' not in page, "regional plans come from another carrier and do not fit"
    top_up = tops_up(john, esim)
    john.reaches(top_up, "ready")
    assert plans_at_the_provider(shop) == [2]
    assert "nothing to install" in john.fragment(f"/orders/{top_up}").text
    assert "Then" in john.fragment(f"/esims/{esim}").text
    until(lambda: any("Topped up" in text for text in john.texts()), 30, "the message")


def test_a_top_up_that_esim_go_refuses_is_refunded(shop: Stack, john: Traveller) -> None:
    esim = esim_of(john, john.buy())
    offered(john, esim)
    top_up = tops_up(john, esim, kind="400")
    john.reaches(top_up, "failed")
    until(shop.refunds, what="the refund")
    assert "could not be added" in john.fragment(f"/orders/{top_up}").text
    assert plans_at_the_provider(shop) == [1]


def test_a_top_up_whose_answer_is_lost_is_found_on_its_esim(shop: Stack, john: Traveller) -> None:
    esim = esim_of(john, john.buy())
    offered(john, esim)
    top_up = tops_up(john, esim, kind="reset_after_commit", times=1)
    john.reaches(top_up, "ready", seconds=30, faster=True)
    assert plans_at_the_provider(shop) == [2]
    assert len(shop.provider_orders()) == 2


def test_what_was_not_said_to_fit_cannot_be_bought(shop: Stack, john: Traveller) -> None:
    esim = esim_of(john, john.buy())
    offered(john, esim)
    regional = next(
        plan["plan_id"]
        for plan in shop.get("/api/esimgo/catalogue").json()["plans"]
        if plan["plan_id"].startswith("europe")
    )
    assert john.press("/orders", plan_id=regional, esim=esim).status_code == 422
    assert len(shop.provider_orders()) == 1
