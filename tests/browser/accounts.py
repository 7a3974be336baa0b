"""Customers as their account shows them: with purchases behind them, with e-mail, about to leave."""

from tests.shop.factories import after, make_order
from webapp.models import Customer, EmailAddress
from webapp.orders import payments


def with_purchases(customer: Customer) -> str:
    """Some of everything: used, waiting to be installed, given back, money on its way back."""
    make_order("active", customer, plan_id="tr-3gb-30d")
    make_order("ready", customer, plan_id="th-3gb-30d", country_code="th", country_name="Thailand")
    make_order("failed", customer, plan_id="jp-3gb-30d", country_code="jp", country_name="Japan")
    given_back = make_order("returned", customer, plan_id="it-3gb-30d", country_code="it")
    refund = payments.refund_of(given_back)
    assert refund is not None
    refund.state, refund.done_at = "done", after(0)
    refund.save()
    EmailAddress.create(customer=customer, address="ann@example.com", confirmed_at=after(0))
    return "/account"


def awaiting_a_code(customer: Customer) -> str:
    EmailAddress.create(
        customer=customer, address="ann@example.com", code="123456", code_until=after(600), codes=1
    )
    return "/account"


def with_an_order_under_way(customer: Customer) -> str:
    make_order("submitting", customer)
    return "/account/delete"


def with_letters_to_stop(customer: Customer) -> str:
    row = EmailAddress.create(customer=customer, address="ann@example.com", confirmed_at=after(0))
    return f"/unsubscribe/{row.key}"
