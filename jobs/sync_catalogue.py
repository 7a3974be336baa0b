"""The catalogue is read again when it has grown old; eSIM Go's terms forbid constant polling."""

from jobs.context import Context
from webapp import catalogue

ROWS_A_PAGE = 500


def run(context: Context) -> None:
    if catalogue.is_due(context.config):
        catalogue.sync(context.esimgo.catalogue_pages(ROWS_A_PAGE), context.config)
