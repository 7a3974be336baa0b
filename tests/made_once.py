"""What is made once for all the apps of a worker, not once for each: they all have the same, and making it
takes longer than most tests.
"""

from functools import cache, lru_cache
from operator import itemgetter
from types import CodeType
from typing import Any, ClassVar

import rjsmin
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Map, Rule

from webapp.catalogue import gazetteer, search
from webapp.catalogue.gazetteer import Gazetteer, Term
from webapp.catalogue.terms import Index

KEPT = 32
"""Indexes of what is sold; a few megabytes each."""


class Compiled(BytecodeCache):
    """Templates."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.code


class Route(Rule):
    """Werkzeug writes two functions for each, and that is three quarters of what it costs to make an app."""

    _known: ClassVar[dict[str, dict[str, Any]]] = {}

    def bind(self, map: Map, rebind: bool = False) -> None:
        said = repr(sorted(vars(self).items(), key=itemgetter(0)))
        if said not in self._known:
            super().bind(map, rebind)
            self._known[said] = vars(self).copy()
        vars(self).update(self._known[said], map=map)


_read = gazetteer.read


@cache
def names_of_the_world() -> Gazetteer:
    return _read()


@lru_cache(KEPT)
def index(terms: tuple[Term, ...], codes: tuple[tuple[str, str], ...]) -> Index:
    """What a search makes of these names and of what is sold."""
    return Index(terms, dict(codes))


def share() -> None:
    """From now on, in this process."""
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    Flask.url_rule_class = Route
    gazetteer.read = names_of_the_world
    setattr(search, "Index", lambda terms, codes: index(terms, tuple(codes.items())))  # noqa: B010 - a class
    rjsmin.jsmin = cache(rjsmin.jsmin)
