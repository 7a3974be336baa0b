"""Where the money is: `flask --app wsgi ledger`; who is held: `customers held`, `customers release ID`."""

import sys

import click
from flask import Flask

from webapp.base.config import Config
from webapp.books import ledger
from webapp.models import Customer
from webapp.orders import limits


def register(app: Flask, _config: Config) -> None:
    @app.cli.command("ledger")
    def show_ledger() -> None:
        """Paid = delivered + returned + refunded + in flight; ends with 1 when it does not add up."""
        for account in ledger.accounts():
            click.echo(
                f"{account.currency}: paid {account.paid} = delivered {account.delivered} + returned "
                f"{account.returned} + refunded {account.refunded} + in flight {account.in_flight}"
                + (f"; difference {account.difference}" if account.difference else "")
            )
        odd = ledger.odd_ones()
        for subject, difference in odd:
            click.echo(f"{subject} does not add up: {difference:+d}")
        if not ledger.check():
            sys.exit(1)
        click.echo("It adds up.")

    group = click.Group("customers", help="Customers whose purchases are held.")
    app.cli.add_command(group)

    @group.command("held")
    def show_held() -> None:
        """List who waits for you, and why."""
        waiting = limits.held()
        if not waiting:
            click.echo("Nobody is held.")
        for customer in waiting:
            click.echo(
                f"{customer.telegram_user_id} {customer.first_name}: {customer.held_for}, "
                f"since {customer.held_at:%Y-%m-%d %H:%M} UTC"
            )

    @group.command("release")
    @click.argument("telegram_user_id", type=int)
    def release(telegram_user_id: int) -> None:
        """Let a customer buy again."""
        customer = Customer.get_or_none(Customer.telegram_user_id == telegram_user_id)
        if customer is None or not limits.release(customer):
            sys.exit(f"simka: {telegram_user_id} is not held; `flask --app wsgi customers held` lists who is")
        click.echo(f"{telegram_user_id} may buy again.")
