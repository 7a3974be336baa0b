"""Kills a process at a crash point while the outside misbehaves, and lets the shop come to rest afterwards.

Each case has a customer of its own, who has paid. All the kills come first, one after the other: a case costs
one start of the jobs process. Then the shop runs undisturbed until every order has ended.
"""

import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sandbox import clock as real
from tests.crash.cases import (
    BEFORE_THE_CALL,
    LOOKUP,
    NONE,
    PAYMENT,
    PURCHASE,
    REFUND,
    REFUSED,
    RETURN,
    SECONDS,
    STATEMENT,
    Case,
)
from tests.settings import changed
from tests.stack import PATIENCE, Stack, Traveller, until
from webapp import orders
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import JobRequest, Lease, Order, Payment, Refund, RefundEvent, Submission, db
from webapp.orders import quotes
from webapp.state import leases, outages

AT_REST = ("ready", "active", "failed", "expired", "returned")


@dataclass
class Told:
    """What became of a case."""

    case: Case
    buyer: Traveller
    reference: str
    how: str = ""

    @property
    def order(self) -> Order:
        found: Order = Order.get(Order.reference == self.reference)
        return found


IN_VAIN = "job=find_copies"
"""In the log: eSIM Go was asked in vain whether this is a copy."""


@dataclass
class Matrix:
    shop: Stack
    arrive: Callable[[], Traveller]
    config: Config
    told: list[Told] = field(default_factory=list)
    kills: int = 0
    _web_may_die: bool = False

    # --- the kills

    def run(self, cases: list[Case]) -> None:
        self.calm()
        self._kill_in_refunds([case for case in cases if case.crash_point in REFUND])
        for case in cases:
            if case.crash_point in PURCHASE or case.crash_point.startswith("notification."):
                self._kill_in_purchase(case)

    def _kill_in_purchase(self, case: Case) -> None:
        told = self.paid(case)
        submitted, in_vain = Submission.select().count(), self.shop.count("jobs", IN_VAIN)
        self.fault(case)

        def over() -> bool:
            """The purchase has met its fault, and the process lives; or nobody says whether it was bought
            before, and it waits for that.
            """
            if self.shop.count("jobs", IN_VAIN) > in_vain:
                return True
            last = Submission.select().order_by(Submission.id.desc()).first()
            if case.crash_point not in PURCHASE or Submission.select().count() == submitted:
                return False
            return bool(last.order.fresh().stage != "submitting")

        self.kill_at(told, over)

    def _kill_in_refunds(self, cases: list[Case]) -> None:
        """First the process dies where a refused order ends, before and after the commit."""
        if not cases:
            return
        for case in (Case(crash_point, "400") for crash_point in REFUSED):
            told = self.paid(case)
            self._sells_nothing()
            self.kill_at(told, lambda: False)
        due = [self.paid(case) for case in cases]
        self._refuse(len(cases))
        for each in due:
            self._due_now()
            before = self._ends()
            self.fault(each.case)
            self.kill_at(each, lambda before=before: self._ends() > before)  # type: ignore[misc]

    def _refuse(self, number: int) -> None:
        """So many orders end with a refund that is due; Telegram hangs, so that none is sent yet."""
        before = Refund.select().count()
        self._sells_nothing()
        self.shop.telegram("POST", "faults", {"match": "POST /refundStarPayment", "kind": "hang"})
        self.shop.start_jobs()
        until(lambda: Refund.select().count() - before >= number, 120, "the refusals")
        self.end()
        self.lift()

    def _sells_nothing(self) -> None:
        """One refusal alone ends no order: it is asked about anew."""
        self.shop.esimgo("POST", "faults", {"match": "POST /orders", "kind": "400"})

    def _due_now(self) -> None:
        """Claims of the dead lapse."""
        last = Refund.select().where(Refund.state != "done").order_by(Refund.next_try_at).first()
        if last is not None and last.next_try_at > clock.now():
            self.shop.advance((last.next_try_at - clock.now()).total_seconds() + 0.1)

    def _ends(self) -> int:
        """How many tries have come to an end: arrived, failed, or told to come back later."""
        left = (RefundEvent.from_state == "sent") & (RefundEvent.to_state != "sent")
        return RefundEvent.select().where(left).count()

    def kill_at(self, told: Told, over: Callable[[], bool], **extra: str) -> None:
        """Start the jobs and wait for their death at the crash point; when a fault keeps them from it, kill
        them once it is over.
        """
        # eSIM Go is asked no second time whether it sells: the fault is for the purchase.
        self.shop.spawn("jobs", "jobs", KILL_AT=told.case.crash_point, QUOTE_S="3600", **extra)
        may_pass = told.case.fault != NONE
        until(lambda: self.dead() or (may_pass and over()), 120, f"{told.case}")
        self._wait_for_death(PATIENCE)  # what is over may be so a moment before the crash point
        told.how = "died there" if self.dead() else "never came there, killed after the fault"
        self.end()
        self.lift()

    def _wait_for_death(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.shop.processes["jobs"].wait(seconds)

    def dead(self) -> bool:
        return self.shop.processes["jobs"].poll() is not None

    def end(self) -> None:
        if not self.dead():
            self.shop.kill()
        assert self.shop.processes["jobs"].returncode == -9, self.shop.log("jobs")[-2000:]
        self.kills += 1

    def fault(self, case: Case) -> None:
        if case.fault == NONE:
            return
        after = {"after_s": SECONDS[case.fault]} if case.fault in SECONDS else {}
        told = {"match": case.call, "kind": case.fault, "times": 1, **after}
        (self.shop.esimgo if case.is_about_buying else self.shop.telegram)("POST", "faults", told)

    def lift(self) -> None:
        self.shop.esimgo("DELETE", "faults")
        self.shop.telegram("DELETE", "faults")

    # --- payments

    def paid(self, case: Case) -> Told:
        """Somebody new has paid for an order; no jobs process runs."""
        if outages.now().sales_paused:
            self.calm()
        buyer = self.arrive()
        order = buyer.order_to_pay()
        told = Told(case, buyer, str(order["id"]))
        for _ in range(3):
            if self._is_sold(told) and buyer.pay(order["invoice_url"])["status"] == "paid":
                self.told.append(told)
                return told
            self.calm(told)
        raise AssertionError(f"{case}: the payment was never allowed")

    def _paid_elsewhere(self, case: Case) -> Told:
        """In a thread, which leaves its connection closed."""
        try:
            return self.paid(case)
        finally:
            db.database.close()

    def _is_sold(self, told: Told) -> bool:
        return not outages.now().sales_paused and quotes.verdict(told.order, self.config) == "ok"

    def calm(self, told: Told | None = None) -> None:
        """The jobs run until the shop sells again and has eSIM Go's word for it; then none run."""
        if self.dead():
            self.shop.start_jobs()
        until(lambda: not outages.now().sales_paused, 60, "open for sale")
        if told is not None:
            until(lambda: quotes.verdict(told.order, self.config) == "ok", 60, "the word of eSIM Go")
        self.end()

    def kill_the_web(self) -> None:
        """One payment, and the web process dies at each of its crash points in turn."""
        buyer = self.arrive()
        order = buyer.order_to_pay()
        told = Told(Case(PAYMENT[0]), buyer, str(order["id"]))
        self.calm(told)
        self.shop.start_jobs()
        self.told.append(told)
        with ThreadPoolExecutor(1) as threads:
            self._restart_web(PAYMENT[0])
            paying = threads.submit(self._pay_until_paid, buyer, str(order["invoice_url"]))
            for place in range(len(PAYMENT)):
                until(_beside(paying, lambda: not self._web_answers()), 90, f"{PAYMENT[place]} in the web")
                self._restart_web(PAYMENT[place + 1] if place + 1 < len(PAYMENT) else "")
            paying.result()
        told.how = f"died in the web at {len(PAYMENT)} crash points: {', '.join(PAYMENT)}"
        self.kills += len(PAYMENT)

    @staticmethod
    def _pay_until_paid(buyer: Traveller, invoice_url: str) -> None:
        """As a person does who is told to try again."""
        refusals: list[dict[str, Any]] = []

        def look() -> bool:
            refusals.append(buyer.pay(invoice_url))
            return bool(refusals[-1]["status"] == "paid")

        until(look, 60, f"{refusals}")

    def _web_answers(self) -> bool:
        return self.shop.processes["web"].poll() is None

    def _restart_web(self, kill_at: str) -> None:
        self.shop.processes["web"].terminate()
        self.shop.processes["web"].wait(60)
        self.shop.start_web(kill_at)
        self._web_may_die = bool(kill_at)
        until(lambda: self.shop.answers(f"{self.shop.web}/healthz") or not self._web_answers(), 60, "the web")

    def kill_in_the_statement(self) -> None:
        """Nobody tells us of a payment: the process dies when it has read of it, and once it is booked."""
        self.calm()
        asked = self._questions()
        self.shop.telegram("POST", "faults", {"match": "UPDATE /message", "kind": "late", "after_s": 3600})
        with ThreadPoolExecutor(1) as threads:
            paying = threads.submit(self._paid_elsewhere, Case(STATEMENT[0]))
            until(_beside(paying, lambda: self._questions() > asked), 60, "the question")
            for crash_point in STATEMENT:
                self.shop.advance(61)
                self.shop.start_jobs(kill_at=crash_point)
                until(self.dead, 60, crash_point)
                self.end()
            told = paying.result()
        self.shop.telegram("DELETE", "faults")
        told.how = f"died at {' and '.join(STATEMENT)}"

    @staticmethod
    def _questions() -> int:
        """How many payments were allowed; some of those that a kill cut short stay so."""
        return int(Payment.select().count())

    # --- looked up

    def kill_in_lookups(self) -> None:
        """Where nobody pays: install data that comes later, the list of orders, an eSIM from stock."""
        collected = self.paid(Case(LOOKUP[0]))
        self.shop.esimgo("POST", "habits", {"order_s": 5})
        self.kill_at(collected, lambda: False)
        self.shop.esimgo("POST", "habits", {"order_s": 0})
        lost = self.paid(Case("order.post.sent"))
        self.kill_at(lost, lambda: False)
        self.shop.advance(11)
        listed = Told(Case(LOOKUP[1]), lost.buyer, lost.reference)
        self.kill_at(listed, lambda: False)

    def kill_at_rest(self) -> None:
        """What can only happen once others have got theirs."""
        self.end()
        self.kill_in_returns()
        self.kill_at_the_stock()
        self.come_to_rest()

    def kill_at_the_stock(self) -> None:
        """One is bought too late for its buyer, who is refunded; the next buyer gets it."""
        late = self.paid(Case("order.post.sent"))
        self.kill_at(late, lambda: False)
        self.shop.esimgo("POST", "faults", {"match": "GET /orders", "kind": "500"})
        self._lead()  # where nobody had led until the deadline, its money would wait for eSIM Go's list
        self.shop.advance(self.config.deadline_s + 1)
        until(lambda: late.order.stage == "failed", 120, "the deadline")
        self.lift()
        until(self._has_stock, 120, "the late one")
        self.end()
        next_one = self.paid(Case(LOOKUP[2]))
        self.kill_at(next_one, lambda: False)

    def _lead(self) -> None:
        """Start the jobs, and wait until they lead."""
        epoch = Lease.get(Lease.name == leases.NAME).epoch
        self.shop.start_jobs()
        until(lambda: Lease.get(Lease.name == leases.NAME).epoch > epoch, 60, "the next leader")

    def _has_stock(self) -> bool:
        """Looked for again and again."""
        self.shop.advance(12)
        return bool(Submission.select().where(Submission.outcome == "stock").exists())

    def kill_in_returns(self) -> None:
        """Who has got an eSIM and has not used it gives it back."""
        delivered = [told for told in self.told if told.order.stage == "ready"]
        for crash_point, told in zip(RETURN, delivered, strict=False):
            allowed = changed(self.config, esimgo_refunds="on")
            orders.request_return(told.order, allowed)
            self.kill_at(Told(Case(crash_point), told.buyer, told.reference), lambda: False)
            told.how += f", given back: died at {crash_point}"

    # --- at rest

    def leave(self) -> None:
        """Whatever has happened here, the next test finds a shop that sells."""
        self.lift()
        if not self._web_answers() or self._web_may_die:
            self._restart_web("")
        if not self.dead():
            self.shop.kill()
        self.shop.start_jobs()

    def come_to_rest(self) -> None:
        """No kill any more: the jobs run, and the clock is moved as far as the slowest order needs. What died
        before it called meets its fault now.
        """
        for told in self.told:
            if told.case.crash_point in BEFORE_THE_CALL:
                self.fault(told.case)
        if self.dead():
            self.shop.start_jobs()
        began, give_up = real.monotonic(), real.monotonic() + 600
        while self._open():
            assert real.monotonic() < give_up, self._open()
            if real.monotonic() - began > 5:
                self.lift()
            self.shop.advance(12)
            for name in ("reconcile_unknown", "collect_accepted", "issue_refunds", "deliver_notifications"):
                JobRequest.create(name=name)
            real.sleep(0.7)

    def _open(self) -> list[str]:
        """What is not at rest yet."""
        found = [f"{told.case}: {told.order.stage}" for told in self.told if told.order.stage not in AT_REST]
        found += [f"refund {refund.id}" for refund in Refund.select().where(Refund.state != "done")]
        return found + [f"{told.case}: not told" for told in self.told if not self._is_told(told)]

    def _is_told(self, told: Told) -> bool:
        news = "Refunded" if told.order.status == "failed" else "Your eSIM is ready"
        return any(news in text for text in told.buyer.texts())


def _beside(work: "Future[Any]", look: Callable[[], bool]) -> Callable[[], bool]:
    """`look`, as long as `work` goes well in its thread: what it ends with is raised here, at once."""

    def looking() -> bool:
        if work.done():
            work.result()
        return look()

    return looking


def repeated(buyer: Traveller) -> int:
    """How many messages this person got more than once."""
    said = Counter(text.partition("\n")[0] for text in buyer.texts() if text)
    return sum(times - 1 for times in said.values())
