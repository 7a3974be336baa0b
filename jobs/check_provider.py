"""The balance now and then; while eSIM Go does not answer or does not sell, whether it does again."""

from jobs.context import Context
from webapp.clients.esimgo.errors import AccessDenied
from webapp.clients.esimgo.payloads import Organisation
from webapp.esims import callbacks
from webapp.orders import quotes
from webapp.state import outages


def run(context: Context) -> None:
    if not outages.needs_a_look():
        return
    organisation = _organisation(context)
    balance = organisation.balance
    outages.balance_seen(balance)
    outages.currency_seen(organisation.currency, context.config.currency)
    callbacks.address_seen(organisation.callback_url)
    if outages.is_buying_in_doubt() and quotes.probe(context.esimgo):
        outages.purchase_worked()
        outages.funds_seen(balance)


def _organisation(context: Context) -> Organisation:
    try:
        organisation = context.esimgo.organisation()
    except AccessDenied as error:
        outages.key_accepted(refusal=str(error))
        raise
    outages.key_accepted()
    return organisation
