"""Where the money is: `flask --app wsgi ledger`."""

import sys

import click
from flask import Flask

from webapp.base.config import Config
from webapp.books import ledger


def register(app: Flask, _config: Config) -> None:
    @app.cli.command("ledger")
    def show_ledger() -> None:
        """Paid = delivered + returned + refunded + in flight + unmatched; 1 when it does not add up."""
        for account in ledger.accounts():
            click.echo(
                f"{account.currency}: paid {account.paid} = delivered {account.delivered} + returned "
                f"{account.returned} + refunded {account.refunded} + in flight {account.in_flight} "
                f"+ unmatched {account.unmatched}"
                + (f"; difference {account.difference}" if account.difference else "")
            )
        odd = ledger.odd_ones()
        for subject, difference in odd:
            click.echo(f"{subject} does not add up: {difference:+d}")
        if not ledger.check():
            sys.exit(1)
        click.echo("It adds up.")
