"""Stars: invoices, pre-checkout, payment, refund."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.telegram import stars
from tests.sandbox.esimgo import until
from tests.sandbox.telegram import ANNA, Stage, decline, running


@pytest.fixture
def stage() -> Iterator[Stage]:
    with running() as stage:
        stage.connect()
        yield stage


def test_a_payment_moves_stars_and_tells_the_shop_once(stage: Stage) -> None:
    before = stage.stars()
    paid = stage.pay(stage.invoice(385))

    assert paid["status"] == "paid"
    assert paid["delivered"] is True
    assert stage.shop.kinds() == ["pre_checkout_query", "message"]
    assert stage.shop.of_kind("message")[0]["successful_payment"] == {
        "currency": "XTR",
        "total_amount": 385,
        "invoice_payload": "order-7",
        "telegram_payment_charge_id": paid["charge_id"],
        "provider_payment_charge_id": "",
    }
    assert stage.stars() == before - 385
    assert stage.call("getMyStarBalance") == {"amount": 385}
    assert [tx["id"] for tx in stage.call("getStarTransactions")["transactions"]] == [paid["charge_id"]]


def test_the_query_before_checkout_names_the_buyer_and_the_invoice(stage: Stage) -> None:
    stage.pay(stage.invoice(385))

    query = stage.shop.of_kind("pre_checkout_query")[0]
    assert (query["from"]["id"], query["from"]["first_name"]) == (ANNA, "Анна")
    assert (query["currency"], query["total_amount"], query["invoice_payload"]) == ("XTR", 385, "order-7")


def test_a_shop_may_answer_by_calling_the_method(stage: Stage) -> None:
    def by_method(update: dict[str, Any]) -> tuple[int, Any]:
        query = update.get("pre_checkout_query")
        if query:
            stage.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
        return 200, None

    stage.shop.react = by_method
    assert stage.pay(stage.invoice())["status"] == "paid"


def test_a_declined_checkout_takes_no_stars_and_gives_the_reason(stage: Stage) -> None:
    before = stage.stars()
    stage.shop.react = decline("Sold out, sorry")

    assert stage.pay(stage.invoice()) == {"status": "failed", "error_message": "Sold out, sorry"}
    assert stage.stars() == before
    assert stage.state()["payments"] == []
    assert stage.shop.kinds() == ["pre_checkout_query"]


def test_without_an_answer_in_time_the_payment_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stars, "ANSWER_S", 0.2)
    stage.shop.react = lambda update: (200, None)

    assert stage.pay(stage.invoice()) == {"status": "failed", "error_message": "BOT_PRECHECKOUT_TIMEOUT"}
    stage.hears(1)
    query = stage.shop.of_kind("pre_checkout_query")[0]
    status, reason = stage.refused("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
    assert (status, "query is too old" in reason) == (400, True)


def test_a_lost_pre_checkout_answer_is_asked_for_again(stage: Stage) -> None:
    stage.fault("lost_answer", "UPDATE /pre_checkout_query", times=1)

    assert stage.pay(stage.invoice())["status"] == "paid"
    first, second = stage.shop.heard[:2]
    assert first == second


def test_a_shop_that_asked_for_no_checkouts_cannot_sell(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stars, "ANSWER_S", 0.2)
    stage.connect(allowed_updates=["message"])
    assert stage.pay(stage.invoice())["error_message"] == "BOT_PRECHECKOUT_TIMEOUT"
    assert stage.shop.heard == []


def test_one_link_can_be_paid_twice_and_each_charge_is_its_own(stage: Stage) -> None:
    link = stage.invoice()
    assert stage.pay(link)["charge_id"] != stage.pay(link, user_id=1002)["charge_id"]
    assert len(stage.state()["payments"]) == 2


def test_many_people_pay_at_once(stage: Stage) -> None:
    link = stage.invoice(1)
    for user_id in range(5000, 5040):
        stage.control("GET", f"init-data?user_id={user_id}")
    with ThreadPoolExecutor(20) as people:
        paid = list(people.map(lambda user_id: stage.pay(link, user_id), range(5000, 5040)))
    assert len({answer["charge_id"] for answer in paid}) == 40
    assert stage.call("getMyStarBalance") == {"amount": 40}
    ids = [update["update_id"] for update in stage.shop.heard]
    assert sorted(ids) == list(range(min(ids), min(ids) + 80))


def test_nobody_pays_more_stars_than_they_have(stage: Stage) -> None:
    assert stage.pay(stage.invoice(10_000_000)) == {"status": "failed", "error_message": "BALANCE_TOO_LOW"}
    assert stage.shop.heard == []


def test_a_refund_gives_the_stars_back_once(stage: Stage) -> None:
    before = stage.stars()
    charge = {"user_id": ANNA, "telegram_payment_charge_id": stage.pay(stage.invoice(385))["charge_id"]}

    assert stage.call("refundStarPayment", **charge) is True
    assert stage.refused("refundStarPayment", **charge) == (400, "Bad Request: CHARGE_ALREADY_REFUNDED")

    assert stage.stars() == before
    refund = stage.control("GET", "refunds")["refunds"][0]
    assert (refund["amount"], refund["count"], refund["asked"]) == (385, 1, 2)
    until(lambda: any("refunded_payment" in message for message in stage.shop.of_kind("message")))
    incoming, outgoing = stage.call("getStarTransactions")["transactions"]
    assert incoming["id"] == outgoing["id"]
    assert "source" in incoming
    assert "receiver" in outgoing


def test_a_sale_that_an_affiliate_brought_is_listed_net_and_so_is_its_refund(stage: Stage) -> None:
    before = stage.stars()
    charge_id = stage.pay(stage.invoice(453), affiliate_permille=100)["charge_id"]
    proof = stage.shop.of_kind("message")[0]["successful_payment"]
    assert (proof["total_amount"], before - stage.stars()) == (453, 453)

    (came,) = stage.call("getStarTransactions")["transactions"]
    assert (came["id"], came["amount"], came["nanostar_amount"]) == (charge_id, 407, 700_000_000)
    affiliate = came["source"]["affiliate"]
    assert (affiliate["commission_per_mille"], affiliate["amount"], affiliate["nanostar_amount"]) == (
        100,
        45,
        300_000_000,
    )
    assert stage.call("getMyStarBalance") == {"amount": 407, "nanostar_amount": 700_000_000}

    stage.call("refundStarPayment", user_id=ANNA, telegram_payment_charge_id=charge_id)
    _came, went = stage.call("getStarTransactions")["transactions"]
    taken_back = went["receiver"]["affiliate"]
    assert (went["amount"], went["nanostar_amount"]) == (407, 700_000_000)
    assert (taken_back["amount"], taken_back["nanostar_amount"]) == (-45, -300_000_000)
    assert stage.call("getMyStarBalance") == {"amount": 0}
    assert stage.stars() == before


def test_what_was_withdrawn_cannot_be_refunded_until_more_is_sold(stage: Stage) -> None:
    charge = {"user_id": ANNA, "telegram_payment_charge_id": stage.pay(stage.invoice(385))["charge_id"]}
    assert stage.control("POST", "withdraw", {"amount": 300}) == {"balance": {"amount": 85}}
    assert stage.call("getStarTransactions")["transactions"][-1]["receiver"]["type"] == "fragment"
    assert stage.refused("refundStarPayment", **charge) == (400, "Bad Request: BALANCE_TOO_LOW")
    stage.pay(stage.invoice(300))
    assert stage.call("refundStarPayment", **charge) is True
    assert stage.call("getMyStarBalance") == {"amount": 0}


@pytest.mark.parametrize("permille", [-1, 801])
def test_an_affiliate_gets_eighty_percent_at_most(stage: Stage, permille: int) -> None:
    wish = {"invoice": stage.invoice(), "user_id": ANNA, "affiliate_permille": permille}
    stage.control("POST", "pay", wish, expect=400)
    assert stage.state()["payments"] == []


@pytest.mark.parametrize(("user_id", "charge"), [(ANNA, "stx-unknown"), (1002, None)])
def test_only_the_buyers_own_charge_can_be_refunded(stage: Stage, user_id: int, charge: str | None) -> None:
    paid = stage.pay(stage.invoice())["charge_id"]
    refusal = stage.refused("refundStarPayment", user_id=user_id, telegram_payment_charge_id=charge or paid)
    assert refusal == (400, "Bad Request: CHARGE_NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "t" * 33},
        {"description": "d" * 256},
        {"payload": ""},
        {"payload": "ж" * 65},
        {"currency": "USD"},
        {"provider_token": "stripe"},
        {"prices": []},
        {"prices": [{"label": "a", "amount": 1}, {"label": "b", "amount": 1}]},
        {"prices": [{"label": "a", "amount": 0}]},
        {"prices": [{"label": "a", "amount": 1.5}]},
        {"prices": [{"label": "a", "amount": True}]},
        {"prices": "not json"},
    ],
)
def test_an_invoice_outside_the_documented_limits_is_refused(stage: Stage, wrong: dict[str, Any]) -> None:
    wish = {
        "title": "t" * 32,
        "description": "d" * 255,
        "payload": "ж" * 64,
        "currency": "XTR",
        "prices": [{"label": "a", "amount": 1}],
    }
    assert stage.call("createInvoiceLink", **wish).startswith("https://t.me/$")
    assert stage.refused("createInvoiceLink", **{**wish, **wrong})[0] == 400


def test_an_unknown_invoice_cannot_be_paid(stage: Stage) -> None:
    stage.control("POST", "pay", {"invoice": "https://t.me/$nothing", "user_id": ANNA}, expect=400)
