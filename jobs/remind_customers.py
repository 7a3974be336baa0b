"""What time alone has made news is told: a plan that ends, an eSIM that nobody has installed."""

from jobs.context import Context
from webapp import esims


def run(_context: Context) -> None:
    esims.remind()
