"""One URL, two forms: the whole page, or the fragment of it that htmx asked for.

A page `section/page.html` includes the very file `section/_page.html` that its fragment renders.
"""

import hashlib
import secrets
from contextlib import ExitStack
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, make_response, render_template, request, url_for
from htmx_flask import Htmx

from webapp import catalogue, esims
from webapp.base import clock, i18n, money
from webapp.base.config import Config
from webapp.base.logs import request_id
from webapp.models import db
from webapp.state import outages
from webapp.views.assets import Assets
from webapp.views.delivery import PERSONAL, PUBLIC, varies
from webapp.views.devices import Device
from webapp.views.wiring import shop

# Telegram's script adds an empty <style> when it runs in a frame.
_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


def wants_fragment() -> bool:
    return (
        bool(request.htmx)  # type: ignore[attr-defined] # added by htmx-flask
        and request.headers.get("HX-Request-Type") != "full"
        and not is_swapped()
    )


def is_swapped() -> bool:
    """Does htmx put the body of this page into one that is there already? Then it needs no stylesheet."""
    return "HX-Boosted" in request.headers or "HX-History-Restore-Request" in request.headers


def render(name: str, *, status: int = 200, cache_control: str = PUBLIC, **values: Any) -> Response:
    """The page `section/page`, or its fragment when htmx asked for one."""
    section, _, part = name.rpartition("/")
    template = f"{section}/_{part}.html" if wants_fragment() else f"{section}/{part}.html"
    response = make_response(render_template(template, **values), status)
    response.headers["Cache-Control"] = cache_control
    return response


def personal(name: str, *, status: int = 200, **values: Any) -> Response:
    return render(name, status=status, cache_control=PERSONAL, **values)


def with_etag(response: Response) -> Response:
    """Answer an unchanged poll without a body (hx-ptag): the tag is a digest of what would be shown."""
    tag = hashlib.sha256(response.get_data()).hexdigest()[:16]
    if request.headers.get("HX-PTag") == tag:
        return unchanged(tag)
    response.headers["HX-PTag"] = tag
    return response


def unchanged(tag: str) -> Response:
    response = make_response("", 304)
    response.headers["Cache-Control"] = PERSONAL
    response.headers["HX-PTag"] = tag
    return response


def this_phone() -> Device:
    return shop().device(request.headers.get("User-Agent", ""))


def _outages() -> outages.Outages:
    """Asked for once in a request, however many parts of a page show them."""
    if "outages" not in g:
        g.outages = outages.now()
    found: outages.Outages = g.outages
    return found


def link(endpoint: str, **values: Any) -> str:
    """An address in the shop that keeps the language in hand, once it was asked for by `?lang=`."""
    if "lang" in request.args or g.get("customer"):
        values.setdefault("lang", i18n.language())
    return url_for(endpoint, **values)


def this_address() -> str:
    """Where this page lies, in this shop: of a path like //example.com a browser would make another host."""
    path = "/" + quote(request.path.lstrip("/"))
    query = request.query_string.decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def register(app: Flask, config: Config, assets: Assets) -> None:
    Htmx(app)
    _template_globals(app, config, assets)
    security_headers = (
        ("Content-Security-Policy", _content_security_policy(config, assets)),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    )

    @app.before_request
    def begin() -> None:
        request_id.set(secrets.token_hex(6))
        db.keep_connection()
        accepted = request.headers.get("Accept-Language", "")
        code = i18n.supported(request.args.get("lang")) or i18n.best(accepted, config.default_language)
        use_language(code)

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id.get()
        response.headers.extend(security_headers)
        varies(response, "HX-Request", "HX-Request-Type", "HX-Boosted", "Accept-Language")
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "speaking" in g:
            g.speaking.close()


def _template_globals(app: Flask, config: Config, assets: Assets) -> None:
    """What every template may say."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.address,
        catalogue=catalogue,
        config=config,
        is_swapped=is_swapped,
        i18n=i18n,
        is_on_phone=esims.is_on_phone,
        link=link,
        as_date=date.fromisoformat,
        plain_number=money.plain_number,
        money_text=lambda price, currency: money.money_text(price, currency, i18n.language()),
        now=clock.now,
        is_catalogue_stale=lambda: outages.is_catalogue_stale(config.catalogue_ttl_s),
        outages=_outages,
        this_address=this_address,
        this_phone=this_phone,
        qr_uri=app.extensions["shop"].qr_uri,
        build=assets.build,
        stylesheet=assets.stylesheet,
    )


def use_language(code: str) -> None:
    """From here on this request is answered in `code`."""
    stack: ExitStack = g.setdefault("speaking", ExitStack())
    stack.enter_context(i18n.speaking(code))


def _content_security_policy(config: Config, assets: Assets) -> str:
    sandbox = f" {config.telegram_sandbox_url}" if config.telegram_sandbox_url else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{sandbox}",
            f"style-src {assets.stylesheet_digest} {_EMPTY_STYLE}",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors https://web.telegram.org{sandbox}",
        )
    )
