"""Which columns hold moments that our clock has written, and how they are put right when it was wrong.

What was written before it went wrong stays, and so does what others have told us.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import Expression

from webapp import models
from webapp.models import OPEN_STAGES, Order, Setting
from webapp.models.db import BaseModel, locking
from webapp.state import restoration

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


class Correction(NamedTuple):
    """Our clock was wrong from `since` on, by itself, and by `by` behind; `now` is the right time."""

    since: datetime
    by: timedelta
    now: datetime

    def past(self, moment: datetime) -> datetime:
        return min(moment + self.by, self.now)


Rule = Callable[[Correction, datetime], datetime]


class With(NamedTuple):
    """A moment to come that was reckoned from another one of its row, and moves when that does."""

    anchor: str


def past(correction: Correction, moment: datetime) -> datetime:
    """When something happened: never later than now."""
    return correction.past(moment)


def due(correction: Correction, moment: datetime) -> datetime:
    """When something is done next. Too early does no harm, so it only moves to an earlier moment."""
    return moment + min(correction.by, timedelta(0))


MOVED: Mapping[type[BaseModel], Mapping[str, Rule | With]] = {
    models.AbuseCounter: {"at": past, "until": With("at")},
    models.AdminEvent: {"at": past},
    models.AuditedOrder: {"seen_at": past, "settled_at": past},
    models.Bundle: {"gone_at": past, "checked_at": past, "unanswered_at": past, "refused_since": past},
    models.BundleEvent: {"at": past},
    models.Callback: {"received_at": past},
    models.Compatibility: {"asked_at": past, "checked_at": past},
    models.Customer: dict.fromkeys(
        ("blocked_at", "held_at", "released_at", "deleted_at", "created_at"), past
    ),
    models.EmailAddress: {"confirmed_at": past, "counted_from": past, "code_until": With("counted_from")},
    models.Esim: {
        **dict.fromkeys(("installed_at", "labelled_at", "activate_pressed_at", "created_at"), past),
        **dict.fromkeys(("checked_at", "hinted_at"), past),
        "next_refresh_at": due,
    },
    models.IdempotencyKey: {"created_at": past},
    models.Incident: dict.fromkeys(("opened_at", "seen_at", "closed_at", "told_at"), past),
    models.JobRequest: {"asked_at": past, "done_at": past},
    models.LedgerSeal: {"at": past},
    models.Notification: {"next_try_at": due, "created_at": past, "sent_at": past},
    models.Order: {
        **dict.fromkeys(("invoiced_at", "admitted_at", "created_at", "paid_at"), past),
        "deadline_at": With("paid_at"),
        **dict.fromkeys(("delivered_at", "activated_at"), past),
        "next_try_at": due,
    },
    models.OrderEvent: {"at": past},
    models.Payment: {"created_at": past, "confirmed_at": past, "listed_at": past},
    models.PaymentEvent: {"at": past},
    models.Process: {"started_at": past, "seen_at": past},
    models.ProviderLook: {"at": past},
    models.ProviderBalance: {"told_at": past, "seen_at": past, "wanted_at": past},
    models.Refund: {"next_try_at": due, **dict.fromkeys(("created_at", "sent_at", "done_at"), past)}
    | {"listed_at": past, "short_since": past, "expected_at": With("short_since")},
    models.RefundEvent: {"at": past},
    models.ReturnEvent: {"at": past},
    models.ReturnRequest: {"asked_at": past, "next_try_at": due, "sent_at": past, "done_at": past},
    models.Share: {"since": past},
    models.Submission: dict.fromkeys(
        ("claimed_at", "sent_at", "ended_at", "balance_at", "first_absent_at"), past
    ),
    models.TelegramUpdate: {"received_at": past},
    models.UsagePoint: {"at": past},
}

NOT_MOVED: Mapping[tuple[type[BaseModel], str], str] = {
    (models.Assignment, "starts_at"): "eSIM Go has told it",
    (models.Assignment, "ends_at"): "eSIM Go has told it",
    (models.AuditedOrder, "ordered_at"): "eSIM Go has told it",
    (models.Boot, "zero"): "shop_time.py corrects it",
    (models.Boot, "began_at"): "shop_time.py corrects it",
    (models.Boot, "confirmed_at"): "shop_time.py corrects it",
    (models.Lease, "expires_at"): "the leader writes it anew within a second",
    (models.ProviderLook, "since"): "where a list of eSIM Go's begins, by its own clock",
    (models.ProviderLook, "told_at"): "eSIM Go has told it",
    (models.StarMovement, "at"): "Telegram has told it",
}
"""Columns with moments that stay as they are, and why."""


def move(correction: Correction) -> int:
    """Put right what was written since. In a transaction; returns how many rows were changed."""
    rows = _move_deadlines(correction)
    rows += sum(_move_rows(model, rules, correction) for model, rules in MOVED.items())
    return rows + _move_settings(correction)


def _move_deadlines(correction: Correction) -> int:
    """Of what was paid for before, in a shop that was brought back from a copy since: their time began anew
    (restoration.note), by the wrong clock.
    """
    if restoration.known_since() < correction.since:
        return 0
    theirs = Order.stage.in_(OPEN_STAGES) & (Order.paid_at < correction.since)
    began_anew = list(
        locking(Order.select().where(theirs, Order.deadline_at >= correction.since), "FOR UPDATE")
    )
    for order in began_anew:
        Order.update(deadline_at=order.deadline_at + correction.by).where(Order.id == order.id).execute()
    return len(began_anew)


def _move_rows(model: type[BaseModel], rules: Mapping[str, Rule | With], correction: Correction) -> int:
    any_: Any = model
    moved = 0
    written = any_.select().where(_may_move(any_, rules, correction))
    for row in locking(written, "FOR UPDATE"):  # what somebody writes meanwhile is not undone
        changes = dict(_changes(row, rules, correction))
        moved += bool(changes) and any_.update(changes).where(any_._meta.primary_key == row._pk).execute()
    return moved


def _may_move(model: Any, rules: Mapping[str, Rule | With], correction: Correction) -> Expression:
    names = [name for name, rule in rules.items() if not isinstance(rule, With)]
    condition: Expression = getattr(model, names[0]) >= correction.since
    for name in names[1:]:
        condition |= getattr(model, name) >= correction.since
    return condition


def _changes(
    row: Any, rules: Mapping[str, Rule | With], correction: Correction
) -> Iterator[tuple[str, datetime]]:
    for name, rule in rules.items():
        moment = getattr(row, name)
        written = getattr(row, rule.anchor) if isinstance(rule, With) else moment
        if moment is None or written is None or written < correction.since:
            continue
        if isinstance(rule, With):
            yield name, moment + (correction.past(written) - written)
        else:
            yield name, rule(correction, moment)


def _move_settings(correction: Correction) -> int:
    """The marks in Setting are JSON: whatever in them is a moment."""
    moved = 0
    for row in Setting.select():
        value = _put_right(json.loads(row.value), correction)
        if (text := json.dumps(value)) != row.value:
            moved += Setting.update(value=text).where(Setting.name == row.name).execute()
    return moved


def _put_right(value: Any, correction: Correction) -> Any:
    if isinstance(value, dict):
        return {name: _put_right(each, correction) for name, each in value.items()}
    if isinstance(value, list):
        return [_put_right(each, correction) for each in value]
    if isinstance(value, str) and ISO.fullmatch(value):
        moment = datetime.fromisoformat(value)
        return value if moment < correction.since else correction.past(moment).isoformat()
    return value
