"""Errors go to Sentry where SENTRY_DSN is set, and nothing else does: no request, no person, no secret.

What a log line of an error says is sent, masked as in the log, and without long numbers: those are customers
and eSIMs. https://docs.sentry.io/platforms/python/data-management/sensitive-data/
"""

import re
from typing import TYPE_CHECKING, Any

from webapp.base.logs import mask

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

_NUMBERS = re.compile(r"\d{5,}")
_NOT_SENT = ("request", "user", "server_name", "modules", "breadcrumbs")


def begin(dsn: str | None) -> None:
    """Without a DSN the library is not even loaded."""
    if dsn is None:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn,
        before_send=scrub,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=0,
    )


def scrub(event: "Event", _hint: "Hint") -> "Event":
    """Applied to whatever is sent."""
    kept = {name: value for name, value in event.items() if name not in _NOT_SENT}
    cleaned: Event = _clean(kept)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBERS.sub("[number]", mask(value))
    if isinstance(value, dict):
        return {name: part if name in _OURS else _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


_OURS = {"event_id", "timestamp", "trace_id", "span_id"}
"""Numbers of Sentry's own."""
