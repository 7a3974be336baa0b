"""Before anything is done about what was paid for under an earlier leader: is the database a copy?"""

from jobs.context import Context
from webapp.orders import copies


def run(context: Context) -> None:
    copies.compare(context.esimgo, context.leadership, context.config)
