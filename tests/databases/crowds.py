"""Very many orders at once, for what has to stay quick: the rows of one real order, again and again."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from webapp.base import clock
from webapp.models import Order, db
from webapp.models.references import new_reference

Change = Callable[[int], dict[str, Any]]


def crowd(count: int, days: int = 730, change: Change = lambda _number: {}) -> None:
    """`count` copies of the only order there is, bought evenly over the last `days`; `change(number)` says
    what is different about one.
    """
    pattern: dict[str, Any] = Order.get().__data__.copy()
    del pattern["id"]
    names = list(pattern)
    rows = [_values(names, pattern | _own(number, count, days) | change(number)) for number in range(count)]
    _insert(Order._meta.table_name, [Order._meta.fields[name].column_name for name in names], rows)


def _own(number: int, count: int, days: int) -> dict[str, Any]:
    at = clock.now() - timedelta(days=days) * (1 - number / count)
    return {"reference": new_reference(), "created_at": at, "paid_at": at, "deadline_at": at}


def _values(names: Sequence[str], row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(Order._meta.fields[name].db_value(row[name]) for name in names)


def _insert(table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    connection = db.database.connection()
    listed = ", ".join(columns)
    if db.database.for_update:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" for _ in columns)
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)
    connection.commit()
