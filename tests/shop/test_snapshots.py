"""Every message and e-mail, word for word, in both languages: tests/snapshots/ is there to be read.

`pytest tests/shop/test_snapshots.py --rewrite` writes the files anew; what has changed is then in the diff.
"""

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.settings import changed
from tests.shop.factories import make_customer, make_esim, make_order, make_top_up, told
from tests.shop.test_translations import english
from webapp.base.config import ROOT, Config
from webapp.base.i18n import LANGUAGES, speaking
from webapp.customers import chat, notifications
from webapp.models import Assignment, EmailAddress, Esim, Notification, Order, Payment, Refund, Setting

pytestmark = pytest.mark.usefixtures("database")

SNAPSHOTS = ROOT / "tests/snapshots"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TOLD = {kind: about for kind, about in notifications.KINDS.items() if about.group}
STAGES = {"paid": "paid", "failed": "failed", "refunded": "failed", "ready": "ready"}
MAILED = [kind for kind, about in TOLD.items() if about.mailed] + ["code"]
COMMANDS = ("start", "help", "language", "paysupport", "privacy", "terms", "what?")
ASKED_AT = ("paid", "ready", "failed")
OF_TOP_UPS = ("paid", "failed", "refunded", "topped_up", "activated", "used_80")


@pytest.fixture
def same(request: pytest.FixtureRequest) -> Any:
    """Compares with the file of that name, or writes it when it is asked to."""
    rewrite = request.config.getoption("--rewrite")

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / f"{name}.txt"
        if rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run with --rewrite, and read what it has written"
        assert text == path.read_text(encoding="utf-8")

    return compare


def fixed(order: Order) -> Order:
    """With names and moments that are the same each time."""
    Order.update(reference="ORDER-1", paid_at=NOON, deadline_at=NOON + timedelta(minutes=15)).where(
        Order.id == order.id
    ).execute()
    Payment.update(charge_id="CHARGE-1", created_at=NOON).where(Payment.order == order).execute()
    Refund.update(state="done", done_at=NOON + timedelta(minutes=16)).execute()
    left = {"remaining_bytes": 600_000_000, "ends_at": NOON + timedelta(days=1, hours=6)}
    Assignment.update(left | {"initial_bytes": 3_000_000_000, "state": "active", "starts_at": NOON}).where(
        Assignment.order == order
    ).execute()
    secret = {"reference": "ESIM-1", "iccid": "8944000000000000001", "matching_id": "X1AAA-TEST1-00001"}
    newest = Esim.select(Esim.id).order_by(Esim.id.desc()).first()
    if newest is not None:
        Esim.update(secret).where(Esim.id == newest.id).execute()
    return order.fresh()


def notification(order: Order, kind: str) -> Notification:
    pace = {"used_bytes": "2100000000", "span_s": "259200", "until": (NOON + timedelta(hours=30)).isoformat()}
    facts = pace if kind == "running_out" else {}
    found = told(order, kind, **facts)
    found.id, found.created_at = 7, NOON
    return found


def address(order: Order) -> EmailAddress:
    return EmailAddress.create(
        customer=order.customer, address="ann@example.com", key="KEY-1", confirmed_at=NOON, code="012345"
    )


def of_a_new_esim(kind: str) -> Order:
    return fixed(make_order(STAGES.get(kind, "active")))


def of_a_top_up(kind: str) -> Order:
    base = make_esim(make_order("active"))
    return fixed(make_top_up(STAGES.get(kind, "active"), base, plan_id="tr-1gb-7d", data_mb=1000, days=7))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TOLD)
def test_each_message_of_an_order(config: Config, same: Any, kind: str, language: str) -> None:
    order = of_a_top_up(kind) if kind == "topped_up" else of_a_new_esim(kind)
    with speaking(language):
        message = notifications.compose(notification(order, kind), config)
    same(f"chat/{kind}.{language}", as_text(message))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", OF_TOP_UPS)
def test_each_message_of_a_top_up(config: Config, same: Any, kind: str, language: str) -> None:
    with speaking(language):
        message = notifications.compose(notification(of_a_top_up(kind), kind), config)
    same(f"chat/top-up-{kind}.{language}", as_text(message))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MAILED)
def test_each_letter(config: Config, same: Any, kind: str, language: str) -> None:
    order = of_a_top_up(kind) if kind == "topped_up" else of_a_new_esim(kind)
    Setting.write(notifications.BOT_NAME, "simka_bot")
    with speaking(language):
        mail = notifications.letter(notification(order, kind), address(order), with_mail(config))
    assert secret_of(order) not in mail.as_string()
    same(f"mail/{kind}.{language}", mail_as_text(mail))


def test_every_snapshot_is_compared_with_something() -> None:
    names = {
        *(f"chat/{kind}" for kind in TOLD),
        *(f"chat/top-up-{kind}" for kind in OF_TOP_UPS),
        *(f"mail/{kind}" for kind in MAILED),
        *(f"commands/{command.strip('?')}" for command in COMMANDS),
        *(f"commands/paysupport-{stage}" for stage in ASKED_AT),
    }
    there = {str(path.relative_to(SNAPSHOTS)) for path in SNAPSHOTS.rglob("*") if path.is_file()}
    assert there == {f"{name}.{language}.txt" for name in names for language in LANGUAGES}


@pytest.mark.parametrize("path", sorted(SNAPSHOTS.rglob("*.ru.txt")), ids=lambda path: path.stem)
def test_nothing_english_stands_in_a_russian_one(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("--- as HTML")[0].splitlines()
    said = [re.sub(r"\[(.+)\] (opens|copies|says) .*", r"\1", line) for line in lines]
    text = " ".join(line for line in said if not re.match(r"\[|[A-Z][A-Za-z-]+: |<code>", line))
    text = re.sub(r"https?://\S+|/[a-z]+\b|\[picture.*?\]", "", text)
    assert english(text, "ORDER", "eSIM Go", "EID") == set()


def secret_of(order: Order) -> str:
    esim = Esim.of(order)
    return esim.matching_id if esim else "no secret"


def with_mail(config: Config) -> Config:
    return config.model_copy(
        update={"smtp_url": "smtp://127.0.0.1:9", "smtp_from": "Simka <shop@example.com>"}
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_answer_of_the_bot(config: Config, same: Any, command: str, language: str) -> None:
    answer = chat.reply(f"/{command}", make_customer(language=language), config)
    assert answer is not None
    same(
        f"commands/{command.strip('?')}.{language}", f"{answer['text']}\n{buttons(answer['reply_markup'])}\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", ASKED_AT)
def test_paysupport_says_where_the_newest_order_stands(
    config: Config, same: Any, stage: str, language: str
) -> None:
    customer = make_customer(language=language)
    fixed(make_order(stage, customer))
    answer = chat.reply("/paysupport", customer, changed(config, support_url="https://t.me/simka_help"))
    assert answer is not None
    same(f"commands/paysupport-{stage}.{language}", answer_as_text(answer))


# --- as text


def as_text(message: notifications.Message) -> str:
    photo = ["[picture: the QR code]"] if message.photo else []
    return "\n".join([*photo, message.text, buttons(message.keyboard)]) + "\n"


def answer_as_text(answer: dict[str, Any]) -> str:
    return f"{answer['text']}\n{buttons(answer['reply_markup'])}\n"


def buttons(keyboard: dict[str, Any] | None) -> str:
    """One line for each: what it says, and what it does."""
    rows = keyboard["inline_keyboard"] if keyboard else []
    return "\n".join(f"[{button['text']}] {action(button)}" for row in rows for button in row)


def action(button: dict[str, Any]) -> str:
    if "web_app" in button:
        return f"opens {button['web_app']['url']}"
    if "copy_text" in button:
        return f"copies {button['copy_text']['text']}"
    return f"opens {button['url']}" if "url" in button else f"says {button['callback_data']}"


def mail_as_text(mail: EmailMessage) -> str:
    form = {"Content-Type", "MIME-Version"}
    head = [f"{name}: {value}" for name, value in mail.items() if name not in form]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    papers = [f"[{part.get_content_type()}: {part.get_filename()}]" for part in mail.iter_attachments()]
    parts = ["\n".join(head), plain.get_content(), *papers, "--- as HTML", html.get_content()]
    return "\n\n".join(str(part).strip() for part in parts) + "\n"
