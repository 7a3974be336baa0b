"""Clients that answer what a test has written down for them, without a network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from webapp.clients.esimgo.client import ESIMGoClient
from webapp.clients.esimgo.endpoints.esims import FilterBy
from webapp.clients.esimgo.errors import NotThere
from webapp.clients.esimgo.payloads import (
    EsimBundle,
    EsimDetails,
    EsimPage,
    EsimRow,
    InstallData,
    OrderQuote,
    OrderWindow,
    Organisation,
    ProviderOrder,
    RefundTo,
    Revoked,
)
from webapp.clients.http import OnSent
from webapp.clients.telegram.botapi import BotApi, Json
from webapp.clients.telegram.updates import StarAmount, StarPage, User, WebhookInfo, star_page

Answer = TypeVar("Answer")

NO_ERRORS = WebhookInfo.model_validate({})


def said(answer: Answer | Exception) -> Answer:
    if isinstance(answer, Exception):
        raise answer
    return answer


class Provider(ESIMGoClient):
    """eSIM Go. Every purchase takes the next of `answers`; `meanwhile` runs while one is under way."""

    def __init__(self, *answers: ProviderOrder | Exception) -> None:
        self.answers = list(answers)
        self.bought: list[str] = []
        self.topped_up: list[str | None] = []
        self.fitting: set[str] | Exception = set()
        self.meanwhile: Callable[[], object] = lambda: None
        self.window: OrderWindow | Exception = OrderWindow((), None, True)
        self.spans: list[tuple[datetime, datetime]] = []
        self.status: ProviderOrder | Exception | None = None
        self.installs: list[InstallData] | Exception = []
        self.quote: OrderQuote | Exception = OrderQuote.model_validate({"valid": True, "total": 4.2})
        self.asked_about: list[str] = []
        self.details: EsimDetails | Exception | None = None
        self.bundles: list[EsimBundle] | Exception = []
        self.labels: list[tuple[str, str]] = []
        self.labelled: dict[str, str] = {}
        self.account: Organisation | Exception | None = None
        self.revoked: list[tuple[str, str, str | None]] = []
        self.revoking: list[Exception] = []

    def create_order(
        self,
        bundle: str,
        *,
        iccid: str | None = None,
        on_sent: OnSent | None = None,
        begin_by: float | None = None,
    ) -> ProviderOrder:
        self.bought.append(bundle)
        self.topped_up.append(iccid)
        if on_sent is not None:
            on_sent()
        self.meanwhile()
        return said(self.answers.pop(0))

    def list_orders(self, since: datetime, until: datetime) -> OrderWindow:
        self.spans.append((since, until))
        return said(self.window)

    def validate_order(self, bundle: str, iccid: str | None = None) -> OrderQuote:
        self.asked_about.append(bundle)
        return said(self.quote)

    def compatible(self, iccid: str, bundle: str) -> bool:
        self.asked_about.append(bundle)
        return bundle in said(self.fitting)

    def get_order_status(self, order_id: str) -> ProviderOrder:
        assert self.status is not None
        return said(self.status)

    def assignments(self, reference: str) -> list[InstallData]:
        return said(self.installs)

    def organisation(self) -> Organisation:
        assert self.account is not None
        return said(self.account)

    def esim(self, iccid: str) -> EsimDetails:
        return said(self.details or NotThere("no such eSIM"))

    def esim_bundles(self, iccid: str, include_used: bool = True) -> list[EsimBundle]:
        return said(self.bundles)

    def revoke(
        self, iccid: str, bundle: str, assignment: str | None = None, *, refund_to: RefundTo = "balance"
    ) -> Revoked:
        self.revoked.append((iccid, bundle, assignment))
        answer = self.revoking.pop(0) if self.revoking else None
        return said(answer or Revoked.model_validate({"status": "Bundle has been refunded to balance"}))

    def esim_pages(
        self, per_page: int = 100, *, filter_by: FilterBy | None = None, filter_for: str = ""
    ) -> Iterator[EsimPage]:
        """`labelled`: what is written on eSIMs, by ICCID."""
        rows = [
            EsimRow.model_validate({"iccid": iccid, "customerRef": label})
            for iccid, label in self.labelled.items()
        ]
        yield EsimPage(tuple(rows), 1, len(rows), 0)

    def set_customer_reference(self, iccid: str, reference: str) -> None:
        self.labels.append((iccid, reference))


class Bot(BotApi):
    """Telegram. `mood(method)` may raise before anything is written down as done."""

    def __init__(self) -> None:
        self.mood: Callable[[str], object] = lambda method: None
        self.messages: list[tuple[int, str, Json | None]] = []
        self.photos: list[tuple[int, bytes, str, Json | None]] = []
        self.documents: list[tuple[int, str, bytes, str]] = []
        self.refunds: list[tuple[int, str]] = []
        self.invoices: list[dict[str, Any]] = []
        self.tried: list[str] = []
        self.quiet = 0
        self.webhook = NO_ERRORS
        self.menu_button = ""
        self.commands: dict[str | None, dict[str, str]] = {}
        self.transactions: list[Json] = []
        self.stars = 10**6

    def send_message(
        self, chat_id: int, text: str, reply_markup: Json | None = None, *, silent: bool = False
    ) -> int:
        self._try("sendMessage")
        self.messages.append((chat_id, text, reply_markup))
        self.quiet += silent
        return len(self.messages)

    def get_webhook_info(self) -> WebhookInfo:
        self._try("getWebhookInfo")
        return self.webhook

    def send_chat_action(self, chat_id: int) -> None:
        self._try("sendChatAction")

    def get_chat_menu_button(self) -> str:
        self._try("getChatMenuButton")
        return self.menu_button

    def get_my_commands(self, language_code: str | None = None) -> dict[str, str]:
        self._try("getMyCommands")
        return self.commands.get(language_code, {})

    def set_webhook(self, url: str, secret: str, allowed_updates: Sequence[str]) -> None:
        self._try("setWebhook")
        known = {"url": url, "allowed_updates": list(allowed_updates)}
        self.webhook = WebhookInfo.model_validate(known)

    def set_my_commands(self, commands: Mapping[str, str], language_code: str | None = None) -> None:
        self._try("setMyCommands")
        self.commands[language_code] = dict(commands)

    def set_chat_menu_button(self, text: str, url: str) -> None:
        self._try("setChatMenuButton")
        self.menu_button = url

    def send_photo(self, chat_id: int, png: bytes, caption: str, reply_markup: Json | None = None) -> int:
        self._try("sendPhoto")
        self.photos.append((chat_id, png, caption, reply_markup))
        return len(self.photos)

    def send_document(self, chat_id: int, name: str, content: bytes, kind: str, caption: str) -> int:
        self._try("sendDocument")
        self.documents.append((chat_id, name, content, kind))
        return len(self.documents)

    def get_me(self) -> User:
        self._try("getMe")
        return User(id=1, is_bot=True)

    def get_star_transactions(self, offset: int = 0, limit: int = 100) -> StarPage:
        self._try("getStarTransactions")
        page = self.transactions[offset : offset + limit]
        return star_page({"transactions": page})

    def get_my_star_balance(self) -> StarAmount:
        self._try("getMyStarBalance")
        return StarAmount(amount=self.stars)

    def refund_star_payment(self, user_id: int, charge_id: str) -> None:
        self._try("refundStarPayment")
        self.refunds.append((user_id, charge_id))

    def create_invoice_link(self, title: str, description: str, payload: str, stars: int) -> str:
        self._try("createInvoiceLink")
        self.invoices.append({"title": title, "description": description, "payload": payload, "stars": stars})
        return f"https://t.example/invoice/{payload}"

    def _try(self, method: str) -> None:
        self.tried.append(method)
        self.mood(method)


def always(error: Exception) -> Callable[[str], object]:
    def refuse(_method: str) -> object:
        raise error

    return refuse
