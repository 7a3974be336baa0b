"""Every order at eSIM Go is one of ours, or the owner hears of it: made elsewhere, made twice, or lost."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs import audit_provider, schedule
from jobs.context import Context
from tests.shop.conftest import Advance
from tests.shop.factories import (
    BUNDLE,
    after,
    intent_of,
    lead,
    make_order,
    make_plan,
    make_top_up,
    make_unknown,
    near,
    placed,
    window,
)
from tests.shop.standins import Bot, Provider
from webapp.base import clock
from webapp.base.config import Config
from webapp.books import provider_audit, provider_balance
from webapp.clients.esimgo.payloads import OrderWindow, Organisation, ProviderOrder
from webapp.models import AuditedOrder, Order, ProviderLook, ReturnRequest, Submission
from webapp.operations import conditions
from webapp.orders import reconciling
from webapp.state import incidents

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def jobs(database: Config, provider: Provider, bot: Bot) -> Context:
    """It has begun to buy a month ago, and nothing has happened since."""
    order = make_order("expired", plan_id="first")
    Submission.create(order=order, epoch=1, bundle=BUNDLE, cost=1, claimed_at=after(-40 * 86_400))
    provider.window, provider.account = window(), worth(1000)
    return Context(database, provider, bot, lead(), schedule.NAMES)


def worth(balance: float, currency: str = "USD") -> Organisation:
    return Organisation.model_validate({"balance": balance, "currency": currency})


def look(jobs: Context, *listed: ProviderOrder, complete: bool = True) -> ProviderLook:
    return provider_audit.compare(
        window(*listed, complete=complete), after(-86_400), "asked", jobs.leadership.epoch
    )


def told(jobs: Context) -> list[tuple[str, str, str]]:
    """What the owner hears of eSIM Go's orders."""
    conditions.evaluate(jobs.config, jobs.bot)
    ours = [
        one for one in incidents.open_ones() if one.kind in ("order_elsewhere", "order_twice", "order_lost")
    ]
    return sorted((one.kind, one.subject, one.detail) for one in ours)


def verdicts() -> dict[str, str]:
    return {row.reference: row.verdict for row in AuditedOrder.select()}


def listed(order: Order, **more: Any) -> ProviderOrder:
    """The order at eSIM Go that a purchase of ours has brought."""
    sent_at = intent_of(order).sent_at
    return placed(str(order.esimgo_order_id), created_at=sent_at + timedelta(seconds=1), **more)


def test_what_an_intent_has_is_bound_to_it(jobs: Context) -> None:
    order = make_order("ready")
    there = listed(order)
    look(jobs, there)
    (row,) = AuditedOrder.select()
    assert (row.verdict, row.submission) == ("bound", intent_of(order))
    assert (row.total, row.currency, row.item, row.quantity) == (4200, "USD", BUNDLE, 1)
    assert row.esims == list(there.iccids)
    assert (told(jobs), provider_audit.unexplained()) == ([], [])


def test_an_order_made_in_the_portal_is_told_with_its_cost(jobs: Context) -> None:
    look(jobs, placed("theirs", created_at=after(-600)))
    ((kind, subject, detail),) = told(jobs)
    assert (kind, subject) == ("order_elsewhere", "theirs")
    assert detail == f"1 × {BUNDLE} for 4.20 USD, ordered 25 Nov 11:50 UTC"
    look(jobs, placed("theirs", created_at=after(-600)))
    assert len(told(jobs)) == 1, "once, however often it is seen"


def test_of_many_a_few_are_told_one_by_one(jobs: Context) -> None:
    """A shop with a history is looked at for the first time: its owner is not sent a hundred messages."""
    many = [placed(f"theirs-{n:02}", created_at=after(-3600 + n)) for n in range(20)]
    look(jobs, *many)
    subjects = [subject for _kind, subject, _detail in told(jobs)]
    assert subjects == ["", *(f"theirs-{n:02}" for n in range(5))]
    assert told(jobs)[0][2] == "and 15 more: all of them are at /admin/books"


def test_a_second_order_for_one_purchase_is_told_as_such(jobs: Context) -> None:
    order = make_order("ready")
    look(jobs, listed(order), placed("double", created_at=after(1)))
    assert [one[:2] for one in told(jobs)] == [("order_twice", "double")]
    assert verdicts()[str(order.esimgo_order_id)] == "bound"


def test_the_same_bundle_ordered_elsewhere_a_minute_later_is_no_double(jobs: Context) -> None:
    order = make_order("ready")
    Submission.update(sent_at=after(-120), ended_at=after(-118)).execute()
    look(jobs, listed(order), placed("theirs", created_at=after(-60)))
    assert verdicts()["theirs"] == "elsewhere"


def test_a_purchase_that_is_not_listed_any_more_is_lost(jobs: Context) -> None:
    order = make_order("ready")
    Submission.update(sent_at=after(-1200)).where(Submission.order == order).execute()
    look(jobs)
    ((kind, subject, detail),) = told(jobs)
    assert (kind, subject) == ("order_lost", order.esimgo_order_id)
    assert f"our order {order.reference}" in detail
    look(jobs, listed(order))
    assert (told(jobs), verdicts()) == ([], {str(order.esimgo_order_id): "bound"})


def test_what_has_become_an_intents_is_settled_by_that(jobs: Context) -> None:
    order = make_order("ready")
    theirs = listed(order)
    AuditedOrder.create(reference=theirs.reference, ordered_at=after(-60), verdict="lost", settled="spent")
    look(jobs, theirs)
    assert [(row.verdict, row.settled) for row in AuditedOrder.select()] == [("bound", "")]


def test_what_was_bought_just_now_may_be_listed_later(jobs: Context) -> None:
    order = make_order("ready")
    look(jobs)
    assert (verdicts(), told(jobs)) == ({str(order.esimgo_order_id): "under_way"}, [])


def test_a_list_that_was_not_read_to_its_end_loses_nothing(jobs: Context) -> None:
    order = make_order("ready")
    Submission.update(sent_at=after(-1200)).where(Submission.order == order).execute()
    assert not look(jobs, complete=False).complete
    assert verdicts() == {}


def test_what_an_unclear_purchase_may_have_brought_is_under_way_until_it_is_its(
    jobs: Context, provider: Provider
) -> None:
    order = make_unknown(60)
    theirs = placed("ref-1", created_at=after(-59))
    look(jobs, theirs, placed("ref-2", created_at=after(-58)))
    assert verdicts() == {"ref-1": "under_way", "ref-2": "elsewhere"}, "one for each intent"
    provider.window = window(theirs)
    reconciling.reconcile(provider, jobs.config)
    look(jobs, theirs)
    assert (order.fresh().stage, verdicts()["ref-1"]) == ("ready", "bound")


def test_a_top_up_awaits_an_order_for_its_own_esim(jobs: Context) -> None:
    top_up = make_top_up("unknown")
    iccid = str(intent_of(top_up).iccid)
    look(jobs, placed("other", created_at=after(1)), placed("its", created_at=after(2), iccid=iccid))
    assert (verdicts()["other"], verdicts()["its"]) == ("elsewhere", "under_way")


def test_what_an_intent_was_answered_with_is_its_affair_until_that_is_settled(jobs: Context) -> None:
    order = make_unknown(60)
    Submission.update(answered_as="odd").where(Submission.order == order).execute()
    odd = placed("odd", item="another", created_at=after(-59))
    look(jobs, odd)
    assert verdicts() == {"odd": "under_way"}
    Submission.update(outcome="refused").where(Submission.order == order).execute()
    look(jobs, odd)
    assert verdicts() == {"odd": "elsewhere"}


def test_what_was_ordered_before_the_shop_began_is_none_of_its_business(
    database: Config, jobs: Context
) -> None:
    look(jobs, placed("old", created_at=after(-41 * 86_400)))
    assert (verdicts(), told(jobs)) == ({"old": "before"}, [])


@pytest.mark.parametrize(("kind", "verdict"), [("autoTopup", "income"), ("bundleAssignment", "applied")])
def test_money_that_came_in_and_stock_that_was_used_are_no_purchases(
    jobs: Context, kind: str, verdict: str
) -> None:
    look(jobs, placed("row", kind=kind, created_at=after(-60)))
    assert (verdicts(), told(jobs)) == ({"row": verdict}, [])


@pytest.mark.parametrize("kind", ["topup", "apiTopup"])
@pytest.mark.parametrize(("item", "esims", "verdict"), [("", 0, "income"), ("", 1, "elsewhere")])
def test_a_top_up_is_of_the_balance_where_no_esim_is_told(
    jobs: Context, kind: str, item: str, esims: int, verdict: str
) -> None:
    """The owner pays in by card in the portal, and is not woken for it."""
    look(jobs, placed("row", kind=kind, item=item, esims=esims, created_at=after(-60)))
    assert verdicts() == {"row": verdict}


def test_a_top_up_of_a_known_bundle_is_no_money(jobs: Context) -> None:
    make_plan()
    look(jobs, placed("row", kind="topup", item=BUNDLE, esims=0, created_at=after(-60)))
    assert verdicts() == {"row": "elsewhere"}


def test_an_order_that_tells_nothing_of_itself_is_seen_all_the_same(jobs: Context) -> None:
    look(jobs, ProviderOrder.model_validate({"orderReference": "bare"}))
    (row,) = AuditedOrder.select()
    assert (row.verdict, row.total, row.item, row.esims) == ("elsewhere", None, "", [])
    assert near(row.ordered_at, after(0))
    assert "something for an unknown price" in told(jobs)[0][2]


def test_a_clock_over_there_that_is_ahead_makes_no_strangers(jobs: Context) -> None:
    order = make_order("ready")
    ahead = timedelta(minutes=20)
    theirs = placed(str(order.esimgo_order_id), created_at=after(1200))
    double = placed("double", created_at=after(1201))
    provider_audit.compare(OrderWindow((theirs, double), after(0) + ahead, True), after(-3600), "asked", 1)
    assert verdicts() == {str(order.esimgo_order_id): "bound", "double": "twice"}


# --- the balance


def weigh(jobs: Context, balance: float, *orders: ProviderOrder) -> ProviderLook:
    provider_audit.compare(window(*orders), after(-86_400), "asked", 1, worth(balance))
    found = provider_balance.last()
    assert found is not None
    return found


def alarm(jobs: Context) -> list[str]:
    conditions.evaluate(jobs.config, jobs.bot)
    return [one.detail for one in incidents.open_ones() if one.kind == "balance_missing"]


def test_what_orders_have_cost_is_what_the_balance_has_fallen_by(jobs: Context) -> None:
    old = placed("old", created_at=after(-60))
    weigh(jobs, 1000, old)
    order = make_order("ready")
    now = weigh(jobs, 991.6, old, listed(order), placed("theirs", created_at=after(-30)))
    assert (now.spent, now.income, now.missing) == (8400, 0, 0)
    assert alarm(jobs) == []
    assert weigh(jobs, 991.6, old, listed(order)).spent == 0, "each is counted once"


def test_a_fall_without_an_order_is_missed_to_the_unit(jobs: Context) -> None:
    weigh(jobs, 1000)
    weigh(jobs, 987.654)
    assert (provider_balance.difference(), alarm(jobs)) == (
        12_346,
        ["12.35 USD are gone and no order has cost them"],
    )
    weigh(jobs, 987.654)
    assert provider_balance.difference() == 12_346, "it is not forgotten at the next look"
    late = placed("late", created_at=after(-30))
    weigh(jobs, 987.654, late)
    assert provider_balance.difference() == 8146, "an order that shows late explains its part"


def test_a_balance_that_is_told_in_cents_is_not_missed_for_its_rounding(jobs: Context) -> None:
    """Prices have three decimals: at each look it is some thousandths off, up and down."""
    weigh(jobs, 1000)
    for number, off in enumerate([0.005, -0.005, 0.004, -0.004, 0.005, -0.005] * 4, start=1):
        order = placed(f"order-{number}", created_at=clock.now())
        look_ = weigh(jobs, 1000 - 4.2 * number + off, order)
        assert (provider_balance.difference(), look_.income, alarm(jobs)) == (0, 0, []), number
    weigh(jobs, 1000 - 4.2 * 24 - 0.05)
    assert provider_balance.difference() > 40, "what is really gone is missed all the same"


def test_the_alarm_ends_when_all_of_it_is_explained_or_accepted(jobs: Context) -> None:
    weigh(jobs, 1000)
    weigh(jobs, 995.8)
    assert len(alarm(jobs)) == 1
    weigh(jobs, 995.8, placed("late", created_at=after(-30)))
    assert alarm(jobs) == []
    weigh(jobs, 990, placed("late", created_at=after(-30)))
    assert len(alarm(jobs)) == 1
    ProviderLook.update(accepted=ProviderLook.missing).where(ProviderLook.missing > 0).execute()
    assert alarm(jobs) == []
    assert weigh(jobs, 990, placed("late", created_at=after(-30))).missing == 0


def test_money_that_comes_in_is_told_and_nobody_is_woken(jobs: Context) -> None:
    weigh(jobs, 1000)
    now = weigh(jobs, 1095.8, placed("theirs", created_at=after(-30)))
    assert (now.spent, now.income, now.missing) == (4200, 100_000, 0)
    assert alarm(jobs) == []


def test_money_that_comes_in_hides_nothing_that_is_gone(jobs: Context, advance: Advance) -> None:
    weigh(jobs, 1000)
    assert weigh(jobs, 990).missing == 10_000
    advance(60)
    theirs = placed("theirs", created_at=after(-10))
    now = weigh(jobs, 1085.8, theirs)
    assert (now.spent, now.income, now.missing) == (4200, 100_000, 10_000)


def taken_back(order: Order) -> None:
    ReturnRequest.create(order=order, why="wish", state="revoked", done_at=after(0))


def test_the_credit_for_a_plan_that_was_taken_back_is_no_income_and_hides_nothing(
    jobs: Context, advance: Advance
) -> None:
    order, other = make_order("returned"), make_order("returned", plan_id="other")
    weigh(jobs, 1000)
    advance(60)
    taken_back(order)
    now = weigh(jobs, 1004.2)
    assert (now.income, now.awaited, now.missing) == (0, 0, 0)
    advance(60)
    taken_back(other)
    now = weigh(jobs, 1004.2)
    assert (now.income, now.awaited, now.missing) == (0, 4200, 0), (
        "it has not come, or something else has gone"
    )
    advance(60)
    now = weigh(jobs, 1058.4)
    assert (now.income, now.awaited, now.missing) == (50_000, 0, 0)


def test_a_listed_top_up_of_the_balance_hides_nothing(jobs: Context) -> None:
    """`placed` is for 4.20."""
    weigh(jobs, 1000)
    now = weigh(jobs, 1000, placed("money", kind="autoTopup", created_at=after(-30)))
    assert (now.income, now.missing) == (4200, 4200)


def test_what_an_intent_without_an_answer_may_have_cost_is_not_missed_yet(jobs: Context) -> None:
    order = make_unknown(60)
    weigh(jobs, 1000)
    assert weigh(jobs, 995.8).missing == 4200
    assert (provider_balance.difference(), alarm(jobs)) == (0, [])
    Submission.update(outcome="refused").where(Submission.order == order).execute()
    weigh(jobs, 995.8)
    assert provider_balance.difference() == 4200


def test_what_is_listed_for_an_unclear_intent_is_not_counted_twice(jobs: Context) -> None:
    make_unknown(60)
    weigh(jobs, 1000)
    assert weigh(jobs, 990, placed("its", created_at=after(-59))).pending == 0
    assert provider_balance.difference() == 5800


def test_what_we_have_bought_counts_though_it_is_not_listed_yet(jobs: Context) -> None:
    weigh(jobs, 1000)
    order = make_order("ready")
    assert weigh(jobs, 995.8).spent == 4200
    assert weigh(jobs, 995.8, listed(order)).missing == 0
    assert provider_balance.difference() == 0


def test_an_order_that_tells_no_price_counts_as_its_intent_does(jobs: Context) -> None:
    weigh(jobs, 1000)
    order = make_order("ready")
    bare = ProviderOrder.model_validate({"orderReference": order.esimgo_order_id})
    assert (weigh(jobs, 995.8, bare).spent, provider_balance.difference()) == (4200, 0)


def test_an_order_that_turns_out_dearer_is_counted_with_the_difference(jobs: Context) -> None:
    weigh(jobs, 1000)
    theirs = placed("theirs", created_at=after(-30))
    weigh(jobs, 995.8, theirs)
    now = weigh(jobs, 995, theirs.model_copy(update={"total": 5000}))
    assert (now.spent, provider_balance.difference()) == (800, 0)


def test_what_was_ordered_before_the_first_list_began_is_in_the_balance_already(jobs: Context) -> None:
    weigh(jobs, 1000)
    now = weigh(jobs, 1000, placed("older", created_at=after(-2 * 86_400)))
    assert (now.spent, now.income, now.missing) == (0, 0, 0)


def test_a_price_in_another_currency_is_not_counted_as_one_of_ours(jobs: Context) -> None:
    weigh(jobs, 1000)
    euros = placed("euros", created_at=after(-30)).model_copy(update={"currency": "EUR"})
    now = weigh(jobs, 995, euros)
    assert (now.spent, now.missing) == (0, 5000)
    assert AuditedOrder.get(AuditedOrder.reference == "euros").currency == "EUR"


class Moving(Provider):
    """Each question for the balance is answered with the next of `balances`, the last one for ever."""

    balances: list[float]

    def organisation(self) -> Organisation:
        return worth(self.balances.pop(0) if len(self.balances) > 1 else self.balances[0])


@pytest.mark.parametrize(
    ("balances", "lists", "told"),
    [
        ([1000.0], 1, 1_000_000),
        ([1000.0, 995.8], 2, 995_800),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], 5, None),
    ],
)
def test_list_and_balance_are_of_one_moment(
    jobs: Context, balances: list[float], lists: int, told: int | None
) -> None:
    moving = Moving()
    moving.window, moving.balances = window(), list(balances)
    audit_provider.run(replace(jobs, esimgo=moving))
    (made,) = ProviderLook.select()
    assert (made.balance, len(moving.spans)) == (told, lists)


class Selling(Moving):
    """An order is made while the list is read for the first time."""

    def list_orders(self, since: datetime, until: datetime) -> OrderWindow:
        super().list_orders(since, until)
        return window(*([placed("meanwhile")] if len(self.spans) > 1 else []))


def test_what_was_ordered_while_the_list_was_read_is_in_the_look(jobs: Context) -> None:
    selling = Selling()
    selling.balances = [1000.0, 995.8]
    audit_provider.run(replace(jobs, esimgo=selling))
    assert [row.reference for row in AuditedOrder.select()] == ["meanwhile"]
    assert ProviderLook.get().orders == 1


# --- when


def looks() -> list[str]:
    return [one.why for one in ProviderLook.select().order_by(ProviderLook.id)]


def test_it_is_looked_at_the_start_then_hourly_and_a_month_every_night(
    jobs: Context, provider: Provider, advance: Advance
) -> None:
    audit_provider.run(jobs)
    audit_provider.run(jobs)
    assert looks() == ["start", "night"], "there has been no night yet"
    for _hour in range(13):
        advance(3600)
        audit_provider.run(jobs)
    assert looks() == ["start", "night", *12 * ["hour"], "hour"]
    for _ in range(3):
        advance(3600)
        audit_provider.run(jobs)
    assert looks()[-3:] == ["hour", "night", "hour"]
    spans = [since for since, _ in provider.spans]
    assert near(spans[-2], after(-3600 - 30 * 86_400))
    assert near(spans[-1], after(-2 * 3600))


def test_a_new_leader_looks_at_once(jobs: Context) -> None:
    for _ in range(3):
        audit_provider.run(jobs)
    later = replace(jobs, leadership=replace(jobs.leadership, epoch=jobs.leadership.epoch + 1))
    audit_provider.run(later)
    assert looks() == ["start", "night", "start"]


def test_it_goes_back_to_where_everything_is_explained(
    jobs: Context, provider: Provider, advance: Advance
) -> None:
    provider.window = window(placed("theirs", created_at=after(-5 * 86_400)))
    audit_provider.run(jobs)
    audit_provider.run(jobs)
    advance(3600)
    audit_provider.run(jobs)
    assert near(provider.spans[-1][0], after(-5 * 86_400 - 2 * 3600))
    AuditedOrder.update(settled="spent").execute()
    advance(3600)
    audit_provider.run(jobs)
    assert near(provider.spans[-1][0], after(-2 * 3600))


def test_what_could_not_be_read_to_its_end_is_read_again(
    jobs: Context, provider: Provider, advance: Advance
) -> None:
    provider.window = window(complete=False)
    audit_provider.run(jobs)
    advance(3600)
    audit_provider.run(jobs)
    assert near(provider.spans[-1][0], after(-30 * 86_400))


def test_a_month_that_is_more_than_can_be_read_is_halved_until_it_is_not(
    jobs: Context, provider: Provider, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a shop that sells a thousand a day would never have compared anything."""
    monkeypatch.setattr(provider_audit, "MANY", 2)
    for days, is_whole in ((30, False), (15, False), (7.5, True)):
        provider.window = window(placed("a"), placed("b"), complete=is_whole)
        audit_provider.look(jobs, "start")
        assert near(provider.spans[-1][0], after(-days * 86_400)), days
        advance(60)
    audit_provider.look(jobs, "night")
    assert near(provider.spans[-1][0], after(-7.5 * 86_400)), "what can be read is known"
    advance(31 * 86_400)
    audit_provider.look(jobs, "night")
    assert near(provider.spans[-1][0], after(-30 * 86_400)), "a month later it is tried again"
