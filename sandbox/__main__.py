"""`python -m sandbox`, which `make run` calls: the shop on this machine.

Without any key of eSIM Go or Telegram, both are played by local stand-ins. With keys, in the environment or
in .env, no stand-in starts: the same processes talk to the real ones.
"""

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from dotenv import dotenv_values

from sandbox.processes import run

REAL = ("ESIMGO_API_KEY", "TELEGRAM_BOT_TOKEN")
PORTS = {"PORT": 8000, "ESIMGO_SANDBOX_PORT": 8090, "TELEGRAM_SANDBOX_PORT": 8091}
VAR = Path("var/sandbox")


def main() -> None:
    signal.signal(signal.SIGTERM, _end)
    os.umask(0o077)  # as in the shop's own processes: what is played may have been copied from a real shop
    settings = _with_file(os.environ)
    sandboxed = not any(settings.get(name) or settings.get(f"{name}_FILE") for name in REAL)
    ports = _ports(settings, sandboxed)
    environ = dict(os.environ) | {"FLASK_SKIP_DOTENV": "1"}
    if sandboxed:
        played = _sandbox_settings(settings, ports)
        environ = {n: value for n, value in environ.items() if n.removesuffix("_FILE") not in played} | played
    for name, port in ports.items():
        _refuse_taken(name, port)
    migrated = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "migrate"], env=environ, check=False
    )
    if migrated.returncode != 0:
        sys.exit(migrated.returncode)
    sys.exit(run(Path("Procfile.dev" if sandboxed else "Procfile"), environ))


def _with_file(environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment says goes before .env, or the file of ENV_FILE. The processes read it by
    themselves and say what is wrong in it.
    """
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    try:
        written = dotenv_values(environ.get("ENV_FILE") or ".env", interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        written = {}
    return {name: value for name, value in written.items() if value is not None} | dict(environ)


def _ports(environ: Mapping[str, str], sandboxed: bool) -> dict[str, int]:
    ports = {}
    for name, default in PORTS.items():
        text = environ.get(name) or str(default)
        most = 65435 if sandboxed else 65535  # the stand-ins also listen on port + 100
        if not text.isdecimal() or not 1 <= int(text) <= most:
            _refuse(f"{name} must be a port from 1 to {most}")
        if sandboxed or name == "PORT":
            ports[name] = int(text)
    if sandboxed:
        ports |= {f"{name} + 100": port + 100 for name, port in ports.items() if name != "PORT"}
    return ports


def _sandbox_settings(environ: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Everything that a real shop would have in its environment."""
    esimgo, telegram, web = ports["ESIMGO_SANDBOX_PORT"], ports["TELEGRAM_SANDBOX_PORT"], ports["PORT"]
    VAR.mkdir(parents=True, exist_ok=True)
    settings = {
        "ESIMGO_API_KEY": "sandbox-key",
        "ESIMGO_API_URL": f"http://127.0.0.1:{esimgo}/v2.5",
        "ESIMGO_SANDBOX_PORT": str(esimgo),
        "TELEGRAM_BOT_TOKEN": "123456:SANDBOX",
        "TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}",
        "TELEGRAM_SANDBOX_URL": f"http://127.0.0.1:{telegram}",
        "TELEGRAM_SANDBOX_PORT": str(telegram),
        "TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(16),
        "PORT": str(web),
        "PUBLIC_URL": f"http://127.0.0.1:{web}",
        "CLOCK_FILE": str(VAR / "clock"),
        "PYTHONUNBUFFERED": "1",
    }
    if environ.get("CLOCK_FILE"):
        settings["CLOCK_FILE"] = environ["CLOCK_FILE"]
    if urlsplit(environ.get("PUBLIC_URL", "")).hostname in {"127.0.0.1", "localhost"}:
        settings["PUBLIC_URL"] = environ["PUBLIC_URL"]  # a shop in public takes no stand-ins
    return settings


def _refuse_taken(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            _refuse(f"port {port} is taken ({error.strerror}); set {name.split()[0]} to a free one")


def _refuse(reason: str) -> NoReturn:
    sys.exit(f"simka: {reason}")


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that a child of this moment is taken along."""
    sys.exit(143)


if __name__ == "__main__":
    main()
