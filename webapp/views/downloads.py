"""The QR code as a file. Telegram downloads it without any header of ours, so the link itself is signed:
for this purpose, for ten minutes, and for nothing else.
"""

import hashlib
import hmac

from flask import Blueprint, Response
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from werkzeug.exceptions import NotFound

from webapp.base import clock, qr
from webapp.base.config import Config
from webapp.models import Esim
from webapp.views import delivery, page
from webapp.views.wiring import shop

blueprint = Blueprint("downloads", __name__)

VALID_S = 600
STEP_S = 60


class _Signer(TimestampSigner):
    """By our clock, in steps: a page that has not changed has the same links as a moment ago."""

    def get_timestamp(self) -> int:
        return int(clock.timestamp()) // STEP_S * STEP_S


def _serializer(config: Config) -> URLSafeTimedSerializer:
    token = config.telegram_bot_token.encode()
    secret = config.secret_key or hmac.new(b"links", token, hashlib.sha256).hexdigest()
    return URLSafeTimedSerializer(secret, salt="qr-download", signer=_Signer)


def qr_link(esim: Esim) -> str:
    """An address at which this eSIM's QR code can be fetched for ten minutes."""
    return page.link("downloads.qr_code", signed=_serializer(shop().config).dumps(esim.reference))


@blueprint.app_context_processor
def links() -> dict[str, object]:
    return {"qr_link": qr_link}


@blueprint.get("/qr/<signed>")
def qr_code(signed: str) -> Response:
    try:
        reference = _serializer(shop().config).loads(signed, max_age=VALID_S)
    except BadSignature:
        raise NotFound from None
    esim = Esim.get_or_none(Esim.reference == reference)
    if esim is None:
        raise NotFound
    response = Response(qr.png(esim.activation_code), mimetype="image/png")
    response.headers["Content-Disposition"] = f'attachment; filename="esim-{esim.order.country_code}.png"'
    response.headers["Access-Control-Allow-Origin"] = "https://web.telegram.org"
    response.headers["Cache-Control"] = delivery.PERSONAL
    return response
