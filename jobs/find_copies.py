"""Before anything is done about what was paid for under an earlier leader: is the database a copy? What was
sold of which it does not know is rebuilt.
"""

from jobs.context import Context
from webapp.orders import copies, rebuilding


def run(context: Context) -> None:
    copies.compare(context.esimgo, context.leadership, context.config)
    rebuilding.rebuild(context.esimgo, context.leadership, context.config)
