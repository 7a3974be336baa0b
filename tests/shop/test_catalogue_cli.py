"""The merchant's commands for catalogue and prices: plain sentences, and a word of what to do."""

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache

import pytest
from click.testing import Result
from flask import Flask

from jobs import answer_requests, schedule, sync_catalogue
from jobs.context import Context
from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import lead, on_sale
from tests.shop.offers import EU_5GB, FR_1GB, TR_1GB, TR_3GB, TURKEY, pages, stock, world
from tests.shop.standins import Bot, Provider
from webapp import catalogue
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.esimgo.errors import Unavailable
from webapp.clients.esimgo.payloads import CatalogueBundle, CataloguePage
from webapp.models import JobRequest, Plan, db
from webapp.operations.beginning import Beginning

Say = Callable[..., Result]


@cache
def large() -> list[CatalogueBundle]:
    return world(1100, 30)


@pytest.fixture
def say(app: Flask) -> Say:
    """`flask --app wsgi ...`"""

    def run(*command: str) -> Result:
        return app.test_cli_runner().invoke(args=list(command))

    return run


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    return str(result.exception)


# --- catalogue status


def test_a_shop_that_has_read_nothing_says_so(say: Say) -> None:
    assert lines(say("catalogue", "status")) == [
        "The catalogue has not been read yet.",
        "0 bundles on sale, 0 gone; 0 plans in 0 places.",
    ]


def test_status_tells_what_is_on_sale_and_what_has_changed(say: Say, database: Config) -> None:
    stock(database, TR_3GB, TR_1GB, FR_1GB, EU_5GB)
    dearer = on_sale("esim_3GB_30D_TR_V2", [TURKEY], price=5)
    stock(database, dearer, TR_1GB, EU_5GB)
    told = lines(say("catalogue", "status"))
    assert told[0].endswith("UTC; generation 3.")
    assert told[1:3] == [
        "3 bundles on sale, 1 gone; 3 plans in 2 places.",
        "Last changes: 1 gone.",
    ]
    assert told[3].endswith("gone esim_1GB_7D_FR_V2")
    assert told[4].endswith("price esim_3GB_30D_TR_V2 $4.20 → $5.00")


def test_status_tells_of_a_reading_that_did_not_end(say: Say, database: Config, advance: Advance) -> None:
    stock(database, TR_3GB)
    advance(60)
    with pytest.raises(Unavailable):
        catalogue.sync(breaks_off(), database)
    assert "A reading since then got to page 1: 500 bundles." in lines(say("catalogue", "status"))


def breaks_off() -> Iterator[CataloguePage]:
    yield next(pages(large()))
    raise Unavailable("no answer")


# --- catalogue accept


def test_the_owner_accepts_what_is_held(say: Say, database: Config) -> None:
    stock(database, TR_3GB, FR_1GB)
    catalogue.sync(pages([TR_3GB]), database)
    held = next(line for line in lines(say("catalogue", "status")) if line.startswith("Held since"))
    assert "eSIM Go lists 1 of 2 bundles no more" in held
    assert "The next sync may drop 1 bundles" in lines(say("catalogue", "accept"))[0]
    catalogue.sync(pages([TR_3GB]), database)
    assert "1 bundles on sale, 1 gone" in say("catalogue", "status").output
    assert "nothing is held" in refusal(say("catalogue", "accept"))


# --- catalogue sync


def test_without_a_jobs_process_a_sync_says_so_plainly(say: Say) -> None:
    assert refusal(say("catalogue", "sync")) == (
        "simka: no jobs process leads; start one with `python -m jobs`"
    )
    assert JobRequest.select().count() == 0


@pytest.fixture
def jobs(database: Config, provider: Provider, bot: Bot) -> Context:
    return Context(database, provider, bot, lead(), schedule.NAMES)


def answering(context: Context) -> threading.Thread:
    """The leader, who looks for requests until there was one."""

    def work() -> None:
        give_up = clock.monotonic() + 60
        while not JobRequest.select().where(JobRequest.done_at.is_null()).exists():
            assert clock.monotonic() < give_up
            clock.sleep(0.02)
        answer_requests.run(context)
        db.database.close()

    leader = threading.Thread(target=work)
    leader.start()
    return leader


def test_a_sync_that_is_asked_for_happens_however_fresh_the_catalogue_is(
    say: Say, jobs: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[int] = []

    def catalogue_pages(_self: Provider, per_page: int) -> Iterator[CataloguePage]:
        asked_for.append(per_page)
        return pages(large())

    monkeypatch.setattr(Provider, "catalogue_pages", catalogue_pages)
    stock(jobs.config, TR_3GB)
    sync_catalogue.run(jobs)
    assert asked_for == [], "it is fresh"
    leader = answering(jobs)
    told = lines(say("catalogue", "sync"))
    leader.join()
    assert asked_for == [500]
    assert "page 3 of 3: 1100 bundles" in told
    assert any(line.startswith("1101 bundles on sale") for line in told), "one is held"
    sync_catalogue.run(jobs)
    assert asked_for == [500], "nobody has asked again"


def test_a_sync_that_fails_says_so(say: Say, jobs: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Provider, "catalogue_pages", lambda self, per_page: breaks_off())
    leader = answering(jobs)
    assert "the catalogue was not read (failed)" in refusal(say("catalogue", "sync"))
    leader.join()


# --- pricing


def test_prices_are_shown_set_and_removed(say: Say, database: Config) -> None:
    stock(database, TR_3GB, TR_1GB, FR_1GB)
    everything = "everything: 40 % markup (MARKUP_PERCENT), a Star brings 0.013 USD (STAR_USD)"
    assert lines(say("pricing", "show")) == [everything]
    assert lines(say("pricing", "preview", "--area", "tr", "--markup", "50", "--floor", "1.00")) == [
        "tr-1gb-7d: $2.10 → $2.50",
        "tr-3gb-30d: $5.88 → $6.30",
        "2 plans would have a new price.",
    ]
    told = lines(say("pricing", "set", "--area", "tr", "--markup", "50", "--floor", "1.00"))
    assert told == ["area tr: 50 % markup, at least $1.00 of margin. 2 plans have a new price."]
    assert lines(say("pricing", "set", "--plan", "fr-1gb-7d", "--fixed", "9.99"))[0].startswith(
        "plan fr-1gb-7d: a fixed price of $9.99. 1 plans"
    )
    assert {plan.retail for plan in Plan.select()} == {2500, 6300, 9990}
    assert len(lines(say("pricing", "show"))) == 3
    for target in (("--area", "tr"), ("--plan", "fr-1gb-7d")):
        assert lines(say("pricing", "remove", *target))[0].startswith("The rule is gone.")
    assert {plan.retail for plan in Plan.select()} == {5880, 2100, 1960}
    assert lines(say("pricing", "show")) == [everything]


def test_prices_are_shown_as_they_are_sold_and_as_they_will_be(say: Say, database: Config) -> None:
    """The settings were changed, and the shop was not started again."""
    stock(database, TR_3GB)
    Beginning("web", changed(database, markup_percent=Decimal(0))).go_on()
    now, next_ = lines(say("pricing", "show"))
    assert now.startswith("everything: 0 % markup")
    assert next_.startswith("from the next start of the shop, as its settings say now: 40 % markup")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("set",), "a rule needs a markup, a floor or a fixed price"),
        (("set", "--fixed", "4.10"), "tr-3gb-30d would cost $4.10, below its wholesale price of $4.20"),
        (("set", "--markup", "1001"), "a markup must be from 0 to 1000 percent"),
        (("set", "--markup", "-1"), "a markup must be from 0 to 1000 percent"),
        (("set", "--area", "tr", "--plan", "tr-3gb-30d", "--markup", "1"), "not both"),
        (("set", "--area", "zz", "--markup", "1"), "there is no area zz"),
        (("preview", "--plan", "x", "--markup", "1"), "there is no plan x"),
        (("remove",), "there is no rule for the shop"),
    ],
)
def test_prices_that_make_no_sense_are_refused_in_words(
    say: Say, database: Config, command: tuple[str, ...], why: str
) -> None:
    stock(database, TR_3GB)
    assert why in refusal(say("pricing", *command))
    assert Plan.get().retail == 5880


@pytest.mark.parametrize("value", ["abc", "-1", "1.2345", "nan", "1e99"])
def test_what_is_no_amount_is_refused(say: Say, value: str) -> None:
    answer = say("pricing", "set", f"--fixed={value}")
    assert answer.exit_code == 2
    assert "no amount of money" in answer.output
