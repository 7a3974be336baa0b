"""`flask --app wsgi backup FILE`, `flask --app wsgi restore FILE`."""

import sys
from pathlib import Path

import click
from flask import Flask

from webapp.base.config import Config
from webapp.operations import backups
from webapp.operations.backups import BackupRefused

FILE = click.Path(dir_okay=False, path_type=Path)


def register(app: Flask, config: Config) -> None:
    @app.cli.command("backup")
    @click.argument("file", type=FILE)
    def backup(file: Path) -> None:
        """Copy the database to FILE while the shop goes on selling."""
        try:
            backups.save(config.database_url, file)
        except BackupRefused as refused:
            sys.exit(f"simka: {refused}")
        click.echo(f"Copied to {file}, {file.stat().st_size / 1e6:.1f} MB.")

    @app.cli.command("restore")
    @click.argument("file", type=FILE)
    def restore(file: Path) -> None:
        """Bring FILE back into the empty database that DATABASE_URL names; stop web and jobs before."""
        try:
            count = backups.restore(config.database_url, file, config)
        except BackupRefused as refused:
            sys.exit(f"simka: {refused}")
        click.echo(
            f"{count} orders are back. Start web and jobs: what was open is looked up, not bought again."
        )
