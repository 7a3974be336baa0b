"""Copies by e-mail, over real SMTP to a server on this machine: what is sent, and what each answer means."""

import multiprocessing
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.esimgo.loopback import Line, Script, Server
from tests.shop.conftest import Advance
from tests.shop.factories import after, make_customer, make_order, near
from webapp.base import clock, crash_points
from webapp.base.config import Config
from webapp.clients.mail.errors import BadAddress, Lost, MailError, NotReached, Refused, TryLater
from webapp.clients.mail.smtp import Mailer
from webapp.customers import account, notifications, outbox
from webapp.customers.outbox import rows
from webapp.models import Customer, EmailAddress, Notification, db
from webapp.state.shares import ALLOWED, Allowance

ADDRESS = "ann@example.com"


class Inbox:
    """An aiosmtpd handler: takes everything, unless a step has an answer written down for it."""

    def __init__(self) -> None:
        self.came: list[Message] = []
        self.answers: dict[str, str] = {}

    async def handle_MAIL(self, *rest: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _, _, envelope, address, _ = rest
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, *rest: Any) -> str:  # noqa: N802
        _, _, envelope, address, _ = rest
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, *rest: Any) -> str:  # noqa: N802
        if "DATA" not in self.answers:
            self.came.append(message_from_bytes(rest[2].content, policy=policy.default))
        return self.answers.get("DATA", "250 OK")


@pytest.fixture(scope="module")
def server() -> Iterator[Controller]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def inbox(server: Controller) -> Inbox:
    server.handler.__init__()
    found: Inbox = server.handler
    return found


@pytest.fixture
def mailer(server: Controller) -> Mailer:
    return Mailer(f"smtp://127.0.0.1:{server.port}")


@pytest.fixture
def letters(config: Config) -> Config:
    return config.model_copy(
        update={"smtp_url": "smtp://127.0.0.1:9", "smtp_from": "Simka <shop@example.com>"}
    )


Deliver = Callable[[], int]


@pytest.fixture
def deliver(database: Config, letters: Config, mailer: Mailer, inbox: Inbox) -> Deliver:
    return lambda: outbox.deliver_letters(mailer, letters)


def reader(**values: Any) -> Customer:
    """Somebody with a confirmed address."""
    customer = make_customer(**values)
    EmailAddress.create(customer=customer, address=ADDRESS, confirmed_at=clock.now())
    return customer


def by_mail() -> list[Notification]:
    return list(Notification.select().where(Notification.channel == "email").order_by(Notification.id))


def states() -> list[str]:
    return [row.state for row in by_mail()]


def a_letter(to: str = ADDRESS) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "shop@example.com", to, "Привет"
    letter.set_content("Всё готово")
    return letter


# --- what goes out


def test_a_copy_goes_to_a_confirmed_address_and_is_marked(deliver: Deliver, inbox: Inbox) -> None:
    notifications.enqueue(make_order("ready", reader()), "ready")
    assert deliver() == 1
    (letter,) = inbox.came
    assert (letter["To"], letter["Subject"]) == (ADDRESS, "Your eSIM is ready: Türkiye, 3 GB, 30 days")
    assert [part.get_content_type() for part in letter.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert (states(), near(by_mail()[0].sent_at, clock.now())) == (["sent"], True)
    assert deliver() == 0


def test_no_address_no_copy_and_the_chat_has_its_own_row(deliver: Deliver) -> None:
    notifications.enqueue(make_order("ready"), "ready")
    assert (Notification.select().count(), by_mail()) == (1, [])


def test_an_address_that_is_not_confirmed_gets_nothing(deliver: Deliver, inbox: Inbox) -> None:
    EmailAddress.create(customer=make_customer(), address=ADDRESS)
    notifications.enqueue(make_order("ready"), "ready")
    assert (deliver(), inbox.came) == (0, [])


@pytest.mark.parametrize("change", [{"wanted": False}, {"confirmed_at": None}])
def test_what_is_not_wanted_any_more_is_not_sent(
    deliver: Deliver, inbox: Inbox, change: dict[str, object]
) -> None:
    notifications.enqueue(make_order("ready", reader()), "ready")
    EmailAddress.update(change).execute()
    assert (deliver(), states(), inbox.came) == (0, ["not wanted"], [])


def test_one_customer_gets_so_many_copies_in_a_day_and_every_code(
    deliver: Deliver, inbox: Inbox, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALLOWED, "letters", Allowance(2, timedelta(days=1)))
    customer = reader()
    for number in range(4):
        notifications.enqueue(make_order("ready", customer, plan_id=f"plan-{number}"), "ready")
    while deliver() or "waiting" in states():
        pass
    assert states() == ["sent", "sent", "not wanted", "not wanted"]
    account.propose(customer, "other@example.com")
    assert deliver() == 1
    advance(86_401)
    EmailAddress.update(confirmed_at=clock.now()).execute()
    notifications.enqueue(make_order("ready", customer, plan_id="tomorrow"), "ready")
    assert (deliver(), len(inbox.came)) == (1, 4)


def test_a_mail_server_that_is_away_costs_nobody_a_copy(
    deliver: Deliver, inbox: Inbox, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ALLOWED, "letters", Allowance(2, timedelta(days=1)))
    notifications.enqueue(make_order("ready", reader()), "ready")
    inbox.answers["MAIL"] = "451 later"
    for _ in range(4):
        assert deliver() == 0
        advance(600)
    inbox.answers.clear()
    assert (deliver(), states()) == (1, ["sent"])


def test_what_counts_this_hour_is_for_the_chat_alone(deliver: Deliver) -> None:
    order = make_order("active", reader())
    for kind in ("activated", "first_use", "used_80", "used_up"):
        notifications.enqueue(order, kind)
    assert (Notification.select().count(), by_mail()) == (4, [])


def test_each_reader_is_written_to_in_their_language(deliver: Deliver, inbox: Inbox) -> None:
    notifications.enqueue(make_order("paid", reader(language="ru")), "paid")
    deliver()
    (letter,) = inbox.came
    assert str(letter["Subject"]).startswith("Оплачено, спасибо")


def test_a_code_comes_back_and_then_copies_go_there(deliver: Deliver, inbox: Inbox) -> None:
    customer = make_customer()
    assert account.propose(customer, ADDRESS) is None
    assert deliver() == 1
    code = str(inbox.came[0]["Subject"]).split()[0]
    assert account.confirm(customer, f" {code[:3]} {code[3:]} ")
    notifications.enqueue(make_order("paid", customer), "paid")
    assert deliver() == 1


def test_whoever_asks_again_while_the_mail_server_is_away_gets_the_new_code(
    deliver: Deliver, inbox: Inbox, advance: Advance
) -> None:
    """The wish that waits is news from when it was uttered last."""
    customer = make_customer()
    for _ in range(2):
        assert account.propose(customer, ADDRESS) is None
        advance(14 * 60)
    assert deliver() == 1
    assert str(inbox.came[0]["Subject"]).startswith(EmailAddress.get().code)
    assert Notification.select().count() == 1


def test_whoever_asks_again_while_the_old_code_is_being_sent_gets_the_new_one(
    deliver: Deliver, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter that is under way has its words already."""
    customer = make_customer()
    account.propose(customer, ADDRESS)
    send = Mailer.send

    def meanwhile(mailer: Mailer, letter: EmailMessage) -> None:
        monkeypatch.setattr(Mailer, "send", send)
        account.propose(customer, ADDRESS)
        account.propose(customer, ADDRESS)
        mailer.send(letter)

    monkeypatch.setattr(Mailer, "send", meanwhile)
    assert (deliver(), deliver(), deliver()) == (1, 1, 0)
    old, new = (str(letter["Subject"]).split()[0] for letter in inbox.came)
    assert (old != new, new) == (True, EmailAddress.get().code)
    assert account.confirm(customer, new)


def test_a_code_that_is_too_old_is_not_sent(deliver: Deliver, inbox: Inbox) -> None:
    assert account.propose(make_customer(), ADDRESS) is None
    EmailAddress.update(code_until=after(-1)).execute()
    assert (deliver(), states()) == (0, ["not wanted"])


def test_a_letter_that_cannot_be_written_holds_nobody_up(
    deliver: Deliver, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = make_order("paid", reader()), make_order("failed", make_customer(7), plan_id="other")
    EmailAddress.create(customer=fine.customer, address="john@example.com", confirmed_at=clock.now())
    write = notifications.letter

    def refuse(notification: Notification, *rest: Any) -> EmailMessage:
        if notification.order == broken:
            raise KeyError("kind")
        return write(notification, *rest)

    monkeypatch.setattr(notifications, "letter", refuse)
    notifications.enqueue(broken, "paid")
    notifications.enqueue(fine, "failed")
    assert (deliver(), states()) == (1, ["waiting", "sent"])


@pytest.mark.parametrize(("point", "copies"), [("notification.claimed", 1), ("letter.sent", 2)])
def test_a_letter_whose_sender_is_killed_still_goes_out(
    deliver: Deliver,
    mailer: Mailer,
    letters: Config,
    inbox: Inbox,
    advance: Advance,
    point: str,
    copies: int,
) -> None:
    """Whether the dead one has sent it nobody knows: rather twice than never."""
    notifications.enqueue(make_order("ready", reader()), "ready")
    assert killed_at(point, mailer, letters) == -9
    assert (deliver(), states()) == (0, ["sending"]), "it may still be under way"
    advance(61)
    assert (deliver(), states(), len(inbox.came)) == (1, ["sent"], copies)


def killed_at(point: str, mailer: Mailer, config: Config) -> int | None:
    """Deliver in a process of its own; returns how that ended, None when it has not."""
    db.database.close()
    process = multiprocessing.get_context("fork").Process(target=die_at, args=(point, mailer, config))
    process.start()
    process.join(60)
    ended = process.exitcode
    process.kill()
    return ended


def die_at(point: str, mailer: Mailer, config: Config) -> None:
    db.bind(config.database_url)
    with crash_points.armed(point):
        outbox.deliver_letters(mailer, config)


# --- what the server says

ANSWERS = [
    ("RCPT", "550 5.1.1 no such mailbox", BadAddress),
    ("RCPT", "554 5.7.1 policy", Refused),
    ("RCPT", "452 4.2.2 mailbox full", TryLater),
    ("DATA", "554 5.6.0 not this letter", Refused),
    ("DATA", "451 4.3.0 later", TryLater),
    ("MAIL", "550 5.7.1 this sender may not", NotReached),
]


@pytest.mark.parametrize(("step", "answer", "error"), ANSWERS)
def test_each_answer_has_its_error(
    mailer: Mailer, inbox: Inbox, step: str, answer: str, error: type[MailError]
) -> None:
    inbox.answers[step] = answer
    with pytest.raises(MailError) as caught:
        mailer.send(a_letter())
    assert (type(caught.value), str(caught.value)) == (error, answer)


def test_nobody_listens(database: Config) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotReached):
        Mailer(f"smtp://user:secret@127.0.0.1:{port}").send(a_letter())


def speaks(*said: bytes, drip: bool = False) -> Script:
    """A server that says these, the first by itself and each other after a line of the client; then it goes
    on dripping, or is silent.
    """

    def script(line: Line) -> None:
        with line.sock.makefile("rb") as lines:
            for number, words in enumerate(said):
                if number:
                    lines.readline()
                line.sock.sendall(words)
        if drip:
            line.drip(b"2")
        else:
            line.hang()

    return script


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the greeting on a minute of the mailer's patience lasts 0.6 s."""
    send = smtplib.SMTP.send_message

    def send_message(self: smtplib.SMTP, letter: EmailMessage) -> object:
        assert self.sock is not None
        patience_s = self.sock.gettimeout()
        assert patience_s is not None
        self.sock.settimeout(patience_s / 100)
        return send(self, letter)

    monkeypatch.setattr(smtplib.SMTP, "send_message", send_message)


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "dripping"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((), NotReached),
        ((b"220 hello\r\n",), Lost),
        ((b"220 hello\r\n", b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"), Lost),
    ],
    ids=["before the greeting", "after it", "after the letter"],
)
def test_a_server_that_hangs_is_left(
    said: tuple[bytes, ...], error: type[MailError], drip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is greeted in time by however slow a machine; what comes too late after that is always lost."""
    timeout_s, session_s = (0.4 if error is NotReached else 60.0), (0.6 if drip else 60.0)
    if not drip:
        hurry(monkeypatch)
    with Server(speaks(*said, drip=drip)) as server:
        with pytest.raises(error):
            Mailer(server.address.replace("http:", "smtp:"), timeout_s=timeout_s, session_s=session_s).send(
                a_letter()
            )
        assert server.was_left()


def test_a_server_elsewhere_must_speak_tls(mailer: Mailer, server: Controller) -> None:
    """By another name of this machine it counts as elsewhere, and aiosmtpd offers no STARTTLS here."""
    with pytest.raises(NotReached):
        Mailer(f"smtp://127.1:{server.port}").send(a_letter())


def test_the_login_of_the_address_is_used() -> None:
    logins = []

    def check(_server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        logins.append((mechanism, data.login, data.password))
        return AuthResult(success=data.password == b"p@ss")

    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    inbox = Inbox()
    controller = Controller(
        inbox, hostname="127.0.0.1", port=port, authenticator=check, auth_require_tls=False
    )
    controller.start()
    try:
        Mailer(f"smtp://shop:p%40ss@127.0.0.1:{port}").send(a_letter())
    finally:
        controller.stop()
    assert (len(inbox.came), logins[0][1:]) == (1, (b"shop", b"p@ss"))


def test_a_wrong_login_is_no_letters_fault_and_its_password_is_not_told() -> None:
    greeting, refusal = b"250-hello\r\n250 AUTH PLAIN\r\n", b"535 5.7.8 wrong\r\n"
    with (
        Server(speaks(b"220 hello\r\n", greeting, refusal, b"221 bye\r\n")) as server,
        pytest.raises(NotReached) as caught,
    ):
        Mailer(server.address.replace("http://", "smtp://shop:pass-word@")).send(a_letter())
    assert str(caught.value) == "535 5.7.8 wrong"


# --- and what follows from it


def test_an_address_that_is_not_there_has_to_be_confirmed_again(deliver: Deliver, inbox: Inbox) -> None:
    notifications.enqueue(make_order("ready", reader()), "ready")
    inbox.answers["RCPT"] = "550 no such mailbox"
    assert deliver() == 0
    assert (states(), EmailAddress.get().confirmed_at) == (["refused"], None)


def test_a_letter_that_is_refused_is_closed_and_the_address_stays(deliver: Deliver, inbox: Inbox) -> None:
    notifications.enqueue(make_order("ready", reader()), "ready")
    inbox.answers["DATA"] = "554 not this one"
    assert (deliver(), states(), EmailAddress.get().confirmed_at is None) == (0, ["refused"], False)


def test_a_letter_that_was_put_off_goes_later_with_the_same_name(
    deliver: Deliver, inbox: Inbox, advance: Advance
) -> None:
    notifications.enqueue(make_order("ready", reader()), "ready")
    inbox.answers["DATA"] = "451 later"
    assert (deliver(), states(), by_mail()[0].attempts) == (0, ["waiting"], 1)
    inbox.answers.clear()
    assert deliver() == 0, "not at once"
    advance(2)
    assert (deliver(), states()) == (1, ["sent"])
    assert f"<simka-{by_mail()[0].id}-ready@example.com>" in str(inbox.came[0]["Message-ID"])


def test_nothing_more_is_tried_while_the_server_is_away(
    database: Config, letters: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    class Away(Mailer):
        def send(self, letter: EmailMessage) -> None:
            tried.append(letter["To"])
            raise NotReached("ConnectionRefusedError")

    for number in range(3):
        customer = make_customer(100 + number)
        EmailAddress.create(customer=customer, address=f"a{number}@example.com", confirmed_at=clock.now())
        notifications.enqueue(make_order("paid", customer, plan_id=str(number)), "paid")
    assert outbox.deliver_letters(Away("smtp://127.0.0.1:9"), letters) == 0
    assert (tried, states()) == (["a0@example.com"], ["waiting"] * 3)


def test_a_claim_whose_process_died_lapses(
    deliver: Deliver, inbox: Inbox, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_values: object) -> None:
        raise Killed

    notifications.enqueue(make_order("ready", reader()), "ready")
    with monkeypatch.context() as power_cut, pytest.raises(Killed):
        power_cut.setattr(rows, "sent", die)
        deliver()
    assert (states(), deliver()) == (["sending"], 0)
    advance(rows.CLAIM_LAPSES_AFTER.total_seconds() + 1)
    assert (deliver(), states(), len(inbox.came)) == (1, ["sent"], 2)
    assert len({str(letter["Message-ID"]) for letter in inbox.came}) == 1
