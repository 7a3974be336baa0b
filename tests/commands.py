"""The commands that the documents name, and the places in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from webapp.base.config import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "README.ru.md", *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
COMMAND = re.compile(
    r"(?:^|\s|/)(make|flask|pytest|python -m (?:jobs|pytest|tests\S*))(?=\s|$)\s*([^\n#&|;`]*)"
)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Command(NamedTuple):
    page: str
    program: str
    words: tuple[str, ...]


def commands(page: Path) -> Iterator[Command]:
    """In fences and in line: `make x`, `flask --app wsgi x`, `python -m jobs x`, `pytest x`."""
    text = page.read_text()
    for piece in (*FENCE.findall(text), *CODE.findall(" ".join(FENCE.sub("", text).split()))):
        for line in piece.splitlines():
            for program, rest in COMMAND.findall(line):
                yield Command(page.name, program, tuple(rest.split()))


def headings(page: Path) -> list[tuple[int, str]]:
    return [(len(marks), text) for marks, text in HEADING.findall(FENCE.sub("", page.read_text()))]


def anchors(page: Path) -> set[str]:
    """As the pages' readers make them of headings."""
    kept = (re.sub(r"[^\w\s-]", "", text.lower()) for _level, text in headings(page))
    return {re.sub(r"\s", "-", text.strip()) for text in kept}


def links(page: Path) -> list[str]:
    """Those to files and places of this project."""
    found = LINK.findall(FENCE.sub("", page.read_text()))
    return [link for link in found if not re.match(r"\w+:", link)]


def fences(page: Path) -> list[str]:
    """Without what stands behind a #, which is in the language of the page."""
    return [re.sub(r"\s*#.*", "", block) for block in FENCE.findall(page.read_text())]
