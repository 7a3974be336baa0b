"""Checkout and the order's page, as the customer taps through them."""

import pytest

from tests.shop.conftest import Person, text
from tests.shop.factories import PLAN, after, make_customer, make_esim, make_order, make_refund, make_top_up
from tests.shop.standins import Bot, always
from webapp import esims
from webapp.clients.telegram.errors import NotReached
from webapp.models import STATUS, Assignment, Esim, Order, Refund
from webapp.orders import payments
from webapp.state import provider as provider_state


def test_a_tap_on_pay_opens_the_payment_sheet(shelves: None, owner: Person) -> None:
    answer = owner.post("/orders", plan_id=PLAN)
    order = Order.get()
    assert f'data-invoice-url="https://t.example/invoice/{order.reference}"' in text(answer)
    assert answer.headers["HX-Push-Url"].split("?")[0] == f"/orders/{order.reference}"
    assert (order.stage, order.telegram_user_id) == ("awaiting_payment", owner.user_id)


def test_without_telegram_the_order_waits_and_pay_can_be_tapped_again(
    shelves: None, owner: Person, bot: Bot
) -> None:
    bot.mood = always(NotReached("no"))
    html = text(owner.post("/orders", plan_id=PLAN))
    assert "tap Pay again" in html
    assert "data-invoice-url" not in html
    bot.mood = lambda method: None
    assert "data-invoice-url" in text(owner.post(f"/orders/{Order.get().reference}/invoice"))
    assert Order.select().count() == 1


def test_nothing_is_sold_while_sales_are_paused(shelves: None, owner: Person) -> None:
    provider_state.out_of_funds(1)
    answer = owner.post("/orders", plan_id=PLAN)
    assert (answer.status_code, Order.select().count()) == (422, 0)
    assert "Sales are paused" in text(answer)


@pytest.mark.parametrize(("form", "status"), [({}, 400), ({"plan_id": ""}, 400), ({"plan_id": "none"}, 404)])
def test_an_order_needs_a_plan_that_is_sold(
    shelves: None, owner: Person, form: dict[str, str], status: int
) -> None:
    assert owner.post("/orders", **form).status_code == status
    assert Order.select().count() == 0


def test_pressing_activate_shows_the_install_sheet_and_is_remembered(shelves: None, owner: Person) -> None:
    esim = make_esim(make_order("ready"))
    html = text(owner.post(f"/orders/{esim.order.reference}/activate"))
    assert esim.activation_code in html
    assert 'src="data:image/png;base64,' in html
    assert Esim.get().activate_pressed_at is not None
    assert owner.post(f"/orders/{make_order('paid').reference}/activate").status_code == 404


@pytest.mark.parametrize("stage", STATUS)
def test_what_can_still_change_is_polled(shelves: None, owner: Person, stage: str) -> None:
    html = text(owner.get(f"/orders/{make_order(stage).reference}/status"))
    assert "hx-trigger" in html
    assert f'data-stage="{stage}"' in html


def test_once_the_plan_is_in_use_nobody_asks_any_more(shelves: None, owner: Person) -> None:
    order = make_order("active")
    path = f"/orders/{order.reference}/status"
    assert "every 15s" in text(owner.get(path))
    Assignment.update(state="active", starts_at=after(-60)).where(Assignment.order == order).execute()
    html = text(owner.get(path))
    assert "hx-trigger" not in html
    assert html.count('class="done"') == 5


@pytest.mark.parametrize("stage", ["failed", "returned"])
def test_an_order_that_ended_is_polled_until_its_refund_has_arrived(
    shelves: None, owner: Person, stage: str
) -> None:
    path = f"/orders/{make_order(stage).reference}/status"
    assert "hx-trigger" in text(owner.get(path))
    Refund.update(state="done").execute()
    assert "hx-trigger" not in text(owner.get(path))
    assert "have been returned" in text(owner.get(path))


def test_an_unchanged_poll_costs_no_body(still: None, shelves: None, owner: Person) -> None:
    order = make_order("unknown")
    path = f"/orders/{order.reference}/status"
    tag = owner.get(path).headers["HX-PTag"]
    same = owner.get(path, **{"HX-PTag": tag})
    assert (same.status_code, same.get_data()) == (304, b"")
    order.move("paid", actor="test")
    changed = owner.get(path, **{"HX-PTag": tag})
    assert changed.status_code == 200
    assert changed.headers["HX-PTag"] != tag


def test_a_refund_that_is_stuck_is_said(shelves: None, owner: Person) -> None:
    order = make_order("failed", make_customer())
    Refund.delete().execute()
    make_refund(order, state="stuck", attempts=payments.STUCK_AFTER)
    assert "a person is looking into it" in text(owner.get(f"/orders/{order.reference}"))


def test_a_top_up_that_was_not_paid_leads_back_to_the_esim_and_to_no_second_one(
    shelves: None, owner: Person
) -> None:
    order = make_top_up("expired")
    html = text(owner.get(f"/orders/{order.reference}"))
    assert f"/esims/{Esim.get().reference}/topup" in html
    assert f"/plans/{order.plan_id}" not in html


@pytest.mark.parametrize(
    "gone", [{"profile_status": "deleted"}, {"profile_status": "unavailable"}, {"state": "suspended"}]
)
@pytest.mark.parametrize("page", ["/esims", "/esims/{esim}", "/esims/current", "/orders/{order}"])
def test_nobody_is_told_to_install_what_does_not_work(
    shelves: None, owner: Person, page: str, gone: dict[str, str]
) -> None:
    esim = make_esim(make_order("ready"))
    address = page.format(esim=esim.reference, order=esim.order.reference)
    esims.activate(esim)
    assert esim.activation_code in text(owner.get(address))
    Esim.update(**gone).execute()
    html = text(owner.get(address))
    assert esim.activation_code not in html
    assert "Activate" not in html
    assert "Install it" not in html
    assert "Not usable any more" in html or "Paused by the supplier" in html
