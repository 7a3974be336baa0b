"""Retail prices: `flask --app wsgi pricing show`, `pricing set`, `pricing preview`, `pricing remove`.

Without --area or --plan a rule is for the whole shop.
"""

import sys
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any

import click
from flask import Flask

from webapp import catalogue
from webapp.base.config import Config
from webapp.base.money import money_text, thousandths
from webapp.catalogue import Rule, RuleRefused, rule

Command = Callable[..., None]
SHOWN = 20


class Money(click.ParamType):  # type: ignore[type-arg] # not generic at run time
    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return thousandths(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Percent(click.ParamType):  # type: ignore[type-arg] # not generic at run time
    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            return Decimal(str(value))
        except ArithmeticError:
            self.fail(f"{value} is no number", param, ctx)


def register(app: Flask, config: Config) -> None:
    group = click.Group("pricing", help="Rules for the retail prices.")
    app.cli.add_command(group)

    @group.command("show")
    @_in_words
    def show() -> None:
        """List the rules; the most specific one wins, field by field."""
        now, next_ = catalogue.in_force(config), catalogue.from_next_start(config)
        click.echo(f"everything: {_says_of(now)}")
        if now != next_:
            click.echo(f"from the next start of the shop, as its settings say now: {_says_of(next_)}")
        for found in catalogue.rules().values():
            click.echo(f"{_target(found)}: {_says(found, config.currency)}")

    @group.command("set")
    @_for_one
    @_how_much
    @_in_words
    def set_(**given: Any) -> None:
        """Put a rule in place of the one for the same thing, and reprice at once."""
        wanted = _rule(**given)
        count = catalogue.set_rule(wanted, config)
        click.echo(f"{_target(wanted)}: {_says(wanted, config.currency)}. {count} plans have a new price.")

    @group.command("preview")
    @_for_one
    @_how_much
    @_in_words
    def preview(**given: Any) -> None:
        """Say what the rule would change, and change nothing."""
        found = catalogue.preview(_rule(**given), config)
        for plan, before, after in found[:SHOWN]:
            old, new = (money_text(price, plan.currency, "en") for price in (before, after))
            click.echo(f"{plan.plan_id}: {old} → {new}")
        click.echo(f"{len(found)} plans would have a new price.")

    @group.command("remove")
    @_for_one
    @_in_words
    def remove(area: str | None, plan: str | None) -> None:
        """Forget the rule for this, and reprice at once."""
        count = catalogue.remove_rule(*_scope(area, plan), config)
        click.echo(f"The rule is gone. {count} plans have a new price.")


def _for_one(command: Command) -> Command:
    area = click.option("--area", help="the code of a country or region, as in /shop/<code>")
    return area(click.option("--plan", help="a plan_id, as in /plans/<plan_id>")(command))


def _how_much(command: Command) -> Command:
    markup = click.option("--markup", type=Percent(), help="percent on top of the wholesale price")
    floor = click.option("--floor", type=Money(), help="least margin, such as 0.50, also of fixed prices")
    return markup(floor(click.option("--fixed", type=Money(), help="price, such as 9.99")(command)))


def _in_words(command: Command) -> Command:
    @wraps(command)
    def run(**given: Any) -> None:
        try:
            command(**given)
        except RuleRefused as refused:
            sys.exit(f"simka: {refused}")

    return run


def _rule(
    area: str | None, plan: str | None, markup: Decimal | None, floor: int | None, fixed: int | None
) -> Rule:
    scope, target = _scope(area, plan)
    return rule(scope=scope, target=target, markup_percent=markup, floor=floor, fixed=fixed)


def _scope(area: str | None, plan: str | None) -> tuple[str, str]:
    if area and plan:
        raise RuleRefused("name an area or a plan, not both")
    if area:
        return "area", area
    return ("plan", plan) if plan else ("shop", "")


def _target(found: Rule) -> str:
    return "the shop" if found.scope == "shop" else f"{found.scope} {found.target}"


def _says_of(settings: catalogue.PricedBy) -> str:
    markup = f"{settings.markup_percent} % markup (MARKUP_PERCENT)"
    return f"{markup}, a Star brings {settings.star_usd} {settings.currency} (STAR_USD)"


def _says(found: Rule, currency: str) -> str:
    parts = []
    if found.markup_percent is not None:
        parts.append(f"{found.markup_percent} % markup")
    if found.floor is not None:
        parts.append(f"at least {money_text(found.floor, currency, 'en')} of margin")
    if found.fixed is not None:
        parts.append(f"a fixed price of {money_text(found.fixed, currency, 'en')}")
    return ", ".join(parts)
