"""Where eSIM Go and Telegram knock. Acknowledged only after what they said is committed."""

import hmac

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, Unauthorized

from webapp.clients.telegram.updates import parse_update
from webapp.esims import callbacks
from webapp.orders import quotes, telegram_updates
from webapp.views import measuring
from webapp.views.api_models import BotCall, Callback, Received, TelegramUpdate
from webapp.views.openapi import Operation, described
from webapp.views.wiring import shop

blueprint = Blueprint("webhooks", __name__)


@blueprint.post("/api/esimgo/webhook")
@described(
    Operation(
        summary="eSIM Go tells that something happened to an eSIM",
        answer=Received,
        body=Callback,
        security="esimgo",
        errors={401: ("unauthorized",), 413: ("too_large",)},
    )
)
def esimgo() -> Response:
    """eSIM Go API, callback V3: signed with the API key over the raw body."""
    raw = _body(callbacks.MAX_BYTES)
    if not callbacks.receive(raw, request.headers.get("X-Signature-SHA256"), shop().config, shop().funnel):
        raise Unauthorized
    return jsonify(status="ok")


@blueprint.post("/api/telegram/webhook")
@described(
    Operation(
        summary="Telegram tells what a customer did",
        answer=BotCall,
        body=TelegramUpdate,
        security="telegram",
        errors={400: ("bad_request",), 401: ("unauthorized",), 413: ("too_large",)},
    )
)
def telegram() -> Response:
    """Bot API setWebhook: the secret header proves the sender, the response may carry a method call."""
    secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not hmac.compare_digest(secret.encode(), shop().config.telegram_webhook_secret.encode()):
        raise Unauthorized
    update = parse_update(_body(telegram_updates.MAX_BYTES))
    if update is None:
        raise BadRequest
    if update.pre_checkout_query is not None:
        reference = update.pre_checkout_query.invoice_payload
        quotes.wait_for_verdict(reference, shop().config, shop().verdict_waits)
    answer = telegram_updates.receive(update, shop().config) or {}
    measuring.pre_checkout(answer)
    return jsonify(answer)


def _body(limit: int) -> bytes:
    raw = request.get_data(cache=False)
    if len(raw) > limit:
        raise RequestEntityTooLarge
    return raw
