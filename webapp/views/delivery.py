"""How answers travel: public ones are checked by their tag, and texts are compressed."""

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
from flask import Flask, Response, current_app, request
from werkzeug.http import parse_accept_header

PUBLIC = "public, max-age=0, must-revalidate"
PERSONAL = "no-store"

TEXTS = {"text/html", "application/json", "text/csv", "image/svg+xml"}
SMALLEST = 600
"""Bytes; below, the headers weigh more than what is saved."""
BROTLI_QUALITY = 5
GZIP_LEVEL = 6


def register(app: Flask) -> None:
    # Browsers send one of a few headers, and reading one takes longer than a query.
    app.extensions["best encoding"] = lru_cache(maxsize=256)(_best)
    app.after_request(compress)
    app.after_request(tag)  # goes first: the tag is of the text, whatever way it travels


def tag(response: Response) -> Response:
    """304 for who has this very page already."""
    public = response.headers.get("Cache-Control") == PUBLIC
    if request.method == "GET" and response.status_code == 200 and public:
        if "ETag" not in response.headers:
            response.add_etag(weak=True)
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response


def varies(response: Response, *names: str) -> None:
    """By names that nobody else adds; Response.vary would take the header apart for each page."""
    there = response.headers.get("Vary")
    response.headers["Vary"] = ", ".join((there, *names) if there else names)


def compress(response: Response) -> Response:
    """A page about a customer, too: nobody can make a browser ask for it with somebody else's initData."""
    if response.mimetype not in TEXTS:
        return response
    if response.direct_passthrough or "Content-Encoding" in response.headers:
        return response
    varies(response, "Accept-Encoding")
    if response.status_code == 304:
        return response
    body = response.get_data()
    encoding = wanted()
    if encoding and len(body) >= SMALLEST:
        response.set_data(_compressed(body, encoding))
        response.headers["Content-Encoding"] = encoding
    return response


def wanted() -> str | None:
    """The encoding that whoever asks likes best of ours."""
    best: Callable[[str], str | None] = current_app.extensions["best encoding"]
    return best(request.headers.get("Accept-Encoding", ""))


def _best(accepted: str) -> str | None:
    return parse_accept_header(accepted).best_match(["br", "gzip"])


def _compressed(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
    return gzip.compress(body, GZIP_LEVEL, mtime=0)
