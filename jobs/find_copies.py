"""Before anything is done about what was paid for under an earlier leader: is the database a copy? What was
sold of which it does not know is rebuilt, and whoever has deleted their data is forgotten again.
"""

from jobs.context import Context
from webapp.customers import account
from webapp.orders import copies, rebuilding


def run(context: Context) -> None:
    account.forget_again(context.config)
    copies.compare(context.esimgo, context.leadership, context.config)
    rebuilding.rebuild(context.esimgo, context.leadership, context.config)
