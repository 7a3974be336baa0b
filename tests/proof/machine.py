"""Anything may happen at any time, in any order; after each step the money adds up.

Time passes in two ways: `wait` lets everybody work on, `jump` moves the clock for all at once, so that much is
overdue together. What is begun in one step may end many steps later.
"""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sandbox.esimgo import life
from sandbox.esimgo.errors import Refused
from sandbox.telegram.errors import Refused as NotRefunded
from sandbox.telegram.params import Params
from tests.proof.audit import Audit
from tests.proof.world import KEY, NOT_RUN, World, config_for, named_boundaries
from webapp import callbacks, catalogue, customers, esims, orders, outages, payments
from webapp.models import OPEN_STAGES, Esim, JobRequest, Order, Plan, Refund
from tests.esimgo.signing import sign

PEOPLE = (7001, 7002, 7003)
PLANS = 3
PROVIDER_FATES = (
    "429",
    "500",
    "503",
    "400",
    "reset_before",
    "reset_after_commit",
    "500_after_commit",
    "broken_json",
    "wrong_shape",
    "commit_late",
    "hang",
    "out_of_funds",
    "price_changed",
    "down",
)
CHAT_FATES = ("429", "502", "lost_answer", "broken_json", "hang", "down", "403")
BOUNDARIES = [name for name in named_boundaries() if not name.startswith("notification.")]
JOBS = (
    "validate_quotes",
    "submit_paid_orders",
    "collect_accepted",
    "reconcile_unknown",
    "refresh_esims",
    "sync_catalogue",
    "check_provider",
    "apply_callbacks",
    "enforce_deadlines",
    "expire_unpaid",
    "issue_refunds",
)
WITHOUT = frozenset(NOT_RUN - {"answer_requests", "apply_callbacks", "refresh_esims", "sync_catalogue"})
"""Jobs that stand still here: chats have their own proof, and a purge touches no money."""

a_person = st.sampled_from(PEOPLE)
any_number = st.integers(0, 10_000)
