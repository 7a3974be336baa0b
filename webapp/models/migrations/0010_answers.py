"""Which order an intent was answered with, when that is not what was asked for."""

from typing import Any

from peewee import *


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("submission", "answered_as", CharField(null=True)))


def down(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.drop_column("submission", "answered_as"))
