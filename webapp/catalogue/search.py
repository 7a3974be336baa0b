"""Finding an area by what a person types."""

from webapp.catalogue.areas import AreaCard
from webapp.catalogue.spelling import normal


def search(cards: list[AreaCard], query: str) -> list[AreaCard]:
    """Areas whose code or whose name in any language fits, the best first."""
    wanted = normal(query)
    if not wanted:
        return []
    ranked = [(rank, card) for card in cards if (rank := _rank(card, wanted)) is not None]
    return [card for _, card in sorted(ranked, key=lambda pair: pair[0])]


def _rank(card: AreaCard, wanted: str) -> int | None:
    if normal(card.code) == wanted:
        return 0
    if any(name.startswith(wanted) for name in card.search_names):
        return 1
    if any(f" {wanted}" in name for name in card.search_names):
        return 2
    return 3 if len(wanted) > 2 and any(wanted in name for name in card.search_names) else None
