"""What of a charge arrives: an affiliate's sale is listed for less than was paid, in parts of Stars."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.telegram import transactions
from tests.shop.conftest import Advance
from tests.shop.factories import (
    OWNER,
    after,
    charge,
    make_order,
    make_payment,
    make_plan,
)
from tests.shop.standins import Bot
from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.books import sales
from webapp.books.sales import Period
from webapp.clients.telegram.updates import StarTransaction
from webapp.models import Order, Payment, Plan, Refund
from webapp.orders import payments
from webapp.orders.payments import stars
from webapp.orders.payments.providers import Credit

pytestmark = pytest.mark.usefixtures("database")


def listed(charge_id: str, reference: str, permille: int, amount: int = 453, *, gross: bool = False) -> Any:
    """The line of a sale of which an affiliate got so many thousandths."""
    payment = {
        "id": charge_id,
        "amount": amount,
        "date": int(clock.timestamp()),
        "affiliate_permille": permille,
    }
    partner = {"type": "user", "user": {"id": OWNER}, "invoice_payload": reference}
    line = transactions.came(payment | {"source": partner})
    return line | ({"amount": amount, "nanostar_amount": 0} if gross else {})


def read(bot: Bot, config: Config, advance: Advance) -> int:
    advance(601)
    return payments.reconcile(bot, config)


@pytest.mark.parametrize("gross", [False, True], ids=["net", "gross"])
def test_an_affiliates_sale_that_nobody_told_us_of_is_served_for_its_whole_price(
    bot: Bot, config: Config, gross: bool
) -> None:
    order = make_order()
    bot.transactions = [listed("affiliate", order.reference, 100, gross=gross)]
    assert payments.reconcile(bot, config) == 1
    payment = Payment.get()
    assert (order.fresh().stage, payment.amount) == ("paid", 453)
    assert (payment.credited_nano, payment.commission_nano) == (407_700_000_000, 45_300_000_000)
    assert Refund.select().count() == 0


def test_one_that_was_told_is_listed_for_less_and_stays_as_it_was_told(
    bot: Bot, config: Config, advance: Advance
) -> None:
    order = make_order()
    payments.confirm(stars.charge(OWNER, charge(order, "affiliate")), config)
    bot.transactions = [listed("affiliate", order.reference, 100)]
    for _ in range(2):
        assert read(bot, config, advance) == 0
    payment = Payment.get()
    assert (payment.amount, payment.state, payment.credited_nano) == (453, "confirmed", 407_700_000_000)
    assert (order.fresh().stage, Refund.select().count()) == ("paid", 0)


def test_what_no_affiliate_brought_arrives_whole(bot: Bot, config: Config) -> None:
    order = make_order()
    bot.transactions = [listed("plain", order.reference, 0)]
    payments.reconcile(bot, config)
    assert (Payment.get().credited_nano, Payment.get().commission_nano) == (453 * NANO, 0)


@given(amount=st.integers(1, 10**7), permille=st.integers(0, transactions.MOST_PERMILLE), gross=st.booleans())
def test_parts_of_stars_add_up_to_what_was_paid(amount: int, permille: int, gross: bool) -> None:
    bot = Bot()
    bot.transactions = [listed("x", "order", permille, amount, gross=gross)]
    credit = stars.Stars(bot).statement(0).entries[0].credit
    assert credit is not None
    assert credit.fits(amount)
    assert credit.credited(amount) + credit.commission == amount * NANO
    if not gross:
        assert credit.whole == amount


@given(nano=st.integers(-(10**15), 10**15))
def test_an_amount_of_stars_is_read_as_it_was_written(nano: int) -> None:
    partner = {"type": "user", "affiliate": transactions.star_amount(nano)}
    row = {"id": "x", **transactions.star_amount(abs(nano)), "source": partner}
    read_back = StarTransaction.model_validate(row)
    assert read_back.source is not None
    assert read_back.source.affiliate is not None
    assert (read_back.nano, read_back.source.affiliate.nano) == (abs(nano), nano)


@pytest.mark.parametrize(("price", "fits"), [(453, True), (408, False), (407, False), (454, False)])
def test_a_line_fits_the_price_that_it_is_net_of(price: int, fits: bool) -> None:
    assert Credit(407_700_000_000, 45_300_000_000).fits(price) is fits


# --- what it means for the margin


def test_no_plan_is_sold_below_its_cost_after_an_affiliates_part(
    bot: Bot, config: Config, advance: Advance
) -> None:
    """The markup brings in 5.88 for 4.20; of half of that 4.20 are not left."""
    plan = make_plan()
    bot.transactions = [listed("affiliate", make_order().reference, 500)]
    assert read(bot, config, advance) == 1
    assert catalogue.in_force(config).commission == 500
    stars_now = Plan.get_by_id(plan.id).stars
    assert stars_now * Decimal("0.013") / 2 >= Decimal("4.20") > (stars_now - 1) * Decimal("0.013") / 2
    advance(31 * 86_400)
    bot.transactions = []
    read(bot, config, advance)
    assert (catalogue.in_force(config).commission, Plan.get_by_id(plan.id).stars) == (0, plan.stars)


def test_reports_tell_what_did_not_arrive() -> None:
    order = make_order("ready", paid_at=after(-60))
    Payment.update(credited_nano=407_700_000_000, commission_nano=45_300_000_000).execute()
    make_payment(order, state="refunded", credited_nano=0)
    make_order("ready", plan_id="not-listed-yet", paid_at=after(-60))
    whole = sales.sales(Period.last(1))
    assert (whole.revenue, whole.commission) == (2 * 5880, 588)
    assert whole.margin == whole.revenue - whole.cost - 588
    assert sales.by_plan(Period.last(1))[0].sales.commission in {0, 588}
    assert Order.select().count() == 2
