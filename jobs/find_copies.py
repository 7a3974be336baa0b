"""Before anything is done about what was paid for under an earlier leader: is the database a copy? What was
sold of which it does not know is rebuilt, and whoever has deleted their data is forgotten again.

Rows of before are compared with eSIM Go's times by our clock, so that has to be known to be right.
"""

from jobs.context import Context
from webapp.customers import account
from webapp.orders import copies, rebuilding


def run(context: Context) -> None:
    account.forget_again(context.config)
    if not context.time.is_sure:
        return
    copies.compare(context.esimgo, context.leadership, context.config)
    rebuilding.rebuild(context.esimgo, context.leadership, context.config)
