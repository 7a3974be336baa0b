"""How a command has the leader do something, and waits for it."""

from collections.abc import Callable

from webapp.base import clock
from webapp.models import JobRequest
from webapp.state import leases

LONGEST_WAIT_S = 600
LEADER_SILENT_S = 60


def ask(job: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Returns how it was: "done", or what to tell instead."""
    request, give_up = JobRequest.create(name=job), clock.monotonic() + LONGEST_WAIT_S
    while True:
        result: str = JobRequest.get_by_id(request.id).result
        meanwhile()
        if result not in {"", "running"}:
            return result
        if clock.monotonic() > give_up or not leases.seen_within(LEADER_SILENT_S):
            return "no answer from the jobs process"
        clock.sleep(0.1)
