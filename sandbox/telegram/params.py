"""The parameters of one Bot API call, whichever way they came: query, form, multipart or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.errors import bad_request


@dataclass(frozen=True)
class Upload:
    file_name: str
    content: bytes
    kind: str = "application/octet-stream"


class Params:
    """Typed reading; anything unreadable becomes Telegram's 400.

    Query and form carry text only, so numbers, booleans and nested objects may arrive as text
    (Bot API, "Making requests").
    """

    def __init__(self, values: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> None:
        self._values = values
        self._files = files or {}

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def upload(self, name: str) -> Upload | None:
        """The file sent under this name, also when the value points to it as attach://<part>."""
        value = self._values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            return self._files.get(value.removeprefix("attach://"))
        return self._files.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise bad_request(f'parameter "{name}" is required')
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        value = self._values.get(name, default)
        if value is None or value == "":
            raise bad_request(f'parameter "{name}" is required')
        try:
            return int(str(value))
        except ValueError:
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def boolean(self, name: str, default: bool = False) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        return str(value).strip().lower() in {"true", "1", "yes"}

    def nested(self, name: str) -> Any:
        """A JSON object or list, given as such or as text; None when absent."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f'can\'t parse "{name}" as JSON') from None
