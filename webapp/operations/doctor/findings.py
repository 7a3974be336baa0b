"""What a check has found: a code and the values in its sentence. The words are in words.py."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

State = Literal["ok", "doubtful", "wrong"]
"""`wrong` must be put right before anybody buys; `doubtful` is for a person to judge."""


class Finding(NamedTuple):
    code: str
    values: Mapping[str, str] = {}

    def plain(self) -> list[Any]:
        """As JSON, for whoever reads it in another process."""
        return [self.code, dict(self.values)]


def finding(code: str, **values: object) -> Finding:
    return Finding(code, {name: str(value) for name, value in values.items()})
