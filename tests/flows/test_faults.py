"""What happens when something breaks: killed processes, lost answers, a provider that is away."""

import signal

import pytest

from tests.crash.test_paused_leader import is_locked, is_paused
from tests.stack import PLAN, Stack, Traveller, until

pytestmark = pytest.mark.flow


@pytest.mark.parametrize(
    "crash_point", ["order.intent.committed", "order.post.sent", "order.post.answered", "order.recorded"]
)
def test_a_killed_jobs_process_buys_once_and_delivers(shop: Stack, john: Traveller, crash_point: str) -> None:
    shop.kill()
    shop.start_jobs(kill_at=crash_point)
    reference = john.buy()
    assert shop.wait_for_death() == -9
    shop.start_jobs()
    john.reaches(reference, "ready", seconds=30, faster=True)
    assert len(shop.provider_orders()) == 1


def test_a_process_killed_while_the_answer_is_awaited_buys_once(shop: Stack, john: Traveller) -> None:
    reference = john.buy_into("slow", after_s=10, times=1)
    until(shop.provider_orders, what="the order at the provider")
    shop.kill()
    shop.start_jobs()
    john.reaches(reference, "ready", seconds=30, faster=True)
    assert len(shop.provider_orders()) == 1


def test_a_lost_answer_is_looked_up_before_ordering_again(shop: Stack, anna: Traveller) -> None:
    reference = anna.buy_into("reset_after_commit", times=1)
    anna.reaches(reference, "ready", seconds=30, faster=True)
    assert len(shop.provider_orders()) == 1


def test_an_order_that_never_arrived_is_ordered_again(shop: Stack, anna: Traveller) -> None:
    reference = anna.buy_into("reset_before", times=1)
    anna.reaches(reference, "unknown", seconds=10)
    anna.reaches(reference, "ready", seconds=40, faster=True)
    assert len(shop.provider_orders()) == 1


@pytest.mark.parametrize("kind", ["down", "hang"])
def test_while_the_provider_is_away_pages_answer_and_orders_resume(
    shop: Stack, anna: Traveller, kind: str
) -> None:
    """The jobs are stopped in the middle of what they ask: no page waits for them, nor for eSIM Go."""
    reference = anna.buy_into(kind, match="")
    anna.reaches(reference, "paid", "submitting", "unknown")
    if kind == "hang":
        until(lambda: is_asked(shop), what="a call that hangs")
    else:
        until(lambda: "поставщик eSIM" in shop.get("/?lang=ru").text, what="the notice")
    try:
        until(lambda: is_stopped(shop), what="jobs that stand still")
        for path in ("/", "/shop/tr", f"/plans/{PLAN}", "/esims", "/esims/current", f"/orders/{reference}"):
            assert anna.fragment(path).status_code == 200, path
    finally:
        shop.kill()
        shop.start_jobs()
    shop.esimgo("DELETE", "faults")
    anna.reaches(reference, "ready", seconds=60, faster=True)
    assert len(shop.provider_orders()) == 1


def is_asked(shop: Stack) -> bool:
    """Is there an order that eSIM Go has not answered?"""
    calls = shop.esimgo("GET", "state")["calls"]
    return any((call["path"], call["status"]) == ("/orders", None) for call in calls)


def is_stopped(shop: Stack) -> bool:
    """Not where one of the threads is just writing: then an SQLite file is nobody else's."""
    jobs = shop.processes["jobs"]
    jobs.send_signal(signal.SIGSTOP)
    until(lambda: is_paused(jobs.pid), what="the pause")
    if is_locked(shop.environment["DATABASE_URL"]):
        jobs.send_signal(signal.SIGCONT)
        return False
    return True


def test_what_cannot_be_delivered_in_time_is_refunded(shop: Stack, anna: Traveller) -> None:
    reference = anna.buy_into("down", match="")
    shop.advance(14 * 60)
    anna.reaches(reference, "failed", seconds=20)
    until(shop.refunds, what="the refund")
    shop.esimgo("DELETE", "faults")
    assert "Поставщик не успел" in anna.fragment(f"/orders/{reference}").text
    assert shop.provider_orders() == []


def test_a_long_outage_stops_sales_and_ends_by_itself(shop: Stack, john: Traveller) -> None:
    waiting = john.buy_into("down", match="")
    until(lambda: "supplier is slow" in shop.get("/").text, what="the first notice")
    shop.advance(90)
    until(lambda: "nothing can be bought" in shop.get("/").text, what="the pause")
    assert john.press("/orders", plan_id="tr-1gb-7d").status_code == 422
    shop.esimgo("DELETE", "faults")
    john.reaches(waiting, "ready", seconds=60)
    until(lambda: "supplier" not in shop.get("/").text, what="the all-clear")


def test_telegram_being_away_costs_nothing(shop: Stack, john: Traveller) -> None:
    shop.telegram("POST", "faults", {"match": "POST /createInvoiceLink", "kind": "502"})
    order = john.order()
    assert order["invoice_url"] is None
    page = john.press("/orders", plan_id=PLAN)
    assert "not been charged" in page.text
    shop.telegram("DELETE", "faults")
    again = f"/orders/{order['id']}/invoice"
    until(lambda: "data-invoice-url" in john.press(again).text, what="the invoice")


def test_a_lost_refund_answer_refunds_once(shop: Stack, john: Traveller) -> None:
    shop.telegram("POST", "faults", {"match": "POST /refundStarPayment", "kind": "lost_answer", "times": 1})
    john.reaches(john.buy_into("400"), "failed")
    until(lambda: any("Refunded" in text for text in john.texts()), 30, "the message")
    assert len(shop.refunds()) == 1


def test_a_standby_takes_over_when_the_leader_is_killed(shop: Stack, john: Traveller) -> None:
    stood_by = shop.count("standby", "standing by")
    shop.start_jobs(name="standby")
    until(lambda: shop.count("standby", "standing by") > stood_by, what="the standby")
    shop.kill()
    reference = john.buy()
    john.reaches(reference, "ready", seconds=10)
    shop.processes["jobs"] = shop.processes.pop("standby")
    assert len(shop.provider_orders()) == 1
