"""Moments that hardly ever come, and what must not happen in them."""

import json

import pytest
from flask.testing import FlaskClient

from jobs import runner, schedule
from jobs.context import Context
from tests.shop.conftest import text
from tests.shop.factories import (
    OWNER,
    after,
    charge,
    intent_of,
    lead,
    make_bundle,
    make_customer,
    make_esim,
    make_order,
    make_plan,
    make_unknown,
    placed,
    window,
)
from tests.shop.moments import Moments
from tests.shop.standins import Bot, Provider
from tests.shop.test_callbacks import signed
from tests.shop.test_webhooks import SECRET
from webapp import esims, orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo import errors
from webapp.clients.esimgo.errors import EsimGoError
from webapp.esims import callbacks
from webapp.models import Callback, Esim, JobRequest, Submission
from webapp.orders import reconciling
from webapp.state import leases
from webapp.state.funnel import Funnel
from webapp.state.leases import Leadership

pytestmark = pytest.mark.usefixtures("database")


def test_a_claim_that_is_sent_while_it_is_taken_over_is_not_given_back(moments: Moments) -> None:
    order = make_order("submitting")
    Submission.update(sent_at=None).execute()
    moments.after('SELECT .* FROM "submission"', Submission.update(sent_at=clock.now()).execute)
    orders.take_over(Leadership("new", 2))
    assert (order.fresh().stage, intent_of(order).outcome) == ("unknown", None)


@pytest.mark.parametrize(
    ("error", "stage"),
    [(errors.Refused(400, "no"), "paid"), (errors.OutOfFunds(400, "no"), "paid")],
)
def test_a_late_and_certain_refusal_is_used_by_whoever_leads_now(
    provider: Provider, config: Config, error: EsimGoError, stage: str
) -> None:
    def successor() -> None:
        leases.release(leader)
        orders.take_over(lead())

    leader, order = lead(), make_order("paid")
    provider.answers, provider.meanwhile = [error], successor
    orders.submit_next(provider, leader, config)
    assert order.fresh().stage == stage


def test_what_turns_up_after_it_was_declared_absent_is_stock(provider: Provider, config: Config) -> None:
    order = make_unknown()
    earlier = intent_of(order)
    orders.requeue(order, earlier, "absent", "not found at the provider")
    provider.answers = [placed("ref-2")]
    orders.submit_next(provider, lead(), config)
    provider.window = window(placed("ref-1", created_at=after(-30)))
    reconciling.reconcile(provider, config)
    assert Submission.get_by_id(earlier.id).outcome == "stock"


def test_an_open_order_for_a_bundle_that_has_gone_is_placed_anew() -> None:
    customer, plan = make_customer(), make_plan()
    orders.place(customer, plan)
    plan.bundle = make_bundle("esim_3GB_30D_TR_V3")
    plan.save()
    assert orders.place(customer, plan).esimgo_product_id == "esim_3GB_30D_TR_V3"


@pytest.mark.parametrize("body", ['{"iccid": "\\ud800"}', "[" * 60_000])
def test_one_odd_callback_does_not_hold_up_the_others(config: Config, body: str) -> None:
    esim = make_esim()
    Esim.update(next_refresh_at=None).execute()
    for raw in (body.encode(), json.dumps({"iccid": esim.iccid}).encode()):
        callbacks.receive(raw, signed(raw), config, Funnel())
    callbacks.apply_waiting()
    assert esims.due() == [esim]
    assert Callback.select().where(Callback.verdict.is_null()).count() == 0


@pytest.mark.parametrize("wrong", [{"invoice_payload": "\ud800"}])
def test_a_charge_that_no_database_takes_is_a_bad_request(
    browser: FlaskClient, wrong: dict[str, object]
) -> None:
    message = {
        "message_id": 1,
        "chat": {"id": OWNER},
        "from": {"id": OWNER},
        "successful_payment": charge(make_order()).model_dump() | wrong,
    }
    raw = json.dumps({"update_id": 7, "message": message})
    assert browser.post("/api/telegram/webhook", data=raw, headers=SECRET).status_code == 400


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "x" * 300, "."])
def test_a_nonsense_host_is_a_bad_request(shelves: None, browser: FlaskClient, host: str) -> None:
    assert browser.get("/", headers={"Host": host}).status_code == 400


def test_a_search_for_marks_only_finds_nothing(shelves: None, browser: FlaskClient) -> None:
    assert "Nothing found" in text(browser.get("/?q=!!!"))


def test_a_job_that_was_cut_off_with_its_process_has_failed(
    provider: Provider, bot: Bot, config: Config
) -> None:
    """A page that says "the jobs process is looking" would say so for ever."""
    JobRequest.create(name="check_external", done_at=clock.now(), result="running")
    context = Context(config, provider, bot, lead(), schedule.NAMES)
    assert runner.run(schedule.NAMES["answer_requests"], context)
    assert JobRequest.get().result == "failed"


def test_asking_the_leader_to_answer_requests_does_not_go_round_in_circles(
    provider: Provider, bot: Bot, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    JobRequest.create(name="answer_requests")
    context = Context(config, provider, bot, lead(), schedule.NAMES)
    assert runner.run(schedule.NAMES["answer_requests"], context)
    assert "RecursionError" not in caplog.text
