"""What became of Telegram's Stars, and what of them can be withdrawn when."""

from datetime import date, timedelta

import pytest

from sandbox.telegram import transactions
from tests.settings import changed
from tests.shop.conftest import Advance, Person, text
from tests.shop.factories import (
    OWNER,
    SHOPKEEPER,
    after,
    charge,
    leader,
    make_order,
    make_payment,
    make_refund,
)
from tests.shop.standins import Bot, always
from webapp.base import clock
from webapp.base.config import Config
from webapp.base.money import NANO
from webapp.books import stars as book
from webapp.books.stars import Withdrawal
from webapp.clients.telegram.errors import Lost
from webapp.models import Payment, Setting, StarMovement
from webapp.orders import payments
from webapp.orders.payments import Question, stars
from webapp.state import star_balance

pytestmark = pytest.mark.usefixtures("noon")

DAY = 86_400


def told(amount: int) -> None:
    star_balance.seen(amount * NANO, clock.now())


def sold(amount: int, days_ago: float) -> None:
    make_payment(None, amount=amount, confirmed_at=after(-days_ago * DAY))


def day(number: int) -> date:
    return clock.now().date() + timedelta(days=number)


def test_of_a_balance_that_was_never_told_nothing_can_be_withdrawn() -> None:
    assert book.withdrawal() == Withdrawal(0)
    assert book.account().unexplained == 0


def test_what_was_sold_three_weeks_ago_can_be_withdrawn() -> None:
    sold(1500, 22)
    sold(900, 20)
    told(2400)
    assert book.withdrawal() == Withdrawal(1500)


def test_a_thousand_are_the_fewest_and_it_is_said_when_there_are_so_many() -> None:
    sold(999, 22)
    sold(600, 10)
    sold(600, 3)
    told(2199)
    assert book.withdrawal() == Withdrawal(0, 1599, day(12))
    sold(2000, 1)
    told(4199)
    assert book.withdrawal().at == day(12), "the first day on which there are enough"


def test_what_customers_are_owed_is_left_in() -> None:
    sold(1500, 22)
    make_refund()
    told(1953)
    assert book.withdrawal() == Withdrawal(1500)
    told(1452)
    assert book.withdrawal() == Withdrawal(0)


def test_other_products_stars_are_held_as_long() -> None:
    StarMovement.create(line_id="x", outgoing=False, kind="foreign", nano=1200 * NANO, at=after(-DAY))
    told(1200)
    assert book.withdrawal() == Withdrawal(0, 1200, day(21))


def test_every_star_of_the_balance_is_explained(bot: Bot, config: Config, advance: Advance) -> None:
    """An affiliate's sale, one that was refunded, a sale of another product, and a withdrawal."""
    listed = []
    for number, permille in enumerate((100, 25)):
        order = make_order(plan_id=f"plan-{number}")
        payments.confirm(stars.charge(OWNER, charge(order, f"c{number}")), config)
        partner = {"type": "user", "user": {"id": OWNER}, "invoice_payload": order.reference}
        paid = {"id": f"c{number}", "amount": 453, "date": int(clock.timestamp()), "source": partner}
        listed.append(paid | {"affiliate_permille": permille})
    payments.refund(Payment.get(Payment.charge_id == "c1"), "owner")
    payments.issue_refunds(bot, leader())
    foreign = {"id": "f", "amount": 70, "date": 1, "source": {"type": "user", "invoice_payload": "theirs"}}
    bot.transactions = [
        *map(transactions.came, listed),
        transactions.went_back(listed[1], int(clock.timestamp())),
        foreign,
        transactions.withdrawn(100, 1, 1),
    ]
    payments.reconcile(bot, config)
    star_balance.seen(sum(map(transactions.nano, bot.transactions)), clock.now())
    account = book.account()
    assert (account.paid, account.commission, account.kept) == (906 * NANO, 56_625_000_000, 0)
    assert account.movements == {"foreign": 70 * NANO, "fragment": -100 * NANO}
    assert account.balance is not None
    assert (account.balance.nano, account.unexplained) == (377_700_000_000, 0)
    star_balance.seen(account.balance.nano - 5 * NANO, clock.now())
    assert book.account().unexplained == -5 * NANO


@pytest.mark.parametrize(("lines", "unexplained"), [(90, -500), (150, 0)], ids=["read", "never"])
def test_what_moved_before_it_was_written_down_is_not_called_unexplained(
    bot: Bot, config: Config, lines: int, unexplained: int
) -> None:
    """A shop that has withdrawn Stars before it was upgraded: of its statement only the end is read again."""
    Setting.write("statement.stars.offset", lines)
    payments.reconcile(bot, config)
    star_balance.seen(-500 * NANO, clock.now())
    assert book.account().unexplained == unexplained * NANO


def test_the_page_shows_it(shopkeeper: Person) -> None:
    sold(1500, 22)
    make_payment(None, amount=1000, credited_nano=900_500_000_000, commission_nano=99_500_000_000)
    StarMovement.create(line_id="w", outgoing=True, kind="fragment", nano=-NANO)
    told(2399)
    star_balance.list_begun()
    page = " ".join(text(shopkeeper.get("/admin/stars")).split())
    for words in ("⭐ 2,399", "⭐ 1,498", "⭐ 2,500", "⭐ 99.5", "⭐ 2,400.5", "Withdrawn</dt><dd>⭐ -1"):
        assert words in page
    assert "Not explained" not in page
    assert "Missing for refunds" not in page
    make_refund()
    told(100)
    page = " ".join(text(shopkeeper.get("/admin/stars")).split())
    assert "Missing for refunds</dt><dd>⭐ 353" in page
    assert "Not explained yet" in page


# --- adding to it


def test_the_owner_adds_stars_by_an_invoice_that_nobody_else_can_pay(
    shopkeeper: Person, bot: Bot, config: Config
) -> None:
    make_refund()
    told(100)
    assert 'value="353"' in text(shopkeeper.get("/admin/stars")), "what is missing"
    page = text(shopkeeper.post("/admin/stars", do="add", amount="353"))
    (made,) = bot.invoices
    assert (made["stars"], made["payload"]) == (353, "added")
    assert "data-invoice-url=" in page
    ours = changed(config, admin_telegram_ids=frozenset({SHOPKEEPER}))
    for payer, may in ((SHOPKEEPER, True), (OWNER, False)):
        asked = Question("stars", made["payload"], payer, "XTR", 353)
        assert (payments.pre_checkout(asked, ours) is None) is may


def test_added_stars_are_no_sale_and_are_looked_for_at_once(
    bot: Bot, config: Config, advance: Advance
) -> None:
    payments.look_at_balance(bot)
    paid = charge(make_order(), "mine", invoice_payload="added", total_amount=353)
    assert not payments.confirm(stars.charge(SHOPKEEPER, paid), config)
    assert payments.look_at_balance(bot), "a refund may wait for it"
    partner = {"type": "user", "user": {"id": SHOPKEEPER}, "invoice_payload": "added"}
    bot.transactions = [{"id": "mine", "amount": 353, "date": 1, "source": partner}]
    payments.reconcile(bot, config)
    assert (Payment.select().count(), book.account().movements) == (0, {"added": 353 * NANO})


@pytest.mark.parametrize("amount", ["", "0", "-1", "10001", "1.5", "many", "٣"])
def test_an_amount_that_is_none_is_refused(shopkeeper: Person, bot: Bot, amount: str) -> None:
    assert shopkeeper.post("/admin/stars", do="add", amount=amount).status_code == 400
    assert bot.invoices == []


def test_a_telegram_that_does_not_answer_adds_nothing(shopkeeper: Person, bot: Bot) -> None:
    bot.mood = always(Lost("no answer"))
    assert "Telegram does not answer" in text(shopkeeper.post("/admin/stars", do="add", amount="5"))
