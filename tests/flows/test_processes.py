"""Who may act: leaders, standbys, and what goes on while calls hang."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import clock
from tests.stack import Stack, Traveller, running, until

pytestmark = pytest.mark.flow

SOME, ALL = 30, 200
"""Orders."""


@pytest.mark.proof
def test_two_jobs_processes_never_act_together(tmp_path: Path, in_full: bool) -> None:
    """Two jobs processes, the leader killed twice in between: each order is bought once."""
    number = ALL if in_full else SOME
    with running(tmp_path, ESIMGO_ORDER_INTERVAL_S="0.02", DEADLINE_S="3600") as shop:
        shop.start_jobs(name="standby")
        people = [Traveller(shop, 7000 + place) for place in range(number)]
        began = clock.monotonic()
        with ThreadPoolExecutor(8) as pool:
            paid = pool.map(lambda person: (person, person.buy("tr-1gb-7d")), people)
            orders = [next(paid) for _ in range(3 * number // 10)]
            take_over(shop, "jobs", "standby")
            orders += [next(paid) for _ in range(3 * number // 10)]
            take_over(shop, "standby", "jobs")
            orders += list(paid)
        for person, reference in orders:
            person.reaches(reference, "ready", "active", seconds=120)
        bought, seconds = shop.provider_orders(), clock.monotonic() - began
        print(f"\n{number} orders, 2 take-overs: {len(bought)} bought, {seconds:.0f} s")
        assert len(bought) == number
        assert shop.refunds() == []


def take_over(shop: Stack, leader: str, standby: str) -> None:
    led = shop.count(standby, "leading, epoch")
    shop.kill(leader)
    began = clock.monotonic()
    until(lambda: shop.count(standby, "leading, epoch") > led, 20, "the take-over")
    print(f"\ntake-over after kill -9 on the same host: {clock.monotonic() - began:.1f} s")
    shop.start_jobs(name=leader)


def test_hung_reads_hold_up_no_purchase_and_no_message(shop: Stack, john: Traveller) -> None:
    """Every eSIM is due and every look hangs: buying and telling go on."""
    first = [john.buy(f"{country}-1gb-7d") for country in ("tr", "th", "ae")]
    for reference in first:
        john.reaches(reference, "ready", seconds=30)
    shop.esimgo("POST", "faults", {"match": "GET /esims", "kind": "hang"})
    shop.live(300)
    began = clock.monotonic()
    second = john.buy("eg-1gb-7d")
    john.reaches(second, "ready", seconds=20)
    until(lambda: sum("Your eSIM is ready" in text for text in john.texts()) >= 4, 20, "the message")
    print(f"\npaid to told while every look hangs: {clock.monotonic() - began:.1f} s")
    shop.esimgo("DELETE", "faults")


def test_a_job_asked_for_by_hand_is_run_by_the_leader(shop: Stack) -> None:
    code, said = shop.run("jobs run check_provider")
    assert code == 0, said
    assert shop.run("jobs run dance")[0] == 2


def test_the_leader_lets_a_standby_in_when_it_is_told_to_stop(shop: Stack, john: Traveller) -> None:
    shop.processes["jobs"].terminate()
    shop.processes["jobs"].wait(60)
    shop.start_jobs()
    reference = john.buy()
    john.reaches(reference, "ready", seconds=10)
