"""`flask --app wsgi move-to-postgres`, which `make move-to-postgres` calls."""

import sys

import click
from flask import Flask

from webapp.base import clock
from webapp.base.config import Config
from webapp.operations import to_postgres
from webapp.operations.to_postgres import MoveRefused


def register(app: Flask, config: Config) -> None:
    @app.cli.command("move-to-postgres")
    @click.option(
        "--to",
        prompt="postgresql:// address of the new, empty database (not shown)",
        hide_input=True,
        help="Where to; asked for when it is not given, because a command line is seen by everybody.",
    )
    def move(to: str) -> None:
        """Move all rows from the SQLite database of DATABASE_URL; stop web and jobs before."""
        began = clock.monotonic()
        try:
            moved = to_postgres.move(config.database_url, to)
        except MoveRefused as refused:
            sys.exit(f"simka: {refused}")
        click.echo(
            f"{sum(moved.rows.values())} rows of {len(moved.rows)} tables were copied "
            f"({moved.copied_s:.1f} s) and compared one by one ({moved.compared_s:.1f} s).\n"
            f"Nobody could write for {clock.monotonic() - began:.1f} s. Set DATABASE_URL to the new address "
            "everywhere, and start web and jobs."
        )
