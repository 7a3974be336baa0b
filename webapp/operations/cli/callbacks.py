"""Do eSIM Go's callbacks arrive? `flask --app wsgi callbacks` says so in plain sentences."""

from collections.abc import Iterator

import click
from flask import Flask

from webapp.base.config import Config
from webapp.esims.callbacks import SelfCheck, self_check


def register(app: Flask, config: Config) -> None:
    @app.cli.command("callbacks")
    def callbacks() -> None:
        """Say whether eSIM Go's callbacks arrive, and what to set in its portal if not."""
        for sentence in sentences(self_check(config)):
            click.echo(sentence)


def sentences(check: SelfCheck) -> Iterator[str]:
    yield _arrivals(check)
    yield _address(check)
    if check.refused_unsigned:
        yield (
            f"Refused in the last seven days for having no signature: {check.refused_unsigned}. "
            "Choose callback version V3 in the portal (Account Settings, API Details)."
        )
    if check.refused_forged:
        yield (
            f"Refused in the last seven days for a wrong signature: {check.refused_forged}. If the API key "
            "was changed, set ESIMGO_API_KEY to the new one and ESIMGO_API_KEY_PREVIOUS to the old one."
        )
    if check.hints_allowed:
        yield "ESIMGO_UNSIGNED_HINTS is on: unsigned callbacks count as a hint, once a minute for each eSIM."
    if check.unsigned_at is not None:
        yield f"The last unsigned one that was taken came at {check.unsigned_at:%Y-%m-%d %H:%M} UTC."
    yield "Without callbacks every eSIM is still looked at, only later."


def _arrivals(check: SelfCheck) -> str:
    if check.last_at is None:
        return "No signed callback has come in the last 30 days."
    return (
        f"The last signed callback ({check.last_kind}) came at {check.last_at:%Y-%m-%d %H:%M} UTC; "
        f"this account signs in {check.encoding}."
    )


def _address(check: SelfCheck) -> str:
    if check.address is None:
        return f"The portal's callback URL is not known yet; it has to be {check.wanted}"
    if check.address_fits:
        return f"The portal's callback URL is right: {check.wanted}"
    if not check.address:
        return f"The portal has no callback URL; set it to {check.wanted}"
    return f"The portal's callback URL is {check.address}; it has to be {check.wanted}"
