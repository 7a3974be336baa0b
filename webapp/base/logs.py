"""Logs: one line an event on standard output, as text or as JSON.

Secrets are masked by construction: every line passes one place that knows what a secret looks like, so a
careless log call cannot leak one. Orders are named by their reference.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar

from webapp.base import clock

request_id: ContextVar[str] = ContextVar("request_id", default="")

FIELDS = ("request", "job", "order", "error")

_SECRETS = re.compile(
    r"LPA:1\$\S+"  # activation code
    r"|\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\b|\b[0-9A-Z]{2}-\d{6}-[0-9A-Z]{8}\b"  # matching id
    r"|(?<!\d)89\d{16,18}(?!\d)"  # ICCID
    r"|(?<!\d)\d{5,}:[A-Za-z0-9_-]{6,}"  # bot token, also as it stands in addresses (/bot123:abc/sendMessage)
    r"|(?<=tma )\S+|\bhash=[0-9a-f]{64}"  # initData
)


def mask(text: str) -> str:
    return _SECRETS.sub("[secret]", text)


class TextLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extras = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = f"{record.levelname.lower()} {record.name}: {record.getMessage()} {extras}".rstrip()
        return mask(f"{line}\n{_trace(record)}" if record.exc_info else line)


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"message": record.getMessage(), **_fields(record)}
        if record.exc_info:
            told["trace"] = _trace(record)
        event = {
            "at": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            # One by one: a secret may reach to the next space, and would take the closing quote along.
            **{name: mask(value) for name, value in told.items()},
        }
        return json.dumps(event, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    told = {"request": request_id.get()} | {n: str(getattr(record, n)) for n in FIELDS if hasattr(record, n)}
    return {name: value for name, value in told.items() if value}


def _trace(record: logging.LogRecord) -> str:
    return "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""


def configure(log_format: str) -> None:
    """Send everything through one handler; calling it again changes the form only."""
    root = logging.getLogger()
    form = JsonLine() if log_format == "json" else TextLine()
    ours = [known for known in root.handlers if isinstance(known.formatter, TextLine | JsonLine)]
    for out in ours or [_handler(root)]:
        out.setFormatter(form)
    root.setLevel(logging.INFO)
    # These log every tick, every statement and every connection.
    for chatty in ("urllib3", "apscheduler", "peewee"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _handler(root: logging.Logger) -> logging.Handler:
    out = logging.StreamHandler(sys.stdout)
    root.addHandler(out)
    return out
