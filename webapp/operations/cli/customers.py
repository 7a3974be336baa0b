"""Whose purchases are held: `flask --app wsgi customers held`, `find`, `release`."""

import re
import sys

import click
from flask import Flask

from webapp.base.config import Config
from webapp.models import AbuseCounter
from webapp.orders import limits

_NUMBER = re.compile("[0-9]{1,18}", re.ASCII)


def register(app: Flask, _config: Config) -> None:
    group = click.Group("customers", help="Customers whose purchases are held.")
    app.cli.add_command(group)

    @group.command("held")
    def show_held() -> None:
        """List who waits for you, and why."""
        waiting = limits.held()
        if not waiting:
            click.echo("Nobody is held.")
        for hold in waiting:
            click.echo(_told(hold))

    @group.command("find")
    @click.argument("telegram_user_id", type=int)
    def find(telegram_user_id: int) -> None:
        """What is kept against a Telegram number, also after its owner has deleted their data."""
        hold = limits.hold_on(telegram_user_id)
        click.echo(f"{telegram_user_id} is not held." if hold is None else _told(hold))
        click.echo(f"Charges taken back in three years: {limits.chargebacks(telegram_user_id)}.")

    @group.command("release")
    @click.argument("who")
    def release(who: str) -> None:
        """Let a customer buy again: by the Telegram number, or by the name of the hold."""
        hold = limits.hold_on(int(who)) if _NUMBER.fullmatch(who) else limits.hold_named(who)
        if hold is None or not limits.release(hold):
            sys.exit(f"simka: {who} is not held; `flask --app wsgi customers held` lists who is")
        click.echo(f"{who} may buy again.")


def _told(hold: AbuseCounter) -> str:
    who = hold.customer
    name = "data deleted" if who is None else f"{who.telegram_user_id} {who.first_name}"
    return f"{hold.name} {name}: {hold.reason}, since {hold.at:%Y-%m-%d %H:%M} UTC"
