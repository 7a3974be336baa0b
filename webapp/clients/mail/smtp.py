"""A mail server, as far as the shop uses it: one letter in one session (RFC 5321). Nothing is repeated here.

smtps:// speaks TLS from the start; smtp:// asks for it (STARTTLS) and goes no further without, except on this
machine.
"""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from webapp.clients.http import cut_off, tls_context

from .errors import BadAddress, Lost, MailError, NotReached, Refused, TryLater

TIMEOUT_S = 10.0
SESSION_S = 30.0
PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
RECIPIENT_GONE = (550, 551, 553)
"""RFC 5321, 4.2.3: the mailbox is not there. 552 and 554 can be about anything."""


class _Bounded(smtplib.SMTP):
    """A timeout of a socket starts anew with each byte that drips in, so the whole is bounded too."""

    def cut(self) -> None:
        if self.sock is not None:
            self.sock.shutdown(socket.SHUT_RDWR)

    def connect(self, *address: Any, **options: Any) -> tuple[int, bytes]:
        with cut_off(float(self.timeout), self.cut):
            return super().connect(*address, **options)


class _BoundedTLS(_Bounded, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


class Mailer:
    """`url`: smtp://user:password@host:587. Seconds: `timeout_s` for a step, `session_s` for all of them.
    `authorities`: whose certificates are believed (http.tls_context).
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        session_s: float = SESSION_S,
        authorities: Path | None = None,
    ) -> None:
        self._server = urlsplit(url)
        self._authorities = authorities
        self._timeout_s, self._session_s = timeout_s, session_s

    def send(self, letter: EmailMessage) -> None:
        """Hand one letter over. Raises MailError."""
        with self._session() as session:
            try:
                session.send_message(letter)
            except (OSError, smtplib.SMTPException) as error:
                failure = _verdict(error)
            else:
                return
        raise failure

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Greeted, encrypted and logged in."""
        session = self._connected()
        with cut_off(self._session_s, session.cut):
            try:
                self._enter(session)
                yield session
            finally:
                with suppress(OSError, smtplib.SMTPException):
                    session.quit()
                session.close()

    def _connected(self) -> _Bounded:
        host, port = self._server.hostname or "", self._server.port or PORTS[self._server.scheme]
        try:
            if self._server.scheme == "smtps":
                return _BoundedTLS(
                    host, port, timeout=self._timeout_s, context=tls_context(self._authorities)
                )
            return _Bounded(host, port, timeout=self._timeout_s)
        except (OSError, smtplib.SMTPException) as error:
            failure = NotReached(_said(error))
        raise failure

    def _enter(self, session: smtplib.SMTP) -> None:
        try:
            if self._server.scheme == "smtp" and (self._server.hostname not in LOOPBACK):
                session.starttls(context=tls_context(self._authorities))
            if self._server.username:
                session.login(*_account(self._server))
        except (OSError, smtplib.SMTPException) as error:
            failure = NotReached(_said(error))
        else:
            return
        raise failure


def _account(server: SplitResult) -> tuple[str, str]:
    return unquote(server.username or ""), unquote(server.password or "")


def _verdict(error: Exception) -> MailError:
    """What an answer to the letter itself means. A sender that is not let in is a matter of the settings."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        gone = BadAddress if code in RECIPIENT_GONE else Refused
        return (gone if code >= 500 else TryLater)(_line(code, words))
    if isinstance(error, smtplib.SMTPSenderRefused):
        return NotReached(_line(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 400:
        kind = Refused if error.smtp_code >= 500 else TryLater
        return kind(_line(error.smtp_code, error.smtp_error))
    return Lost(_said(error))


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _line(error.smtp_code, error.smtp_error)
    return type(error).__name__


def _line(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {''.join(c if c.isprintable() else ' ' for c in text)[:200]}"
