"""Which plans fit an eSIM: asked by a page that somebody looks at, answered by eSIM Go."""

from jobs.context import Context
from webapp.orders import topups


def run(context: Context) -> None:
    topups.answer(context.esimgo)
