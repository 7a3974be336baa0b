"""A delivered plan goes back while it is unused, or because its money was taken back; else an honest no."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import after, bundles, lead, leader, make_order, make_top_up
from tests.shop.standins import Bot, Provider
from webapp import orders
from webapp.base.config import Config
from webapp.books import ledger
from webapp.clients.esimgo.errors import (
    AccessDenied,
    EsimGoError,
    NotSent,
    Refused,
    TryLater,
    Unavailable,
    Unclear,
)
from webapp.models import Assignment, Notification, Order, Payment, Refund, ReturnRequest
from webapp.orders import payments
from webapp.state import incidents, leases

pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture
def generous(config: Config) -> Config:
    """eSIM Go has enabled refunds for this account."""
    return changed(config, esimgo_refunds="on")


@pytest.fixture
def wished(generous: Config, provider: Provider) -> Order:
    """Delivered, unused, and its customer has asked to give it back."""
    order = make_order("ready")
    orders.request_return(order, generous)
    provider.bundles = bundles("queued")
    return order


def request() -> ReturnRequest:
    return ReturnRequest.get()


def test_an_unused_plan_goes_back_and_its_money_too(provider: Provider, bot: Bot, wished: Order) -> None:
    assert orders.answer_returns(provider, lead()) == 1
    assert len(provider.revoked) == 1
    assert (wished.fresh().stage, request().state, Refund.get().reason) == ("returned", "revoked", "returned")
    assert Assignment.get().state == "revoked"
    assert payments.issue_refunds(bot, leader()) == 1
    assert [row.kind for row in Notification.select()] == ["refunded"]
    (account,) = ledger.accounts()
    assert (account.returned, account.difference) == (453, 0)


def test_a_top_up_goes_back_alone(provider: Provider, generous: Config) -> None:
    order = make_top_up("ready")
    first = Assignment.get(Assignment.order != order)
    Assignment.update(provider_id="first", state="active").where(Assignment.id == first.id).execute()
    Assignment.update(provider_id="second").where(Assignment.order == order).execute()
    orders.request_return(order, generous)
    provider.bundles = [*bundles("active", id="first"), *bundles("queued", id="second")]
    assert orders.answer_returns(provider, lead()) == 1
    assert [assignment for _, _, assignment in provider.revoked] == ["second"]
    assert (order.fresh().stage, first.order.fresh().stage) == ("returned", "active")


@pytest.mark.parametrize("state", ["active", "depleted", "expired", "revoked"])
def test_what_was_used_meanwhile_stays(provider: Provider, wished: Order, state: str) -> None:
    provider.bundles = bundles(state)
    assert orders.answer_returns(provider, lead()) == 0
    assert (provider.revoked, request().verdict, wished.fresh().stage) == ([], "used", "ready")


@pytest.mark.parametrize("error", [Refused(400, "no"), AccessDenied(403, "not enabled")])
def test_what_the_provider_does_not_take_back_stays(
    provider: Provider, wished: Order, error: EsimGoError
) -> None:
    provider.revoking = [error]
    assert orders.answer_returns(provider, lead()) == 0
    assert (request().state, request().verdict, Refund.select().count()) == ("denied", "refused", 0)
    assert wished.fresh().stage == "ready"


@pytest.mark.parametrize("error", [NotSent("no"), TryLater(5), Unavailable("no")])
def test_what_surely_was_not_done_is_tried_again(
    provider: Provider, wished: Order, advance: Advance, error: EsimGoError
) -> None:
    provider.revoking = [error]
    with pytest.raises(type(error)):
        orders.answer_returns(provider, lead())
    assert orders.answer_returns(provider, leader()) == 0
    advance(31)
    assert orders.answer_returns(provider, leader()) == 1
    assert wished.fresh().stage == "returned"


@pytest.mark.parametrize(
    ("found", "stage"), [("revoked", "returned"), ("queued", "returned"), ("active", "ready")]
)
def test_a_lost_answer_is_looked_up_before_anything_is_revoked_again(
    provider: Provider, wished: Order, advance: Advance, found: str, stage: str
) -> None:
    provider.revoking = [Unclear("no answer")]
    assert orders.answer_returns(provider, lead()) == 0
    assert (request().state, Refund.select().count()) == ("revoking", 0)
    provider.bundles = bundles(found)
    advance(41)
    orders.answer_returns(provider, leader())
    assert wished.fresh().stage == stage
    assert len(provider.revoked) == (2 if found == "queued" else 1)


def test_who_does_not_lead_revokes_nothing(provider: Provider, wished: Order) -> None:
    former = lead()
    leases.release(former)
    lead()
    assert orders.answer_returns(provider, former) == 0
    assert provider.revoked == []


@pytest.mark.parametrize("stage", ["awaiting_payment", "paid", "unknown", "failed", "returned"])
def test_only_what_was_delivered_can_be_asked_back(generous: Config, stage: str) -> None:
    order = make_order(stage)
    orders.request_return(order, generous)
    assert (orders.obstacle(order, generous), ReturnRequest.select().count()) == ("used", 0)


def test_without_refunds_at_the_provider_nothing_is_asked(config: Config, generous: Config) -> None:
    order = make_order("ready")
    assert (orders.obstacle(order, config), orders.obstacle(order, generous)) == ("off", None)
    Order.update(paid_at=after(-61 * 86400)).execute()
    assert orders.obstacle(order.fresh(), generous) == "old"


# --- taken back elsewhere


def test_a_charge_back_revokes_the_plan(provider: Provider) -> None:
    order = make_order("ready")
    payments.refund_seen(str(Payment.get().charge_id), actor="telegram")
    provider.bundles = bundles("queued")
    assert orders.answer_returns(provider, lead()) == 1
    assert (order.fresh().stage, Refund.select().count(), ledger.check()) == ("returned", 1, True)


def test_a_charge_back_of_a_used_plan_is_told_to_the_owner(provider: Provider) -> None:
    order = make_order("active")
    payments.refund_seen(str(Payment.get().charge_id), actor="telegram")
    provider.bundles = bundles("active")
    orders.answer_returns(provider, lead())
    told = {incident.kind: incident.detail for incident in incidents.open_ones()}
    assert "could not be revoked" in told["chargeback"]
    assert "customer_held" in told
    assert order.fresh().stage == "active"


def test_a_charge_back_while_it_is_being_bought_waits_for_the_outcome(
    provider: Provider, advance: Advance
) -> None:
    order = make_order("submitting")
    payments.refund_seen(str(Payment.get().charge_id), actor="telegram")
    assert orders.answer_returns(provider, lead()) == 0
    order.move("unknown", actor="test")
    orders.enforce_deadlines()
    advance(31)
    orders.answer_returns(provider, leader())
    assert (order.fresh().stage, request().verdict) == ("failed", "over")


# --- on the page


@pytest.fixture
def with_refunds(app: Flask) -> None:
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, esimgo_refunds="on"))


def test_the_page_offers_it_and_shows_how_far_it_is(
    shelves: None, with_refunds: None, owner: Person, provider: Provider
) -> None:
    order = make_order("active")
    page = f"/orders/{order.reference}"
    assert "Give back for 453 Stars" in text(owner.get(f"{page}/status"))
    for _ in range(2):
        pressed = text(owner.post(f"{page}/refund"))
        assert ("asking our supplier" in pressed, "hx-get" in pressed) == (True, True)
    assert ReturnRequest.select().count() == 1
    assert "asking our supplier" in text(owner.get(f"{page}/status"))
    provider.bundles = bundles("queued")
    orders.answer_returns(provider, leader())
    assert "on their way back" in text(owner.get(f"{page}/status"))
    Refund.update(state="done").execute()
    assert "have been returned" in text(owner.get(f"{page}/status"))


Wrong = Callable[[], Any]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: Assignment.update(state="active").execute(), "has been used"),
        (lambda: Order.update(paid_at=after(-61 * 86400)).execute(), "for 60 days"),
    ],
)
def test_where_it_cannot_go_back_the_page_says_why(
    shelves: None, with_refunds: None, owner: Person, wrong: Wrong, reason: str
) -> None:
    order = make_order("ready")
    wrong()
    html = text(owner.post(f"/orders/{order.reference}/refund"))
    assert (reason in html, "Give back for" in html) == (True, False)
    assert ReturnRequest.select().count() == 0


def test_a_shop_without_refunds_says_so(shelves: None, owner: Person) -> None:
    html = text(owner.post(f"/orders/{make_order('ready').reference}/refund"))
    assert "A delivered plan cannot be given back" in html
