"""Where real accounts differ: refunds switched off, slow processing, costs, failing SMS, capitals."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import clock
from tests.sandbox.esimgo import FRANCE, TURKEY, TURKEY_SMALL, Provider, running, until
from tests.sandbox.receiver import listening

JSON = {"Accept": "application/json"}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


def adopt(provider: Provider, **habits: Any) -> None:
    provider.control("POST", "habits", habits)


@pytest.mark.parametrize(
    "wish",
    [{"manners": "good"}, {"refunds": "no"}, {"order_s": -1}, {"order_s": True}, {"costs": {"GET /": 0}}],
)
def test_a_habit_that_makes_no_sense_is_refused(provider: Provider, wish: dict[str, Any]) -> None:
    before = provider.control("GET", "habits")
    assert provider.control("POST", "habits", wish, expect=400)["error"]
    assert provider.control("GET", "habits") == before


def test_a_reset_brings_back_the_habits_of_the_start() -> None:
    with running(habits={"order_s": 3}) as provider:
        adopt(provider, refunds=False, order_s=0)
        provider.control("POST", "reset")
        assert provider.control("GET", "habits") == {
            "signature": "base64",
            "profile_callbacks": True,
            "refunds": True,
            "order_s": 3,
            "assignment_s": 0,
            "sms_fails": False,
            "order_list": "oldest",
            "bare_orders": False,
            "capitals": False,
            "costs": {},
        }


# --- refunds are off until the account manager switches them on


@pytest.mark.parametrize("kind", ["validate", "transaction"])
def test_without_refunds_money_cannot_be_asked_back(provider: Provider, kind: str) -> None:
    adopt(provider, refunds=False)
    iccid = provider.buy_esim(TURKEY)
    balance = provider.get("/organisation")["balance"]
    path = f"/esims/{iccid}/bundles/{TURKEY}?type={kind}&refundToBalance=true"
    assert provider.call("DELETE", path).status_code == 403
    assert provider.bundle_states(iccid) == ["queued"]
    assert provider.get("/organisation")["balance"] == balance


def test_without_refunds_a_revoked_bundle_is_lost(provider: Provider) -> None:
    adopt(provider, refunds=False)
    iccid = provider.buy_esim(TURKEY)
    balance = provider.get("/organisation")["balance"]
    path = f"/esims/{iccid}/bundles/{TURKEY}"
    assert provider.call("DELETE", f"{path}?type=validate").json() == {"status": "Bundle can be revoked"}
    assert provider.call("DELETE", path).json() == {"status": "Successfully Revoked Bundle"}
    assert provider.bundle_states(iccid) == ["revoked"]
    assert provider.get("/organisation")["balance"] == balance
    assert provider.get("/inventory") == {"bundles": []}


def test_without_refunds_the_inventory_keeps_its_bundles(provider: Provider) -> None:
    adopt(provider, refunds=False)
    provider.buy(TURKEY, body={"assign": False})
    usage = provider.get("/inventory")["bundles"][0]["available"][0]["id"]
    wish = {"usageId": usage, "quantity": 1}
    assert provider.call("POST", "/inventory/refund", json=wish).status_code == 403
    assert provider.get("/inventory")["bundles"][0]["available"][0]["remaining"] == 1


# --- processing


def test_an_order_can_be_answered_before_its_esim_is_there(provider: Provider) -> None:
    adopt(provider, order_s=30)
    order = provider.buy()
    reference = order["orderReference"]
    assert (order["status"], order["order"][0]["esims"], order["assigned"]) == ("processing", [], False)
    waiting = provider.call("GET", f"/esims/assignments?reference={reference}", headers=JSON)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (503, "5")
    clock.advance(30)
    done = provider.get(f"/orders/{reference}")
    assert (done["status"], len(done["order"][0]["esims"])) == ("completed", 1)
    assert set(done) == set(order)
    assert provider.get(f"/esims/assignments?reference={reference}", headers=JSON)["iccid"]


def test_a_top_up_in_processing_arrives_on_the_esim_that_was_named(provider: Provider) -> None:
    iccid = provider.buy_esim(TURKEY)
    adopt(provider, order_s=30)
    assert provider.buy(TURKEY_SMALL, iccids=[iccid])["order"][0]["iccids"] == []
    assert provider.bundle_states(iccid) == ["queued"]
    clock.advance(31)
    assert provider.bundle_states(iccid) == ["queued", "queued"]


def test_a_new_bundle_can_take_its_time_on_the_esim(provider: Provider) -> None:
    adopt(provider, assignment_s=600)
    iccid = provider.buy_esim(TURKEY)
    assert provider.bundle_states(iccid) == ["processing"]
    provider.install(iccid)
    assert "no data" in provider.control("POST", f"esims/{iccid}/use", {"mb": 1}, expect=400)["error"]
    assert provider.call("DELETE", f"/esims/{iccid}/bundles/{TURKEY}").status_code == 400
    clock.advance(601)
    assert provider.bundle_states(iccid) == ["queued"]
    provider.use(iccid, 1)


# --- the rest


def test_costly_calls_take_more_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=NOON.astimezone))
    costs = {"GET /catalogue": 5, "GET /catalogue/bundle": 2}
    with running(rate_limit=10, habits={"costs": costs}) as provider:
        answers = [provider.call("GET", "/catalogue?perPage=1") for _ in range(3)]
        provider.control("POST", "clock", {"advance_s": 1})
        other = provider.call("GET", f"/catalogue/bundle/{FRANCE}")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-Ratelimit-Remaining"] for answer in answers] == ["5", "0", "0"]
    assert {answer.headers["X-Ratelimit-Cost"] for answer in answers} == {"5"}
    assert (other.headers["X-Ratelimit-Cost"], other.headers["X-Ratelimit-Remaining"]) == ("2", "8")


def test_states_can_be_written_with_capitals(provider: Provider) -> None:
    adopt(provider, capitals=True)
    iccid = provider.buy_esim(TURKEY)
    assert provider.bundle_states(iccid) == ["Queued"]
    assert provider.get(f"/esims/{iccid}")["state"] == "Active"
    assert provider.get("/esims")["esims"][0]["state"] == "Active"


@pytest.mark.parametrize(("habits", "kinds"), [({"sms_fails": True}, ["SMSFailed"]), ({}, [])])
def test_an_sms_that_fails_is_accepted_first(habits: dict[str, Any], kinds: list[str]) -> None:
    with listening() as shop, running(callback_url=shop.url, habits=habits) as provider:
        iccid = provider.buy_esim()
        answer = provider.call("POST", f"/esims/{iccid}/sms", json={"message": "Hello!", "from": "eSIM"})
        assert answer.json() == {"status": "sent"}
        provider.control("POST", "callbacks", {"kind": "FirstAttachment"})
        until(lambda: "FirstAttachment" in shop.kinds())
    assert shop.kinds() == [*kinds, "FirstAttachment"]


def test_an_install_can_pass_unnoticed() -> None:
    with listening() as shop, running(callback_url=shop.url) as provider:
        adopt(provider, profile_callbacks=False)
        iccid = provider.buy_esim()
        provider.install(iccid)
        provider.use(iccid, 1)
        until(lambda: len(shop.received) == 2)
    assert shop.kinds() == ["FirstAttachment", "FirstUse"]


@pytest.mark.parametrize("kind", ["Topup", "AutoTopup", "eSIMGoTopup"])
def test_money_that_comes_in_is_told(kind: str) -> None:
    with listening() as shop, running(callback_url=shop.url, balance="40.10") as provider:
        assert provider.control("POST", "balance", {"add": 50, "kind": kind}) == {"balance": 90.1}
        until(lambda: bool(shop.received))
        assert provider.get("/organisation")["balance"] == 90.1
    assert shop.events() == [{"alertType": kind, "bundle": {"oldAmount": 40.1, "newAmount": 90.1}}]


def test_the_card_on_file_pays_within_its_limits(provider: Provider) -> None:
    answer = provider.call("POST", "/organisation/balance?amount=1000")
    assert (answer.json()["amount"], answer.json()["balance"]) == (1000, 2000)
    for amount in ("999", "5001", "x"):
        assert provider.call("POST", f"/organisation/balance?amount={amount}").status_code == 400
    assert provider.get("/organisation")["balance"] == 2000


@pytest.mark.parametrize("wish", [{"add": "5"}, {"add": -5}, {"add": 5, "kind": "Gift"}])
def test_money_that_makes_no_sense_does_not_come_in(provider: Provider, wish: dict[str, Any]) -> None:
    assert provider.control("POST", "balance", wish, expect=400)["error"]
    assert provider.get("/organisation")["balance"] == 1000


def test_a_list_of_orders_begins_at_either_end_or_nowhere(provider: Provider) -> None:
    made = [provider.buy()["orderReference"] for _ in range(5)]

    def listed() -> list[str]:
        pages = [provider.get(f"/orders?limit=2&page={page}") for page in (1, 2, 3)]
        return [order["orderReference"] for page in pages for order in page]

    assert listed() == made
    adopt(provider, order_list="newest")
    assert listed() == made[::-1]
    adopt(provider, order_list="shuffled")
    assert listed() == sorted(made)


def test_a_list_may_tell_next_to_nothing_of_an_order(provider: Provider) -> None:
    provider.buy()
    adopt(provider, bare_orders=True)
    (order,) = provider.get("/orders?includeIccids=true")
    assert set(order) == {"orderReference", "createdDate", "order"}
    assert [set(line) for line in order["order"]] == [{"item"}]


def test_money_may_go_without_an_order(provider: Provider) -> None:
    assert provider.control("POST", "balance", {"take": 1.234}) == {"balance": 998.766}
    assert provider.get("/orders") == []
    assert provider.control("POST", "balance", {"take": "much"}, expect=400)["error"]
