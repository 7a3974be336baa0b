"""The balance now and then; while eSIM Go does not answer or does not sell, whether it does again."""

from jobs.context import Context
from webapp.base import clock
from webapp.clients.esimgo.errors import AccessDenied
from webapp.clients.esimgo.payloads import Organisation
from webapp.esims import callbacks
from webapp.models.db import transaction
from webapp.orders import quotes
from webapp.state import provider


def run(context: Context) -> None:
    if not provider.needs_a_look():
        return
    asked_at = clock.now()
    organisation = _organisation(context)
    balance = organisation.balance
    with transaction():
        provider.currency_seen(organisation.currency, context.config.currency)
        provider.balance_seen(balance, asked_at)
    callbacks.address_seen(organisation.callback_url)
    if provider.is_buying_in_doubt() and quotes.probe(context.esimgo):
        provider.purchase_worked()
        provider.funds_seen(balance)


def _organisation(context: Context) -> Organisation:
    try:
        organisation = context.esimgo.organisation()
    except AccessDenied as error:
        provider.key_accepted(refusal=str(error))
        raise
    provider.key_accepted()
    return organisation
