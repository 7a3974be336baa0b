"""How late it is, is noted for the next boot."""

from jobs.context import Context
from webapp.state import shop_time


def run(_context: Context) -> None:
    shop_time.reach()
