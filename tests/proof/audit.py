"""What must hold at any moment, counted by hand over the rows and over what both stand-ins remember.

Nothing here asks the code that is being proved: it reads tables, and compares them with the provider's orders
and with Telegram's transactions.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from tests.proof.hub import BEGINNING
from tests.proof.world import Bought, World
from webapp.books import ledger
from webapp.models import OPEN_STAGES, Esim, Notification, Order, OrderEvent, Payment, Refund, Submission

DELIVERED = ("ready", "active")


def rows(query: Any) -> list[Any]:
    """What peewee adds to a row (`order_id`) is not in its stubs."""
    return list(query)


@dataclass
class Ledger:
    """Stars, by where they are."""

    paid: int = 0
    delivered: int = 0
    returned: int = 0
    refunded: int = 0
    in_flight: int = 0
    unmatched: int = 0

    @property
    def adds_up(self) -> bool:
        accounted = self.delivered + self.returned + self.refunded + self.in_flight + self.unmatched
        return self.paid == accounted

    def __str__(self) -> str:
        return ", ".join(f"{one.name.replace('_', ' ')} {getattr(self, one.name)}" for one in fields(self))


class Audit:
    """One look at everything. `problems` says what is wrong, in sentences; an empty list is what we want."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders = {order.id: order for order in rows(Order.select())}
        self.payments = rows(Payment.select().where(Payment.charge_id.is_null(False)))
        self.refunds = {refund.payment_id: refund for refund in rows(Refund.select())}
        self.submissions = {row.id: row for row in rows(Submission.select())}
        self.kept: defaultdict[int, list[Any]] = defaultdict(list)
        for payment in self.payments:
            if payment.order_id is not None and payment.id not in self.refunds:
                self.kept[payment.order_id].append(payment)
        self.taken_back = {p.order_id for p in self.payments if p.charge_id in world.taken_back}
        self.ledger = self._ledger()

    def problems(self) -> list[str]:
        return [
            *self._money(),
            *self._charges(),
            *self._refunds(),
            *self._purchases(),
            *self._esims(),
            *self._worth(),
            *self.world.troubles.found,
        ]

    # money

    def _ledger(self) -> Ledger:
        told = Ledger(paid=sum(payment.amount for payment in self.payments))
        for payment in self.payments:
            setattr(told, place := self._place(payment), getattr(told, place) + payment.amount)
        return told

    def _place(self, payment: Any) -> str:
        if payment.state == "unplaced":
            return "unmatched"
        order = self.orders.get(payment.order_id)
        refund = self.refunds.get(payment.id)
        if refund is not None and refund.state != "done":
            return "in_flight"
        if refund is not None:
            return "returned" if order is not None and order.stage == "returned" else "refunded"
        return "delivered" if order is not None and order.stage in DELIVERED else "in_flight"

    def _money(self) -> Iterable[str]:
        if not self.ledger.adds_up:
            yield f"the money does not add up: {self.ledger}"
        told = [tuple(account)[1:] for account in ledger.accounts()]
        if told != [astuple(self.ledger)] and self.payments:
            yield f"the shop's own ledger says {told}, and we count {self.ledger}"
        for subject, difference in ledger.odd_ones():
            yield f"the shop's own ledger misses {difference} at {subject}"
        for order in self.orders.values():
            wanted = 1 if order.stage in (*DELIVERED, *OPEN_STAGES) else 0
            if len(self.kept[order.id]) != wanted and order.id not in self.taken_back:
                yield f"{order.stage} order {order.id} keeps {len(self.kept[order.id])} charges, not {wanted}"

    def _charges(self) -> Iterable[str]:
        """Every charge that we know is one of Telegram's, of the same payer and amount."""
        charged = self.world.telegram.world.data["payments"]
        for payment in self.payments:
            there = charged.get(payment.charge_id)
            if there is None:
                yield f"a charge that Telegram does not know: {payment.charge_id}"
            elif (there["amount"], there["source"]["user"]["id"]) != (
                payment.amount,
                payment.telegram_user_id,
            ):
                yield f"a charge of another payer or amount: {payment.charge_id}"

    def unheard_of(self) -> set[str]:
        """Charges of Telegram's that we do not know."""
        return set(self.world.telegram.world.data["payments"]) - {row.charge_id for row in self.payments}

    def _refunds(self) -> Iterable[str]:
        """Once for each charge, none that we do not know of, none that is done but not there."""
        made = self.world.telegram.world.data["refunds"]
        ours = {payment.charge_id: self.refunds.get(payment.id) for payment in self.payments}
        for charge_id, refund in made.items():
            if refund["count"] != 1:
                yield f"{charge_id} was refunded {refund['count']} times"
            if ours.get(charge_id) is None and charge_id not in self.world.taken_back:
                yield f"{charge_id} was refunded and no row says so"
        for charge_id, known in ours.items():
            if known is not None and known.state == "done" and charge_id not in made:
                yield f"{charge_id} is said to be refunded and is not"

    # purchases

    def _purchases(self) -> Iterable[str]:
        made = (bought for bought in self.world.bought.values() if not bought.again)
        by_intent = Counter(bought.submission_id for bought in made)
        for submission_id, count in by_intent.items():
            if count > 1:
                yield f"intent {submission_id} was bought {count} times"
        if duplicates := self.duplicates():
            yield f"bought once too often although it could be seen: {dict(duplicates)}"
        for row in self.submissions.values():
            if row.esimgo_order_id is not None and row.esimgo_order_id not in self.world.bought:
                yield f"intent {row.id} is bound to an order that the provider does not have"

    def spare(self) -> list[Bought]:
        """Bought for an order that another purchase has served. Equal ones are interchangeable, so it is not
        said which of them was too many.
        """
        delivered = (order for order in self.orders.values() if order.stage in DELIVERED)
        served = {order.id: order.esimgo_order_id for order in delivered}
        bound = {row.esimgo_order_id: row.order_id for row in self.submissions.values()}
        made = self.world.bought.values()
        return [one for one in made if served.get(bound.get(one.reference), one.reference) != one.reference]

    def late(self) -> list[Bought]:
        """Made by the provider more than SETTLE_S after it was asked."""
        return [bought for bought in self.world.bought.values() if self._took_s(bought) > self._settle_s]

    def _took_s(self, bought: Bought) -> float:
        sent_at = self.submissions[bought.submission_id].sent_at
        return bought.at_s - _seconds(sent_at)

    @property
    def _settle_s(self) -> float:
        return self.world.config.settle_s

    def duplicates(self) -> Counter[str]:
        """By bundle: more spare ones than such as nobody could have seen before buying again, or as the
        provider has made by itself.
        """
        return self._by_bundle(self.spare()) - self._by_bundle([*self.late(), *self._made_again()])

    def _by_bundle(self, made: list[Bought]) -> Counter[str]:
        return Counter(self.submissions[bought.submission_id].bundle for bought in made)

    def stock(self) -> int:
        """Bought and nobody's: what waits for the next buyer, or is not even found yet."""
        delivered = {order.esimgo_order_id for order in self.orders.values() if order.stage in DELIVERED}
        return len(self.world.bought.keys() - delivered) - len(self._made_again())

    def unbound(self) -> list[str]:
        """The bundles of what was bought and no intent has yet, beyond what the provider has made by itself:
        of equal ones it is not said which of them these are.
        """
        bound = {row.esimgo_order_id for row in self.submissions.values()}
        free = [one for one in self.world.bought.values() if one.reference not in bound]
        return sorted((self._by_bundle(free) - self._by_bundle(self._made_again())).elements())

    def _made_again(self) -> list[Bought]:
        return [bought for bought in self.world.bought.values() if bought.again]

    def _worth(self) -> Iterable[str]:
        """What was delivered is what was paid for, or better, and cost no more than that."""
        there = self.world.esimgo.world
        for order in (order for order in self.orders.values() if order.stage in DELIVERED):
            item = there.orders[order.esimgo_order_id]["order"][0]["item"]
            bundle = there.catalogue.known(item)
            assert bundle is not None
            places = {place["iso"].lower() for place in (*bundle["countries"], *bundle["roamingEnabled"])}
            data = (order.data_mb is None) is bundle["unlimited"] and bundle["dataAmount"] >= (
                order.data_mb or -1
            )
            if not data or bundle["duration"] < order.days or order.country_code not in places:
                yield f"order {order.id} was for {order.plan_id} and got {item}"
            if item != order.esimgo_product_id:
                yield f"order {order.id} got {item} and says {order.esimgo_product_id}"
            if order.wholesale * 100 > order.agreed_wholesale * 105:
                yield f"order {order.id} costs {order.wholesale}, sold at {order.agreed_wholesale}"

    def _esims(self) -> Iterable[str]:
        given: Counter[int] = Counter(esim.order_id for esim in rows(Esim.select()))
        sold = Counter(o.esimgo_order_id for o in self.orders.values() if o.stage in DELIVERED)
        for order in self.orders.values():
            if order.stage in DELIVERED and order.esim_id is None and given[order.id] != 1:
                yield f"delivered order {order.id} has {given[order.id]} eSIMs"
            if order.stage not in (*DELIVERED, "returned") and given[order.id]:
                yield f"{order.stage} order {order.id} was given an eSIM"
        yield from self._mistaken()
        for reference, count in sold.items():
            if count > 1 or reference not in self.world.bought:
                yield f"{reference} was delivered {count} times, or never bought"

    def _mistaken(self) -> Iterable[str]:
        """What was delivered is what the provider has made under that number, on the eSIM that it names."""
        iccids = {esim.id: esim.iccid for esim in rows(Esim.select())}
        brought = {esim.order_id: esim.iccid for esim in rows(Esim.select())}
        for order in self.orders.values():
            there = self.world.esimgo.world.orders.get(order.esimgo_order_id)
            if order.stage not in DELIVERED or there is None:
                continue
            (line,) = there["order"]
            iccid = brought.get(order.id) if order.esim_id is None else iccids.get(order.esim_id)
            if line["item"] != order.esimgo_product_id or line["iccids"] != [iccid]:
                yield f"order {order.id} of {order.esimgo_product_id} was given {line['item']} on {iccid}"

    # promises with a time

    def lateness_s(self, heard_within_s: float) -> list[float]:
        """For each paid order, by how many seconds it was decided after its deadline; before it: below 0. One
        whose charge we were told of when its time was over has to be decided that soon after we heard.
        """
        moves = rows(OrderEvent.select().order_by(OrderEvent.id.desc()))
        decided = {event.order_id: event.at for event in moves if event.to_stage in {"ready", "failed"}}
        heard = {event.order_id: event.at for event in moves if event.to_stage == "paid"}
        late = []
        for order in self.orders.values():
            if order.deadline_at is not None:
                until = max(order.deadline_at, heard[order.id] + timedelta(seconds=heard_within_s))
                late.append((decided.get(order.id, self.world.hub.now()) - until).total_seconds())
        return late

    def refund_waits_s(self) -> list[float]:
        """For each refund, the seconds from when Telegram would have answered until it was written down: from
        the end of its last outage, or from its last refusal of this refund, or of what is for all refunds (a
        429, and the question whether it answers).
        """
        own: dict[str, float] = {}
        for_all = list(self.world.chat_back_s)
        for refusal in self.world.chat.refusals:
            if refusal.path == "/refundStarPayment":
                own[json.loads(refusal.body)["telegram_payment_charge_id"]] = refusal.at_s
            if refusal.path == "/getMe" or (refusal.path, refusal.fate) == ("/refundStarPayment", "429"):
                for_all.append(refusal.at_s)
        charges = {payment.id: payment.charge_id for payment in self.payments}
        waits = []
        for refund in self.refunds.values():
            due_s, done_s = _seconds(refund.created_at), _seconds(refund.done_at)
            lifted_s = [end_s for end_s in for_all if end_s <= done_s]
            waits.append(done_s - max(due_s, own.get(charges[refund.payment_id], 0.0), *lifted_s, 0.0))
        return waits


def _seconds(moment: datetime) -> float:
    return (moment - BEGINNING).total_seconds()


def told(kind: str) -> Counter[Any]:
    """How many messages of a kind each order has."""
    return Counter(row.order_id for row in rows(Notification.select().where(Notification.kind == kind)))
