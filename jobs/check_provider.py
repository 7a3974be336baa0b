"""The balance now and then; while eSIM Go does not answer or does not sell, whether it does again."""

from jobs.context import Context
from webapp import callbacks, outages, quotes


def run(context: Context) -> None:
    if not outages.needs_a_look():
        return
    organisation = context.esimgo.organisation()
    balance = organisation.balance
    outages.balance_seen(balance)
    outages.currency_seen(organisation.currency, context.config.currency)
    callbacks.address_seen(organisation.callback_url)
    if outages.is_buying_in_doubt() and quotes.probe(context.esimgo):
        outages.purchase_worked()
        outages.funds_seen(balance)
