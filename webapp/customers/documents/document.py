"""A file in memory."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Document:
    """`kind` is its media type."""

    name: str
    kind: str
    content: bytes = field(repr=False)
