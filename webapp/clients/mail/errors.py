"""What can go wrong with a mail server, named by what the caller must do. No message holds a password."""


class MailError(Exception):
    """Root of everything that this package raises."""


class BadAddress(MailError):
    """The server will never take anything for this address."""


class Refused(MailError):
    """The server will never take this letter."""


class TryLater(MailError):
    """Not taken now (4xx); it may be later."""


class NotReached(MailError):
    """No session: the server is away, or does not let us in. That is nobody's letter's fault."""


class Lost(MailError):
    """Handed over, and no answer: it may or may not arrive."""
