"""One spelling for what people and the provider write in many ways."""

import re
import unicodedata


def normal(text: str) -> str:
    """Lower case without accents: "Côte d'Ivoire" and "cote d ivoire" are the same."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[^\w]+", " ", plain).strip()


def area_code(iso: str) -> str:
    """The area as it stands in URLs: "TR" is tr, the pseudo-country "Europe Lite" is europe-lite."""
    return re.sub(r"[^a-z0-9]+", "-", iso.lower()).strip("-") or "unknown"
