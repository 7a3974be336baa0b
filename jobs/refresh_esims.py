"""Delivered eSIMs are followed at the provider, each as often as it needs."""

from jobs.context import Context
from webapp import esims
from webapp.clients.esimgo.errors import EsimGoError, NotThere, TryLater, Unavailable

MOST_FAILURES = 5


def run(context: Context) -> None:
    failures = 0
    for esim in esims.due():
        try:
            esims.refresh(esim, context.esimgo)
        except (TryLater, Unavailable) as error:
            esims.postpone(esim, error)
            raise  # eSIM Go does not answer: asking about the others is no use now
        except NotThere as error:
            esims.postpone(esim, error)  # eSIM Go does answer, and knows others
        except EsimGoError as error:
            esims.postpone(esim, error)
            failures += 1
            if failures == MOST_FAILURES:
                raise  # it is not the eSIM: perhaps the key
        except Exception as error:
            esims.postpone(esim, EsimGoError(str(error)))
            raise  # an error of ours: it is logged, and this eSIM does not hold up the others
        else:
            failures = 0
