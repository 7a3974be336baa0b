"""Somebody sets the machine's clock while the shop sells. `<CLOCK_FILE>.step` plays it for every process."""

from collections.abc import Callable, Iterator

import pytest

from tests.stack import Stack, Traveller, until

pytestmark = pytest.mark.flow

Step = Callable[[float], None]


@pytest.fixture
def step(shop: Stack) -> Iterator[Step]:
    """The machine's own clock is off by so many seconds from now on."""
    file = shop.folder / "clock.step"

    def set_clock(seconds: float) -> None:
        file.write_text(str(seconds))

    yield set_clock
    file.unlink(missing_ok=True)


@pytest.mark.parametrize("seconds", [-1200, 86_400])
def test_a_step_of_the_machines_clock_is_not_noticed_by_who_buys(
    shop: Stack, john: Traveller, anna: Traveller, step: Step, seconds: int
) -> None:
    began = john.order_to_pay()
    until(shop.confirmed, 20, "the word of eSIM Go")
    step(seconds)
    until(lambda: john.pays(began["invoice_url"]), 60, "the payment")
    for person, reference in ((john, began["id"]), (anna, anna.buy())):
        person.reaches(reference, "ready", seconds=15)
    assert shop.get("/readyz").status_code == 200
    assert shop.refunds() == []


@pytest.mark.parametrize("seconds", [-1200, 3600])
def test_a_standby_takes_over_from_a_leader_that_died_after_a_step(
    shop: Stack, john: Traveller, step: Step, seconds: int
) -> None:
    shop.start_jobs(name="standby")
    until(lambda: shop.count("standby", "standing by"), 30, "the standby")
    led = shop.count("standby", "leading, epoch")
    step(seconds)
    shop.kill("jobs")
    until(lambda: shop.count("standby", "leading, epoch") > led, 20, "the take-over")
    john.reaches(john.buy(), "ready", seconds=15)
    assert shop.refunds() == []
    shop.start_jobs()
    shop.kill("standby")
    until(lambda: shop.get("/readyz").status_code == 200, 30, "the next leader")


def test_a_process_that_begins_after_the_step_goes_by_the_shops_time(
    shop: Stack, john: Traveller, step: Step
) -> None:
    order = john.order_to_pay()
    step(-1200)
    shop.kill("jobs")
    shop.start_jobs()
    other = shop.second_node()
    until(lambda: Traveller(other, john.user_id).pays(order["invoice_url"]), 60, "the payment")
    john.reaches(order["id"], "ready", seconds=30)
    ((waited_s,),) = shop.sql(LATER[shop.environment["DATABASE_URL"].partition(":")[0]])
    assert 0 <= waited_s < 600, "both moments are the shop's"
    shop.kill("web2")


@pytest.mark.parametrize("seconds", [900, 90, -900])
def test_a_boot_with_a_wrong_clock_refunds_nobody_and_is_put_right(
    shop: Stack, john: Traveller, step: Step, seconds: int
) -> None:
    """Paid before the machine went down; the clock it comes back with is wrong."""
    shop.kill("jobs")
    shop.start_jobs()
    order = john.order_to_pay()
    until(shop.confirmed, 20, "the word of eSIM Go")
    shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "429", "times": 3})
    until(lambda: john.pays(order["invoice_url"]), 60, "the payment")
    shop.kill("jobs")
    shop.processes["web"].terminate()
    shop.processes["web"].wait(60)
    shop.sql("DELETE FROM boot")
    if seconds < 0:  # what was noted as reached helps, where it was noted
        shop.sql("DELETE FROM setting WHERE name = 'clock.reached'")
    step(seconds)
    shop.start_web()
    shop.start_jobs()
    path = f"/api/esimgo/status/{order['id']}"
    until(lambda: shop.answers(f"{shop.web}/healthz"), 30, "the web")
    until(
        lambda: shop.get(path, headers=john.headers).status_code == 200,
        30,
        "who comes from the future is known",
    )
    john.reaches(order["id"], "ready", seconds=30)
    assert shop.refunds() == []
    assert shop.sql("SELECT 1 FROM incident WHERE kind = 'clock_wrong' AND closed_at IS NULL")
    until(lambda: 'class="notice"' not in shop.get("/").text, 30, "open for sale")
    john.reaches(john.buy(), "ready", seconds=30)
    step(0)
    until(lambda: not shop.sql("SELECT 1 FROM incident WHERE kind = 'clock_wrong' AND closed_at IS NULL"), 60)


LATER = {
    "sqlite": "SELECT (julianday(delivered_at) - julianday(created_at)) * 86400 FROM orders "
    "ORDER BY id DESC LIMIT 1",
    "postgresql": "SELECT EXTRACT(EPOCH FROM delivered_at - created_at) FROM orders ORDER BY id DESC LIMIT 1",
}
"""Seconds from the last order to its delivery."""
