"""Both books on one page: what nobody has explained, with one action each."""

from typing import Any

import pytest

from tests.shop.conftest import Person, text
from tests.shop.factories import after, make_order, make_payment
from webapp.books import provider_audit, provider_balance
from webapp.models import AdminEvent, AuditedOrder, JobRequest, ProviderLook, Submission

pytestmark = pytest.mark.usefixtures("shelves")

NOTHING = "Nothing was done"


def nobodys(reference: str = "theirs", verdict: str = "elsewhere", **more: Any) -> AuditedOrder:
    row = {"ordered_at": after(-600), "total": 4200, "currency": "USD", "item": "esim_3GB_30D_TR_V2"}
    return AuditedOrder.create(reference=reference, verdict=verdict, **row | more)


def look(**more: Any) -> ProviderLook:
    row = {"told_at": after(0), "epoch": 1, "why": "hour", "since": after(-3600), "complete": True}
    return ProviderLook.create(**row | {"orders": 1, "currency": "USD", "balance": 100_000} | more)


def actions() -> list[tuple[str, str, str]]:
    return [(event.action, event.subject, event.detail) for event in AdminEvent.select()]


def test_before_the_first_look_nothing_is_said_to_be_well(shopkeeper: Person) -> None:
    page = text(shopkeeper.get("/admin/books"))
    assert "have not been compared with ours yet" in page
    assert "Every order at eSIM Go is explained" not in page


def test_both_sides_are_shown(shopkeeper: Person) -> None:
    make_order("ready")
    look(income=50_000)
    page = text(shopkeeper.get("/admin/books"))
    assert "Every order at eSIM Go is explained" in page
    for told in ("$4.20", "$100.00", "⭐ 453", "$50.00"):
        assert told in page, told


def test_what_is_paid_and_fits_no_order_has_its_place_and_leads_there(shopkeeper: Person) -> None:
    make_payment(None, state="unplaced", amount=321)
    page = text(shopkeeper.get("/admin/books"))
    assert "Charges that fit no order</dt>" in page
    assert "⭐ 321</a>" in page
    assert "/admin/stars" in page
    assert "Does not add up" not in page


def test_an_order_that_is_nobodys_is_shown_with_its_cost_and_counted_as_spent(shopkeeper: Person) -> None:
    look()
    nobodys(quantity=2)
    page = text(shopkeeper.get("/admin/books"))
    for told in ("Not made by the shop", "2 ×", "theirs", "$4.20", "It is mine"):
        assert told in page, told
    assert "is explained" not in page
    page = text(shopkeeper.post("/admin/books", do="spent", order="theirs"))
    assert ("theirs" in page, "Every order at eSIM Go is explained" in page) == (False, True)
    assert (AuditedOrder.get().settled, provider_audit.unexplained()) == ("spent", [])
    assert actions() == [("books.settle", "theirs", "spent")]


def test_one_that_is_lost_leads_to_our_order(shopkeeper: Person) -> None:
    order = make_order("ready")
    look()
    nobodys(verdict="lost", submission=Submission.get_by_id(order.submission_id))
    page = text(shopkeeper.get("/admin/books"))
    assert "Not listed by eSIM Go" in page
    assert f"/admin/orders/{order.reference}" in page


def test_what_has_been_explained_meanwhile_is_not_counted_as_spent(shopkeeper: Person) -> None:
    nobodys(verdict="bound")
    for reference in ("theirs", "nobody-knows", ""):
        assert NOTHING in text(shopkeeper.post("/admin/books", do="spent", order=reference))
    assert (AuditedOrder.get().settled, actions()) == ("", [])


def test_what_can_be_stock_is_offered_as_such_and_looked_at_first(shopkeeper: Person) -> None:
    nobodys(quantity=1, iccids='["8944501000000000017"]')
    nobodys("two", quantity=2, iccids="[]")
    page = text(shopkeeper.get("/admin/books"))
    assert page.count("Give it to the next buyer") == 1
    assert NOTHING in text(shopkeeper.post("/admin/books", do="wanted", order="two"))
    page = text(shopkeeper.post("/admin/books", do="wanted", order="theirs"))
    assert "Give it to the next buyer" not in page
    assert AuditedOrder.get(AuditedOrder.reference == "theirs").settled == "wanted"
    assert actions() == [("books.settle", "theirs", "wanted")]


def test_missing_money_is_shown_and_accepted_as_it_was_seen(shopkeeper: Person) -> None:
    look(missing=12_340)
    page = text(shopkeeper.get("/admin/books"))
    assert "$12.34" in page
    assert "Every order at eSIM Go is explained" not in page
    assert NOTHING in text(shopkeeper.post("/admin/books", do="accept", missing="12300"))
    assert provider_balance.difference() == 12_340
    assert "$12.34" not in text(shopkeeper.post("/admin/books", do="accept", missing="12340"))
    assert provider_balance.difference() == 0
    assert NOTHING in text(shopkeeper.post("/admin/books", do="accept", missing="12340"))
    assert actions() == [("books.accept", "", "12.34")]


def test_both_books_are_compared_when_somebody_asks(shopkeeper: Person) -> None:
    page = text(shopkeeper.post("/admin/books", do="look"))
    assert "The jobs process is looking" in page
    assert "every 2s" in page
    text(shopkeeper.post("/admin/books", do="look"))
    assert [request.name for request in JobRequest.select()] == ["audit"]


@pytest.mark.parametrize(
    "form", [{}, {"do": "eat"}, {"do": "accept", "missing": "-1"}, {"do": "accept", "missing": "²"}]
)
def test_a_form_that_makes_no_sense_is_refused(shopkeeper: Person, form: dict[str, str]) -> None:
    assert shopkeeper.post("/admin/books", **form).status_code == 400
