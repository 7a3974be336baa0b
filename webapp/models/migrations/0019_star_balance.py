"""A refund may wait for the balance of Stars that it is paid from."""

from typing import Any

from webapp.models.db import UtcField

NAMES = ("short_since", "expected_at")


def up(migrator: Any, db: Any) -> None:
    for name in NAMES:
        migrator.add_column("refund", name, UtcField(null=True)).run()


def down(migrator: Any, db: Any) -> None:
    for name in reversed(NAMES):
        migrator.drop_column("refund", name).run()
