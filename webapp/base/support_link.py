"""How a customer reaches a person: SUPPORT_URL, with the number of their order written into the message.

A link, because a person answers from their own Telegram account (or from the page of a help desk): nothing is
relayed, so nothing can be lost between the two.
"""

from urllib.parse import quote, urlsplit

from webapp.base.config import Config
from webapp.base.i18n import gettext as _


def link(config: Config, reference: str = "") -> str | None:
    """Opens the talk with support, on t.me with a draft that names the order. None without SUPPORT_URL."""
    if config.support_url is None:
        return None
    if not reference or urlsplit(config.support_url).hostname != "t.me":
        return config.support_url
    draft = _("Order %(reference)s: ") % {"reference": reference}
    return f"{config.support_url}?text={quote(draft)}"
