"""What eSIM Go has said of our account with it."""

from peewee import BigIntegerField

from webapp.models.db import Row, UtcField


class ProviderBalance(Row):
    """One row. `amount` in thousandths; purchases after `told_at` may not be in it yet. `seen_at`: when it
    was asked for; `wanted_at`: when somebody last wanted it asked for again.
    """

    amount = BigIntegerField(null=True)
    told_at = UtcField(null=True)
    seen_at = UtcField(null=True)
    wanted_at = UtcField(null=True)

    class Meta:
        table_name = "provider_balance"
