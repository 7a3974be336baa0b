"""What the shop sells: `flask --app wsgi catalogue sync`, `catalogue status`, `catalogue accept`."""

import sys
from collections.abc import Iterator
from datetime import datetime

import click
from flask import Flask

from webapp import catalogue
from webapp.base.config import Config
from webapp.base.money import money_text
from webapp.catalogue import NothingHeld, State
from webapp.models import BundleEvent
from webapp.operations.cli.asking import ask
from webapp.state import leases

JOB = "sync_catalogue"


def register(app: Flask, config: Config) -> None:
    group = click.Group("catalogue", help="Read eSIM Go's catalogue, and say where it stands.")
    app.cli.add_command(group)

    @group.command("sync")
    def sync() -> None:
        """Have the leading jobs process read the catalogue now, and show how far it is."""
        if not leases.seen_within(0):
            sys.exit("simka: no jobs process leads; start one with `python -m jobs`")
        catalogue.request_sync()
        result = ask(JOB, _Progress().tell)
        if result != "done":
            sys.exit(f"simka: the catalogue was not read ({result}); the log of the jobs process says why")
        for sentence in sentences(catalogue.state(), config):
            click.echo(sentence)

    @group.command("status")
    def status() -> None:
        """Say what is on sale, since when, and what has changed."""
        for sentence in sentences(catalogue.state(), config):
            click.echo(sentence)

    @group.command("accept")
    def accept() -> None:
        """Let the bundles go that are missing from eSIM Go's list; the next sync takes them away."""
        try:
            missing = catalogue.accept()
        except NothingHeld:
            sys.exit("simka: nothing is held; `flask --app wsgi catalogue status` says how things stand")
        click.echo(
            f"The next sync may drop {missing} bundles. To have it now: flask --app wsgi catalogue sync"
        )


class _Progress:
    """Tells how far the reading is, each page once."""

    def __init__(self) -> None:
        self._told = catalogue.progress()

    def tell(self) -> None:
        progress = catalogue.progress()
        if progress and progress != self._told and progress["page"]:
            pages = f" of {progress['pages']}" if progress["pages"] else ""
            click.echo(f"page {progress['page']}{pages}: {progress['bundles']} bundles")
        self._told = progress


# --- sentences


def sentences(state: State, config: Config) -> Iterator[str]:
    if state.synced_at is None:
        yield "The catalogue has not been read yet."
    else:
        yield f"Read at {state.synced_at:%Y-%m-%d %H:%M} UTC; generation {state.generation}."
    yield (
        f"{state.bundles} bundles on sale, {state.gone} gone; {state.plans} plans in {state.places} places."
    )
    yield from _unfinished(state)
    if state.held is not None:
        yield _held(**state.held)
    if state.changes:
        yield "Last changes: " + ", ".join(f"{count} {kind}" for kind, count in state.changes.items()) + "."
    yield from (f"  {_line(event, config.currency)}" for event in state.news)


def _held(at: str, known: int, missing: int) -> str:
    return (
        f"Held since {datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC: eSIM Go lists {missing} of {known} "
        "bundles no more. They stay on sale. If that is right: flask --app wsgi catalogue accept"
    )


def _unfinished(state: State) -> Iterator[str]:
    """The reading that has not ended, or has failed: it is younger than the catalogue."""
    progress = state.progress
    if progress and (state.synced_at is None or progress["at"] > state.synced_at.isoformat()):
        yield f"A reading since then got to page {progress['page']}: {progress['bundles']} bundles."


def _line(event: BundleEvent, currency: str) -> str:
    prices = [
        money_text(price, currency, "en")
        for price in (event.wholesale_before, event.wholesale_after)
        if price is not None
    ]
    return f"{event.at:%Y-%m-%d %H:%M} {event.kind} {event.bundle} {' → '.join(prices)}".rstrip()
