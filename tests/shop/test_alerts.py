"""The owner hears of each trouble once, within a minute, again while it lasts, and when it is over."""

import ast
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from jobs import check_provider, send_alerts
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import (
    after,
    lead,
    make_customer,
    make_order,
    make_payment,
    make_refund,
    make_unknown,
    placed,
)
from tests.shop.standins import NO_ERRORS, Bot, Provider
from webapp import orders
from webapp.base import clock
from webapp.base.config import ROOT, Config
from webapp.base.i18n import speaking
from webapp.base.money import NANO
from webapp.clients.esimgo.errors import AccessDenied
from webapp.clients.esimgo.payloads import Organisation
from webapp.clients.mail.errors import MailError, TryLater
from webapp.clients.telegram.errors import NotReached
from webapp.clients.telegram.updates import WebhookInfo
from webapp.esims import callbacks
from webapp.models import (
    Callback,
    Incident,
    Lease,
    Order,
    OrderEvent,
    Payment,
    ProviderLook,
    StarMovement,
    Submission,
)
from webapp.operations import alerts, conditions, external_checks, watchdog
from webapp.orders import limits, unplaced
from webapp.state import incidents, restoration, star_balance
from webapp.state import provider as provider_state
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("noon")

Usage = namedtuple("Usage", "total used free")

OWNERS_CHAT = 777
ROUND_S = 30


class Night:
    """The shop while its owner sleeps: what happens in it, and what he is told."""

    def __init__(self, config: Config, bot: Bot, provider: Provider, advance: Advance) -> None:
        self.bot, self.provider, self.advance = bot, provider, advance
        self.config = changed(config, alert_chat_id=OWNERS_CHAT)
        self.context = Context(self.config, provider, bot, lead(10**9), {})
        self.context.time.has_looked = True

    def passes(self, seconds: float) -> list[str]:
        """What the owner is told meanwhile."""
        told = len(self.bot.messages)
        for _ in range(int(seconds // ROUND_S)):
            self.advance(ROUND_S)
            send_alerts.run(self.context)
        return [text for chat, text, _ in self.bot.messages[told:] if chat == OWNERS_CHAT]

    def check_provider(self) -> None:
        provider_state.ask_for_balance()
        check_provider.run(self.context)


@pytest.fixture
def night(
    config: Config, bot: Bot, provider: Provider, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Night]:
    """On a machine whose disk is nearly empty."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(100e9, 5e9, 95e9))
    provider.account = Organisation.model_validate({"balance": 1000})
    yield Night(config, bot, provider, advance)


# --- causes, each with its cure


def an_order_hangs(night: Night) -> Callable[[], object]:
    order = make_order("unknown", paid_at=after(-270))
    return lambda: Order.update(stage="ready").where(Order.id == order.id).execute()


def an_answer_is_another_ones(night: Night) -> Callable[[], object]:
    """The order was refunded at its deadline, and what it has cost is not known yet."""
    order = make_unknown()
    assert not orders.record(Submission.get(), placed(item="another"), actor="provider")
    assert orders.fail(order.fresh(), "deadline", actor="job")
    return lambda: Submission.update(outcome="stock").execute()


def orders_fail(night: Night) -> Callable[[], object]:
    for number in range(20):
        ended("failed" if number % 4 == 0 else "ready")
    return lambda: night.advance(3600)


def a_quiet_shop_fails(night: Night) -> Callable[[], object]:
    ended("ready", ago_s=20_000)
    ended("failed", ago_s=10_000)
    ended("failed")
    return lambda: ended("ready")


def ended(stage: str, ago_s: float = 5) -> None:
    order = make_order(stage)
    OrderEvent.create(order=order, from_stage="submitting", to_stage=stage, actor="job", at=after(-ago_s))


def the_provider_is_away(night: Night) -> Callable[[], object]:
    provider_state.reachable(False)
    night.advance(40)
    return lambda: provider_state.reachable(True)


def nothing_can_be_bought(night: Night) -> Callable[[], object]:
    provider_state.out_of_funds(4200)
    return lambda: provider_state.funds_seen(50_000)


def money_for(hours: float) -> Callable[[Night], Callable[[], object]]:
    def cause(night: Night) -> Callable[[], object]:
        make_order("active")
        Submission.update(sent_at=after(-7200), cost=24_000).execute()
        balance(night, hours)
        return lambda: balance(night, 100)

    return cause


def balance(night: Night, thousands: float) -> None:
    night.provider.account = Organisation.model_validate({"balance": thousands})
    night.check_provider()


def the_key_is_refused(night: Night) -> Callable[[], object]:
    night.provider.account = AccessDenied(403, "access denied", ("wrong_key",))
    with pytest.raises(AccessDenied):
        night.check_provider()
    return lambda: balance(night, 1000)


def unsigned_callbacks_come(night: Night, count: int = 5, header: str | None = None) -> Callable[[], object]:
    counts = Funnel()
    for _ in range(count):
        callbacks.receive(b"{}", header, night.config, counts)
    counts.write_down()

    def two_days_pass() -> None:
        night.advance(2 * 86_400)
        orders_are_looked_at()

    return two_days_pass


def callbacks_fall_silent(night: Night) -> Callable[[], object]:
    Callback.create(digest="d", body="{}", signature="base64", received_at=after(-100_000), verdict="done")
    for _ in range(3):
        make_order("active")
    return lambda: Callback.create(digest="e", body="{}", signature="base64", verdict="done")


def telegram_meets_errors(night: Night) -> Callable[[], object]:
    night.bot.webhook = WebhookInfo.model_validate(
        {"last_error_date": int(clock.timestamp()), "last_error_message": "502 Bad Gateway"}
    )
    return lambda: setattr(night.bot, "webhook", NO_ERRORS)


def telegram_meets_one_without_words(night: Night) -> Callable[[], object]:
    night.bot.webhook = WebhookInfo.model_validate({"last_error_date": int(clock.timestamp())})
    return lambda: setattr(night.bot, "webhook", NO_ERRORS)


def telegram_is_asked_in_vain(night: Night) -> Callable[[], object]:
    refused = {"getWebhookInfo": True}

    def mood(method: str) -> None:
        if method == "getWebhookInfo" and refused[method]:
            raise NotReached("no connection")

    night.bot.mood = mood
    return lambda: refused.update(getWebhookInfo=False)


def a_customer_is_held(night: Night) -> Callable[[], object]:
    customer = make_customer()
    limits.hold(customer, "burst")
    return lambda: limits.release(limits.held()[0])


def a_charge_fits_nothing(night: Night) -> Callable[[], object]:
    charge = make_payment(None, state="unplaced", payload="an-order-of-ours")
    return lambda: unplaced.give_back(charge)


def the_stars_are_short(night: Night) -> Callable[[], object]:
    star_balance.seen(0, clock.now())
    make_refund()
    return lambda: star_balance.seen(10**15, clock.now())


def topics_are_switched_on(night: Night) -> Callable[[], object]:
    night.bot.topics = True
    return lambda: setattr(night.bot, "topics", False)


def a_sale_is_listed_for_less(night: Night) -> Callable[[], object]:
    """And no affiliate has brought it."""
    less = make_payment(None, credited_nano=385 * NANO, commission_nano=0)
    return lambda: Payment.update(credited_nano=453 * NANO).where(Payment.id == less.id).execute()


def stars_are_spent(night: Night) -> Callable[[], object]:
    row = StarMovement.create(line_id="a", outgoing=True, kind="telegram_ads", nano=-50 * NANO)
    return lambda: row.delete_instance()


def a_list_is_not_read_to_its_end(night: Night) -> Callable[[], object]:
    def look(ago_s: float, *, complete: bool) -> object:
        row = {"at": after(-ago_s), "told_at": after(-ago_s), "since": after(-86_400), "orders": 7}
        return ProviderLook.create(epoch=1, why="hour", complete=complete, **row)

    look(4 * 3600, complete=True)
    look(2 * 3600, complete=False)
    assert night.passes(60) == [], "not for an hour or two"
    look(1, complete=False)
    return lambda: look(0, complete=True)


def orders_are_looked_at() -> None:
    row = {"told_at": after(0), "since": after(-86_400), "orders": 7, "epoch": 1, "why": "start"}
    ProviderLook.create(complete=True, **row)


def a_list_is_refused(night: Night) -> Callable[[], object]:
    """eSIM Go answers everything else, and no look has ever come of it."""
    restoration.begin(after(-7 * 3600))
    night.advance(3 * 3600 - 60)
    assert night.passes(30) == [], "not for an hour or two"
    return orders_are_looked_at


CAUSES = {
    "order_list_unread": a_list_is_not_read_to_its_end,
    "order_list_unread without a look": a_list_is_refused,
    "order_stuck": an_order_hangs,
    "answer_differs": an_answer_is_another_ones,
    "orders_failing": orders_fail,
    "orders_failing in a quiet shop": a_quiet_shop_fails,
    "provider_unreachable": the_provider_is_away,
    "out_of_funds": nothing_can_be_bought,
    "runway_short": money_for(20),
    "runway_critical": money_for(5),
    "key_refused": the_key_is_refused,
    "callbacks_unsigned": unsigned_callbacks_come,
    "callbacks_silent": callbacks_fall_silent,
    "webhook_errors": telegram_meets_errors,
    "webhook_errors without an answer": telegram_is_asked_in_vain,
    "webhook_errors without a message": telegram_meets_one_without_words,
    "customer_held": a_customer_is_held,
    "unknown_payment": a_charge_fits_nothing,
    "stars_short": the_stars_are_short,
    "stars_lost": topics_are_switched_on,
    "stars_lost by a sale": a_sale_is_listed_for_less,
    "stars_lost by ads": stars_are_spent,
}
CAUSED_ELSEWHERE = {
    "balance_missing": "test_provider_audit::test_a_fall_without_an_order_is_missed_to_the_unit",
    "certificate_ending": "test_alerts::test_a_certificate_that_ends",
    "chargeback": "test_refunds::test_what_becomes_of_an_order_whose_charge_was_taken_back",
    "copy_found": "test_copies::test_an_esim_that_bears_our_reference_shows_that_this_is_a_copy",
    "copy_unchecked": "test_copies::test_the_owner_hears_when_nobody_says_what_was_bought",
    "clock_wrong": "test_outside_time::test_the_owner_is_told_within_a_minute_that_the_clock_is_wrong",
    "clocks_disagree": "test_outside_time::test_when_they_disagree_that_is_told_and_nothing_else_happens",
    "database_failing": "test_alarms::test_the_owner_hears_of_it_within_a_minute_and_readyz_names_it",
    "disk_full": "test_alerts::test_a_full_disk",
    "jobs_failing": "test_alarms::test_a_job_that_fails_again_and_again_is_told_within_a_minute_without_jobs",
    "jobs_missing": "test_alerts::test_the_web_tells_of_a_jobs_process_that_is_gone",
    "ledger": "test_ledger::test_what_is_lost_or_given_twice_rings_until_it_is_mended",
    "order_elsewhere": "test_provider_audit::test_an_order_made_in_the_portal_is_told_with_its_cost",
    "order_lost": "test_provider_audit::test_a_purchase_that_is_not_listed_any_more_is_lost",
    "order_twice": "test_provider_audit::test_a_second_order_for_one_purchase_is_told_as_such",
    "payment_not_listed": "test_statement::test_what_telegram_does_not_list_is_told_to_the_owner",
    "refund_not_listed": "test_statement::test_a_refund_that_telegram_does_not_list_is_told_to_the_owner",
    "refund_stuck": "test_refunds::test_errors_are_waited_out_longer_and_longer_until_a_person_should_look",
}
"""What takes another machine, or a whole purchase, and the test that has it."""


@pytest.mark.parametrize("name", CAUSES)
def test_each_trouble_is_told_once_then_again_and_its_end(night: Night, name: str) -> None:
    kind = name.split(" ")[0]
    title = alerts.kinds()[kind].title
    assert night.passes(60) == [], "all is well"
    cure = CAUSES[name](night)
    told = night.passes(60)
    assert [title in text for text in told] == [True], told
    assert f"“{kind}”" in told[0]
    assert night.passes(120) == [], "it is known"
    if kind not in {"webhook_errors", "callbacks_unsigned", "orders_failing"}:  # these do not last six hours
        Incident.update(told_at=after(-6 * 3600)).execute()
        assert ["Still" in text for text in night.passes(60)] == [True]
    cure()
    over = night.passes(60)
    assert [text.startswith("✅") and title in text for text in over] == [True], over
    assert night.passes(60) == []


def test_it_is_told_again_when_it_comes_back(night: Night) -> None:
    for _ in range(2):
        cure = nothing_can_be_bought(night)
        assert len(night.passes(60)) == 1
        cure()
        assert len(night.passes(60)) == 1


def test_a_full_disk(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _path: Usage(100e9, 95e9, 5e9))
        assert "5.0 GB free of 100 GB" in night.passes(60)[0]
    assert night.passes(60)[0].startswith("✅")


def test_a_certificate_that_ends(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.context = replace(
        night.context, config=changed(night.config, public_url="https://shop.example.com")
    )
    monkeypatch.setattr(external_checks, "certificate_end", lambda *_where: after(86_400 * 10.5))
    assert "shop.example.com: 10 days left" in night.passes(60)[0]
    monkeypatch.setattr(external_checks, "certificate_end", lambda *_where: after(86_400 * 80))
    assert night.passes(60) == []
    night.advance(6 * 3600)
    assert night.passes(60)[0].startswith("✅")


def test_a_host_that_cannot_be_reached(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_host: str, _port: int, _authorities: Path | None) -> None:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(external_checks, "certificate_end", refuse)
    night.context = replace(
        night.context, config=changed(night.config, public_url="https://shop.example.com")
    )
    assert "cannot be reached by https" in night.passes(60)[0]


def test_the_web_tells_of_a_jobs_process_that_is_gone(night: Night) -> None:
    watchdog.check_jobs_process(night.config, night.bot)
    assert night.bot.messages == []
    Lease.update(expires_at=after(-watchdog.MISSING_AFTER_S - 1)).execute()
    for _ in range(3):
        watchdog.check_jobs_process(night.config, night.bot)
    assert len(night.bot.messages) == 1
    assert alerts.kinds()["jobs_missing"].title in night.bot.messages[0][1]
    over = night.passes(60)  # somebody leads again
    assert [text.startswith("✅") for text in over] == [True]


def test_what_could_not_be_told_is_told_later(night: Night) -> None:
    def silent(method: str) -> None:
        raise NotReached("no connection")

    provider_state.out_of_funds(4200)
    night.bot.mood = silent
    assert night.passes(300) == []
    night.bot.mood = lambda method: None
    assert any("balance is used up" in text for text in night.passes(60))


def test_only_what_cannot_wait_makes_a_sound(night: Night) -> None:
    provider_state.out_of_funds(4200)
    night.passes(60)
    assert night.bot.quiet == 0
    unsigned_callbacks_come(night)
    night.passes(60)
    assert night.bot.quiet == 1


def kinds() -> set[str]:
    return {incident.kind for incident in incidents.open_ones()}


@pytest.mark.parametrize("header", [None, "forged"])
def test_a_stranger_who_knocks_is_no_alert_and_a_pattern_is(night: Night, header: str | None) -> None:
    unsigned_callbacks_come(night, 4, header)
    night.passes(60)
    assert "callbacks_unsigned" not in kinds()
    night.advance(86_400)
    unsigned_callbacks_come(night, 1, header)
    night.passes(60)
    assert "callbacks_unsigned" in kinds(), "five within two days"


def test_without_a_chat_nobody_is_told_and_nothing_breaks(night: Night) -> None:
    night.context = replace(night.context, config=changed(night.config, alert_chat_id=None))
    provider_state.out_of_funds(4200)
    assert night.passes(60) == []
    assert [incident.kind for incident in incidents.open_ones()] == ["out_of_funds"]


def test_a_condition_that_cannot_be_told_holds_up_no_other(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_config: Config, _bot: Bot) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(conditions, "CONDITIONS", {"broken": fail} | dict(conditions.CONDITIONS))
    an_order_hangs(night)
    assert len(night.passes(60)) == 1


def rung() -> set[str]:
    """Every kind that the code rings: an incident, or an alarm that needs no database."""
    calls = [
        node
        for room in ("webapp", "jobs")
        for path in Path(ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    opened = [call.args[0] for call in calls if ast.unparse(call.func) == "incidents.open"]
    alarms = [call.args[0] for call in calls if ast.unparse(call.func).endswith("alarms.compare")]
    found = [node for alarm in alarms for node in ast.walk(alarm) if isinstance(node, ast.Dict)]
    named = [key for node in found for key in node.keys if key is not None]
    return {argument.value for argument in (*opened, *named) if isinstance(argument, ast.Constant)}


def test_every_kind_has_its_words_and_its_page_in_the_runbook() -> None:
    kinds = rung() | set(conditions.CONDITIONS)
    assert set(alerts.kinds()) == kinds
    for name in ("runbook.md", "runbook.ru.md"):
        pages = (ROOT / "docs" / name).read_text()
        assert [kind for kind in sorted(kinds) if f"\n## {kind}\n" not in pages] == [], name


def test_every_kind_is_caused_in_a_test() -> None:
    caused = {name.split(" ")[0] for name in CAUSES}
    assert set(alerts.kinds()) - caused == set(CAUSED_ELSEWHERE)
    for test in CAUSED_ELSEWHERE.values():
        file, _, name = test.partition("::")
        assert f"\ndef {name}(" in Path(__file__).with_name(f"{file}.py").read_text(), test


def test_the_owner_reads_it_in_his_language(night: Night) -> None:
    night.context = replace(night.context, config=changed(night.config, default_language="ru"))
    provider_state.out_of_funds(4200)
    with speaking("ru"):
        assert alerts.kinds()["out_of_funds"].title in night.passes(60)[0]


# --- by e-mail


class Post:
    """A mail server; `error` is what it says instead of taking a letter."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.error: MailError | None = None

    def __call__(self, url: str, *, authorities: Path | None) -> "Post":
        assert (url, authorities) == ("smtp://127.0.0.1:25", None)
        return self

    def send(self, letter: EmailMessage) -> None:
        if self.error is not None:
            raise self.error
        self.letters.append(letter)


@pytest.fixture
def post(night: Night, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(alerts, "Mailer", post)
    night.config = changed(
        night.config,
        alert_email="owner@shop.example",
        smtp_url="smtp://127.0.0.1:25",
        smtp_from="Shop <shop@shop.example>",
    )
    night.context = replace(night.context, config=night.config)
    return post


def test_an_alert_goes_to_the_chat_and_by_e_mail(night: Night, post: Post) -> None:
    incidents.open("ledger", detail="1 < 2 & more")
    assert len(night.passes(60)) == 1
    (letter,) = post.letters
    assert letter["To"] == "owner@shop.example"
    assert letter["Subject"] == f"🔴 {night.config.shop_name}: The ledger does not add up"
    assert letter.get_content().startswith("1 < 2 & more\n")
    assert "<b>" not in letter.as_string()


def test_one_way_that_works_is_enough_and_two_that_do_not_are_tried_again(night: Night, post: Post) -> None:
    night.bot.mood = away
    incidents.open("ledger", detail="x")
    night.passes(300)
    assert len(post.letters) == 1, "told once, by the way that is open"
    post.error = TryLater("busy")
    incidents.open("refund_stuck", detail="y")
    assert night.passes(300) == []
    night.bot.mood = lambda _method: None
    assert ["A refund" in text for text in night.passes(60)] == [True]


def test_the_owner_may_have_an_address_and_no_chat(night: Night, post: Post) -> None:
    night.context = replace(night.context, config=changed(night.config, alert_chat_id=None))
    incidents.open("ledger", detail="x")
    assert (night.passes(60), len(post.letters)) == ([], 1)


def away(method: str) -> None:
    if method == "sendMessage":
        raise NotReached("away")
