"""`python -m jobs smoke-live`, which `make smoke-live` calls: does this key work, and how is it answered?

Four questions that buy nothing: who the key belongs to, the orders of the last day, the first bundles of the
catalogue, and whether the cheapest of them would be sold (`validate`). What the documents leave open is
printed as this account shows it; the list of doubts is docs/esim-go.md, "Quirks".
"""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import EsimGoError
from webapp.clients.esimgo.recorder import RecordingClient
from webapp.clients.http import Answer

ROWS = 50
DAY = timedelta(days=1)
_SPELLINGS = (("group", "groups"), ("speed", "speeds"), ("autostart", "autoStart"))
_COUNTS = ("pageCount", "rows", "pageSize", "totalPages", "total")


def run(config: Config) -> int:
    """Print what was seen; returns the exit code, 1 when one of the four questions was not answered."""
    client = RecordingClient(config.esimgo_api_key, config.esimgo_api_url, config.ca_file)
    try:
        for line in _ask(client):
            _say(line)
    except EsimGoError as error:
        _say(f"eSIM Go: {error}")
        return 1
    _say("\nHow this account is answered:")
    for endpoint, answer in client.recorder.answers.items():
        _say(f"- {endpoint}: {', '.join(shapes(answer))}")
    return 0


def _ask(client: RecordingClient) -> Iterable[str]:
    organisation = client.authenticate()
    yield f"The key belongs to {organisation.name or 'an organisation without a name'}."
    balance = f"{organisation.balance / 1000:.2f} {organisation.currency or '(no currency told)'}"
    yield f"Balance {balance}; callbacks go to {organisation.callback_url or 'nowhere'}."
    now = clock.now()
    window = client.list_orders(now - DAY, now)
    whole = "" if window.complete else ", and rows or pages that are not understood"
    yield f"{len(window.orders)} orders in the last day{whole}; the filter by time is {window.filter}."
    page = client.catalogue(1, ROWS)
    yield f"{len(page.bundles)} bundles on the first page of the catalogue, {page.skipped} not understood."
    if page.bundles:
        cheapest = min(page.bundles, key=lambda bundle: bundle.wholesale)
        quote = client.validate_order(cheapest.name)
        yield f"{cheapest.name} would cost {quote.total / 1000:.2f} {quote.currency}. Nothing was bought."


def shapes(answer: Answer) -> list[str]:
    """What is open in the documents, as this answer has it."""
    body = json.loads(answer.body)
    rows = _rows(body)
    told = [_envelope(body)]
    told += [f"counts in {name}" for name in _COUNTS if isinstance(body, dict) and name in body]
    told += [f"{name} as {_type(row[name])}" for row in rows[:1] for name in _prices(row)]
    told += [f"spelt {name}" for row in rows[:1] for pair in _SPELLINGS for name in pair if name in row]
    told += [f"{name.lower()} told" for name in answer.headers if name.lower().startswith("x-ratelimit")]
    return told


def _envelope(body: Any) -> str:
    if isinstance(body, list):
        return "a bare array"
    lists = [name for name, value in body.items() if isinstance(value, list)]
    return f"an object with {', '.join(lists)}" if lists else "a single object"


def _rows(body: Any) -> list[dict[str, Any]]:
    """The rows in it, or itself where it is the row."""
    if isinstance(body, list):
        return [row for row in body if isinstance(row, dict)]
    lists = [value for value in body.values() if isinstance(value, list)]
    return [row for row in lists[0] if isinstance(row, dict)] if lists else [body]


def _prices(row: dict[str, Any]) -> list[str]:
    return [name for name in ("price", "total", "balance", "subTotal", "pricePerUnit") if name in row]


def _type(value: object) -> str:
    return "text" if isinstance(value, str) else "a number"


def _say(line: str) -> None:
    print(line)  # noqa: T201 - it is for the person who asked
