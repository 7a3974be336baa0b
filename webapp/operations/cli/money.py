"""Where the money is: `flask --app wsgi ledger`; `flask --app wsgi audit` looks at both books first."""

import sys
from collections.abc import Iterator

import click
from flask import Flask

from webapp.base import money
from webapp.base.config import Config
from webapp.books import ledger, provider_audit, provider_balance, spending
from webapp.operations.cli.asking import ask
from webapp.state import leases

JOB = "audit"
NOBODY = 2
"""How `audit` ends when nobody has looked."""


def register(app: Flask, _config: Config) -> None:
    @app.cli.command("ledger")
    def show_ledger() -> None:
        """Show where the money is, Telegram's and eSIM Go's; ends with 1 when it does not add up."""
        _tell()

    @app.cli.command("audit")
    def audit() -> None:
        """Have the jobs process compare eSIM Go's and Telegram's books with ours; show both sides.

        Ends with 1 when they differ, with 2 when nobody has compared them.
        """
        if not leases.seen_within(0):
            _nobody("no jobs process leads; start one with `python -m jobs`")
        if (result := ask(JOB)) != "done":
            _nobody(f"the books were not compared ({result}); the log of the jobs process says why")
        look = provider_audit.last_look()
        _tell(is_whole=look is not None and look.complete)


def _nobody(why: str) -> None:
    click.echo(f"simka: {why}", err=True)
    sys.exit(NOBODY)


def _tell(*, is_whole: bool = True) -> None:
    for line in (*_paid(), *_bought(), *_balance()):
        click.echo(line)
    wrong = [*_odd(), *_unexplained()]
    for line in wrong:
        click.echo(line)
    if not ledger.check() or wrong:
        sys.exit(1)
    if not is_whole:
        _nobody("eSIM Go's list of orders could not be read to its end; what was read adds up")
    click.echo("It adds up.")


def _paid() -> Iterator[str]:
    for account in ledger.accounts():
        difference = f"; difference {account.difference}" if account.difference else ""
        yield (
            f"{account.currency}: paid {account.paid} = delivered {account.delivered} + returned "
            f"{account.returned} + refunded {account.refunded} + in flight {account.in_flight} "
            f"+ unmatched {account.unmatched}{difference}"
        )


def _bought() -> Iterator[str]:
    for side in spending.spending():
        parts = {name: money.plain(value) for name, value in side._asdict().items() if name != "currency"}
        bought = parts.pop("bought")
        told = " + ".join(f"{name.replace('_', ' ')} {amount}" for name, amount in parts.items())
        yield f"{side.currency or 'no currency told'}: bought {bought} = {told}"


def _balance() -> Iterator[str]:
    look = provider_balance.last()
    if look is not None and look.balance is not None:
        balance = f"{money.plain(look.balance)} {look.currency}".strip()
        yield f"Balance at eSIM Go: {balance}, seen at {look.at:%Y-%m-%d %H:%M} UTC"
        if look.awaited:
            yield f"Credit awaited for plans taken back: {money.plain(look.awaited)}"


def _odd() -> Iterator[str]:
    for subject, difference in ledger.odd_ones():
        yield f"{subject} does not add up: {difference:+d}"


def _unexplained() -> Iterator[str]:
    words = {
        "elsewhere": "the shop has not made it",
        "twice": "made twice",
        "lost": "eSIM Go does not list it",
    }
    for row in provider_audit.unexplained():
        yield f"{row.reference}: {words[row.verdict]}: {provider_audit.in_words(row)}"
    if missing := provider_balance.difference():
        yield f"The balance has fallen by {money.plain(missing)} more than the orders have cost."
