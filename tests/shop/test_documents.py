"""Receipts and the table of purchases: what an employer, and a spreadsheet, can read."""

import csv
import shutil
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.settings import changed
from tests.shop.factories import OWNER, STRANGER, after, make_customer, make_order, make_payment, make_top_up
from tests.shop.standins import Bot
from webapp.base import clock, legal
from webapp.base.config import ROOT, Config
from webapp.base.i18n import day_text, speaking
from webapp.base.money import in_units
from webapp.books import purchases
from webapp.customers import documents, notifications, outbox
from webapp.customers.documents import Document
from webapp.customers.documents.spreadsheet import spreadsheet
from webapp.customers.outbox.rate_limiter import RateLimiter
from webapp.models import Esim, Notification, Order, Payment, Refund

pytestmark = pytest.mark.usefixtures("database")

FACTS = """
seller = "ООО «Лунный свет»"
address = "Tartu mnt 1, Tallinn"
registration = "14725836"
contact = "shop@example.com"
law = { en = "the law of Estonia", ru = "право Эстонии" }
[terms]
ru = ["Ещё одно условие."]
"""


@pytest.fixture
def merchant(config: Config, tmp_path: Path) -> Config:
    """A shop whose owner has filled in who sells."""
    path = tmp_path / "merchant.toml"
    path.write_text(FACTS, encoding="utf-8")
    return changed(config, legal_file=path)


def read(paper: Document) -> str:
    (page,) = PdfReader(BytesIO(paper.content)).pages
    return plain(page.extract_text())


def plain(text: str) -> str:
    """With the usual spaces only: CLDR has narrow ones."""
    return " ".join(text.split())


# --- receipts


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Receipt", "Seller", "Türkiye, 3 GB, 30 days", "$5.88", "Total paid", "453 Stars"]),
        ("ru", ["Квитанция", "Продавец", "Турция, 3 ГБ, 30 дней", "5,88", "Всего оплачено", "453 звезды"]),
    ],
)
def test_a_receipt_says_who_sold_what_to_whom_when_and_for_how_much(
    merchant: Config, language: str, words: list[str]
) -> None:
    order = make_order("active")
    payment = Payment.get(Payment.order == order)
    with speaking(language):
        paper = documents.receipt(order, merchant)
        words = [*words, plain(day_text(payment.created_at))]
    text = read(paper)
    assert (paper.name, paper.kind) == (f"receipt-{order.reference}.pdf", "application/pdf")
    numbers = [order.reference, str(payment.charge_id), str(OWNER)]
    known = [*numbers, "ООО «Лунный свет»", "Tartu mnt 1", "14725836"]
    assert [word for word in words + known if word not in text] == []


def test_a_receipt_holds_no_secret_and_is_the_same_each_time(merchant: Config) -> None:
    order = make_order("ready")
    paper = documents.receipt(order, merchant)
    esim = Esim.get(Esim.order == order)
    assert [word for word in (esim.iccid, esim.matching_id) if word in read(paper)] == []
    assert paper == documents.receipt(order, merchant)


def test_a_receipt_tells_of_the_refund(merchant: Config) -> None:
    order = make_order("failed")
    assert "Being returned" in read(documents.receipt(order, merchant))
    Refund.update(state="done", done_at=clock.now()).execute()
    assert "Returned" in read(documents.receipt(order, merchant))


def test_a_receipt_of_a_top_up_says_so(merchant: Config) -> None:
    assert "(top-up)" in read(documents.receipt(make_top_up("active"), merchant))


def test_a_shop_without_legal_facts_still_gives_receipts(config: Config) -> None:
    assert "Simka" in read(documents.receipt(make_order("active"), config))


def test_there_is_no_receipt_for_what_was_never_paid(config: Config) -> None:
    with pytest.raises(LookupError):
        documents.receipt(make_order("expired"), config)


def test_very_long_names_stay_on_the_page(merchant: Config) -> None:
    name = "A country with a name that goes on and on and then some " * 3
    order = make_order("active", country_code="q9", country_name=name)
    assert "and then some" in read(documents.receipt(order, merchant))


# --- purchases


def rows(paper: Document, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(paper.content.decode("utf-8-sig")), delimiter=delimiter))


def test_the_table_has_every_paid_order_the_newest_first_and_nobody_elses() -> None:
    customer = make_customer()
    old = make_order("active", plan_id="old", paid_at=after(-9000))
    new = make_order("failed", plan_id="new")
    make_order("expired", plan_id="never")
    make_order("active", make_customer(STRANGER))
    head, *found = rows(documents.history(customer))
    assert head[:3] == ["Paid (UTC)", "Order", "Plan"]
    assert [row[1].lstrip("'") for row in found] == [new.reference, old.reference]
    assert found[0][3:6] == ["453", "5.88", "USD"]


def test_a_russian_table_opens_in_a_russian_spreadsheet() -> None:
    make_order("active")
    with speaking("ru"):
        paper = documents.history(make_customer())
    head, row = rows(paper, ";")
    assert (head[0], row[2]) == ("Оплачено (UTC)", "Турция, 3 ГБ, 30 дней")
    assert paper.content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠A1"]
)
def test_what_begins_like_a_formula_is_none(name: str) -> None:
    make_order("active", country_code="q9", country_name=name)
    assert rows(documents.history(make_customer()))[1][2].startswith(f"'{name}")


@pytest.mark.parametrize(
    ("code", "delimiter", "written"),
    [("en", ",", ["-3.50", "-7", "0.00", "'-7"]), ("ru", ";", ["-3,50", "-7", "0,00", "'-7"])],
)
def test_a_loss_stays_a_number(code: str, delimiter: str, written: list[str]) -> None:
    with speaking(code):
        table = spreadsheet("t.csv", ["a"], [[in_units(-3500), -7, in_units(0), "-7"]])
    assert rows(table, delimiter)[1] == written


def test_a_purchase_has_the_charge_that_paid_for_it() -> None:
    order = make_order("active")
    first = Payment.get(Payment.order == order)
    make_payment(order)
    (purchase,) = purchases.of_customer(order.customer)
    assert (purchase.payment, purchase.refund) == (first, None)


# --- into the chat


def test_a_receipt_that_is_asked_for_comes_into_the_chat(bot: Bot, config: Config) -> None:
    order = make_order("active", make_customer(language="ru"))
    notifications.request(order.customer, "receipt", order)
    notifications.request(order.customer, "receipt", order)
    assert outbox.deliver(bot, config, RateLimiter()) == 1
    ((chat, name, content, kind),) = bot.documents
    assert (chat, name, kind) == (OWNER, f"receipt-{order.reference}.pdf", "application/pdf")
    assert "Квитанция" in PdfReader(BytesIO(content)).pages[0].extract_text()
    notifications.request(order.customer, "receipt", order)
    assert Notification.select().count() == 2, "once it has come it can be asked for again"


def test_all_purchases_come_into_the_chat_although_they_belong_to_no_order(bot: Bot, config: Config) -> None:
    order: Order = make_order("active")
    notifications.request(order.customer, "history")
    assert outbox.deliver(bot, config, RateLimiter()) == 1
    assert bot.documents[0][1] == "purchases.csv"


def test_what_was_asked_for_comes_whatever_is_switched_off(bot: Bot, config: Config) -> None:
    customer = make_customer(muted=" ".join(notifications.GROUPS))
    order = make_order("active", customer)
    notifications.enqueue(order, "activated")
    notifications.request(customer, "receipt", order)
    assert outbox.deliver(bot, config, RateLimiter()) == 1
    assert (len(bot.documents), bot.messages) == (1, [])


# --- who sells


def test_the_owner_is_told_what_is_not_filled_in(config: Config, merchant: Config, tmp_path: Path) -> None:
    assert legal.missing(config) == [
        f"{config.legal_file} is missing: copy legal.example.toml and fill it in"
    ]
    assert legal.missing(merchant) == []
    example = tmp_path / "example.toml"
    shutil.copy(ROOT / "legal.example.toml", example)
    told = legal.missing(changed(config, legal_file=example))
    assert [line.rpartition(": ")[2] for line in told] == [
        f"{name} is not filled in" for name in legal.NEEDED
    ]
    example.write_text("seller = ")
    assert "cannot be read" in legal.missing(changed(config, legal_file=example))[0]


def test_facts_are_in_the_language_at_hand(merchant: Config) -> None:
    with speaking("ru"):
        facts = legal.seller(merchant)
    assert (facts.law, facts.terms) == ("право Эстонии", ("Ещё одно условие.",))
    assert (legal.seller(merchant).law, legal.seller(merchant).terms) == ("the law of Estonia", ())


@pytest.mark.parametrize("broken", ["seller = 7", "[seller]", "terms = 'one'", "[terms]\nen = 5"])
def test_odd_facts_break_no_page(config: Config, tmp_path: Path, broken: str) -> None:
    path = tmp_path / "legal.toml"
    path.write_text(broken)
    facts = legal.seller(changed(config, legal_file=path))
    assert facts.seller == ""
