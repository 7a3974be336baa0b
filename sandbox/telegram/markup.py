"""Message text: the HTML parse mode becomes plain text and entities, as Telegram stores it."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from sandbox.telegram.errors import bad_request

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
_TOKEN = re.compile(r"<(/?)([a-zA-Z][\w-]*)([^<>]*)>|<|[^<]+")
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""")
_FOUND_IN_TEXT = re.compile(r"(?P<bot_command>(?<!\S)/\w{1,32})|(?P<url>https?://[^\s<>\"]+)")


def utf16_length(text: str) -> int:
    """Telegram counts entity offsets in UTF-16 code units (Bot API, MessageEntity)."""
    return len(text.encode("utf-16-le")) // 2


def parse(text: str, parse_mode: str) -> tuple[str, list[dict[str, Any]]]:
    """Plain text and its entities. Raises Refused for HTML that Telegram would not take."""
    if not parse_mode:
        return text, _found_in(text)
    if parse_mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    reader = _HtmlReader()
    for token in _TOKEN.finditer(text):
        reader.take(token)
    return reader.finish()


def _found_in(text: str) -> list[dict[str, Any]]:
    return [
        {
            "type": str(hit.lastgroup),
            "offset": utf16_length(text[: hit.start()]),
            "length": utf16_length(hit.group()),
        }
        for hit in _FOUND_IN_TEXT.finditer(text)
    ]


@dataclass
class _HtmlReader:
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    open_tags: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def take(self, token: re.Match[str]) -> None:
        closing, name, attributes = token.group(1), token.group(2), token.group(3)
        if name is None:
            self._plain(token)
        elif closing:
            self._close(name.lower(), token.start())
        else:
            self._open(name.lower(), attributes, token.start())

    def finish(self) -> tuple[str, list[dict[str, Any]]]:
        if self.open_tags:
            raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag "
                              f'"{self.open_tags[-1][0]}"')  # fmt: skip
        entities = [entity for entity in self.entities if entity["length"]]
        return self.text, sorted([*entities, *_found_in(self.text)], key=lambda entity: entity["offset"])

    def _plain(self, token: re.Match[str]) -> None:
        if token.group() == "<":
            raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {token.start()}")
        self.text += unescape(token.group())

    def _open(self, name: str, attributes: str, at: int) -> None:
        if name not in _TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}')
        entity: dict[str, Any] = {"type": _TAGS[name], "offset": utf16_length(self.text), "length": 0}
        if name == "a" and (link := _HREF.search(attributes)):
            entity["url"] = unescape(link.group(1))
        self.entities.append(entity)
        self.open_tags.append((name, entity))

    def _close(self, name: str, at: int) -> None:
        if not self.open_tags or self.open_tags[-1][0] != name:
            raise bad_request(f"can't parse entities: Unmatched end tag at byte offset {at}")
        _, entity = self.open_tags.pop()
        entity["length"] = utf16_length(self.text) - entity["offset"]
