"""Every text has its Russian, and everything a customer can meet is Russian in the Russian shop."""

import ast
import contextlib
import io
import re
import shlex
import tempfile
from functools import cache
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from flask import Flask, render_template

from tests.shop.factories import lead, make_customer, make_esim, make_order, make_plan, make_top_up, told
from webapp.base import clock, i18n
from webapp.base.config import ROOT, Config
from webapp.base.i18n import speaking
from webapp.customers import notifications
from webapp.models import STATUS, Assignment, Esim, Order
from webapp.orders import payments
from webapp.state import provider as provider_state
from webapp.views import errors
from webapp.views.esims import view_of as esim_view
from webapp.views.orders import view_of

RUSSIAN = ROOT / "webapp/base/translations/ru/LC_MESSAGES/messages.po"
PACE = {"until": "2026-11-25T12:00:00+00:00", "used_bytes": "2100000000", "span_s": "259200"}
TOLD = [kind for kind, about in notifications.KINDS.items() if about.group]
"""Of an order, without its being asked for."""
FAILURES = ("refused", "deadline", "gone", "dearer", "mismatch", "owner")
NAMES = {
    "eSIM",
    "SIM",
    "Wi-Fi",
    "SM-DP",
    "Simka",
    "Telegram",
    "iPhone",
    "Android",
    "ICCID",
    "UTC",
    "English",
    "SMS",
}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}


def catalogue() -> Catalog:
    with RUSSIAN.open("rb") as file:
        return read_po(file, locale="ru")


def test_the_file_is_as_make_i18n_writes_it(tmp_path: Path) -> None:
    """So that a change of one sentence is one change in the file."""
    template, written = tmp_path / "messages.pot", tmp_path / "messages.po"
    template.write_bytes(extracted())
    written.write_bytes(RUSSIAN.read_bytes())
    _, update = recipe()
    update[update.index("-i") + 1] = str(template)
    update[update.index("-d") :] = ["-l", "ru", "-o", str(written)]
    babel(update)
    assert written.read_text() == RUSSIAN.read_text(), "run `make i18n`"


def recipe() -> list[list[str]]:
    """The two commands of `make i18n`: what collects the texts, and what writes them into the catalogue."""
    lines = (ROOT / "Makefile").read_text().partition("\ni18n:")[2].partition("\n\n")[0].splitlines()
    return [shlex.split(line.strip()) for line in lines if "pybabel" in line]


def babel(command: list[str]) -> None:
    with contextlib.chdir(ROOT):
        CommandLineInterface().run(command)  # type: ignore[no-untyped-call] # Babel lacks it


@cache
def extracted() -> bytes:
    """What `make i18n` collects."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        extract, _ = recipe()
        extract[extract.index("-o") + 1] = str(template)
        babel(extract)
        return template.read_bytes()


def collected() -> set[str]:
    """The ids of `make i18n`."""
    return ids(read_po(io.BytesIO(extracted())))


def ids(catalog: Catalog) -> set[str]:
    entries = [message.id for message in catalog if message.id]
    return {entry if isinstance(entry, str) else entry[0] for entry in entries}


def test_the_catalogue_holds_exactly_what_the_shop_says() -> None:
    assert len(collected()) > 100
    assert ids(catalogue()) == collected()
    assert list(catalogue().obsolete) == []


def test_nothing_is_untranslated_or_guessed() -> None:
    messages = [message for message in catalogue() if message.id]
    assert [m.id for m in messages if m.fuzzy] == []
    assert [m.id for m in messages if not all(forms(m))] == []
    assert [m.id for m in messages if len(forms(m)) != (3 if m.pluralizable else 1)] == []


def test_translations_keep_their_placeholders() -> None:
    assert [(message.id, errors) for message, errors in catalogue().check()] == []
    for message in (message for message in catalogue() if message.id):
        wanted = placeholders(message.id if isinstance(message.id, str) else message.id[0])
        assert [text for text in forms(message) if placeholders(text) != wanted] == []


def forms(message: Message) -> list[str]:
    """The translation, or its plurals."""
    texts = message.string if message.pluralizable else [message.string]
    return [str(text or "") for text in texts or ()]


def test_no_text_hides_where_the_collector_does_not_look() -> None:
    """In an f-string: Babel does not read what stands between its braces."""
    sources = [path.read_text() for path in (ROOT / "webapp").rglob("*.py")]
    strings = [n for text in sources for n in ast.walk(ast.parse(text)) if isinstance(n, ast.JoinedStr)]
    inside = {ast.unparse(call.func) for n in strings for call in ast.walk(n) if isinstance(call, ast.Call)}
    assert len(strings) > 50
    assert inside & {"_", "gettext", "ngettext"} == set()


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


# --- nothing English in the Russian shop


class Words(HTMLParser):
    """What a page shows or reads aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.said.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value or "" for name, value in attrs if name in READ_ALOUD]


def english(html: str, *secrets: str) -> set[str]:
    """Latin words that are no names."""
    words = Words()
    words.feed(html)
    text = " ".join(words.said)
    for secret in secrets:
        text = text.replace(secret, "")
    found = re.findall(r"[A-Za-z]+(?:[-'’][A-Za-z]+)*", text)
    return {word for word in found if len(word) > 2} - NAMES


def test_the_search_for_english_finds_it() -> None:
    assert english('<p title="Close">Ваша eSIM is ready</p>', "ready") == {"Close"}
    assert english("<p>Install</p>") == {"Install"}


def own_codes(order: Order) -> list[str]:
    esim = Esim.of(order)
    codes = [esim.activation_code, esim.matching_id, esim.smdp_host] if esim else []
    return [*codes, order.reference]


def page_of(order: Order) -> str:
    """The order's page, and the one word that stands for it in the list."""
    word = render_template("orders/_word.html", order=order)
    return word + render_template("orders/_show.html", **view_of(order))


def order_in(stage: str, number: int, **values: str) -> Order:
    return make_order(stage, make_customer(language="ru"), plan_id=f"plan-{number}", **values)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_stage_reads_well_in_both_languages(app: Flask, language: str) -> None:
    with app.test_request_context(), speaking(language):
        for number, stage in enumerate(STATUS):
            order = order_in(stage, number)
            found = english(page_of(order), *own_codes(order))
            assert bool(found) is (language == "en"), (stage, found)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_stage_of_a_top_up_reads_well_in_both_languages(app: Flask, language: str) -> None:
    esim = make_esim(order_in("active", 0))
    with app.test_request_context(), speaking(language):
        for number, stage in enumerate(STATUS, 1):
            order = make_top_up(stage, esim, plan_id=f"plan-{number}")
            found = english(page_of(order), *own_codes(order))
            assert bool(found) is (language == "en"), (stage, found)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_failure_and_the_state_of_its_refund_read_well(app: Flask, language: str) -> None:
    pages = set()
    with app.test_request_context(), speaking(language):
        for number, (failure, state) in enumerate(product(FAILURES, ("due", "stuck", "done"))):
            order = order_in("failed", number, failure=failure)
            refund = payments.refund_of(order)
            assert refund is not None
            refund.state = state
            refund.attempts = payments.STUCK_AFTER if state == "stuck" else 1
            refund.save()
            html = page_of(order).replace(order.reference, "").replace(f"plan-{number}", "")
            assert bool(english(html)) is (language == "en"), (failure, state)
            pages.add(html)
    assert len(pages) == 3 * len(FAILURES), "each says something of its own"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", TOLD)
def test_every_message_is_composed_in_both_languages(config: Config, kind: str) -> None:
    order = make_top_up("active") if kind == "topped_up" else make_order("active")
    until = PACE if kind == "running_out" else {}
    Assignment.update(state="active", ends_at=clock.now()).execute()
    with speaking("en"):
        in_english = notifications.compose(told(order, kind, **until), config)
    with speaking("ru"):
        in_russian = notifications.compose(told(order, kind, **until), config)
    assert english(in_english.text, *own_codes(order))
    assert english(in_russian.text, *own_codes(order)) == set()
    assert in_english.keyboard != in_russian.keyboard


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "kind", [kind for kind in TOLD if kind not in {"ready", "not_installed", "first_use"}]
)
def test_every_message_of_a_top_up_is_composed_in_both_languages(config: Config, kind: str) -> None:
    order = make_top_up("active")
    until = PACE if kind == "running_out" else {}
    Assignment.update(state="active", ends_at=clock.now()).execute()
    with speaking("en"):
        in_english = notifications.compose(told(order, kind, **until), config)
    with speaking("ru"):
        in_russian = notifications.compose(told(order, kind, **until), config)
    assert english(in_english.text, *own_codes(order))
    assert english(in_russian.text, *own_codes(order)) == set()
    assert in_english.photo is None


def test_every_kind_that_is_sent_is_in_the_list_above() -> None:
    sources = [path.read_text() for path in (ROOT / "webapp").rglob("*.py")]
    sent = {kind for text in sources for kind in re.findall(r'enqueue\([^,()]+, "(\w+)"', text)}
    assert len(sent) > 5
    assert sent <= set(TOLD)


def test_every_failure_that_is_written_is_in_the_list_above() -> None:
    sources = [path.read_text() for path in (ROOT / "webapp").rglob("*.py")]
    named = {name for text in sources for name in re.findall(r'failure="(\w+)"', text)}
    ended = {name for text in sources for name in re.findall(r'\bfail\(\w+, "(\w+)"', text)}
    assert named | ended == set(FAILURES)


ESIM_STATES = ("queued", "active", "depleted", "expired")
PROFILES = ("released", "installed", "deactivated", "suspended")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_state_of_an_esim_reads_well(app: Flask, language: str) -> None:
    esim = make_esim(make_order("ready"))
    with app.test_request_context(), speaking(language):
        for state, profile in product(ESIM_STATES, PROFILES):
            words = esim_page(esim, state, profile)
            assert bool(english(words, *own_codes(esim.order))) is (language == "en"), (state, profile)


def esim_page(esim: Esim, state: str, profile: str) -> str:
    assignment = Assignment.get(Assignment.esim == esim)
    assignment.state, assignment.ends_at = state, esim.created_at if state != "queued" else None
    esim.state = "suspended" if profile == "suspended" else "active"
    esim.profile_status, esim.installed_at = profile, esim.created_at if profile != "released" else None
    assignment.save()
    return render_template("esims/_detail.html", **esim_view(esim))


def test_every_error_is_said_in_russian(app: Flask) -> None:
    with app.test_request_context(), speaking("ru"):
        for code, sentence in (*errors.SENTENCES.items(), (401, errors.STALE)):
            for stale in (False, True):
                about = {"code": code, "sentence": i18n.gettext(sentence), "stale": stale}
                html = render_template("page/_error.html", **about)
                assert english(html) == set()


def test_every_outage_is_said_in_russian(app: Flask) -> None:
    notices = set()

    def look() -> None:
        with app.test_request_context(), speaking("ru"):
            notices.add(render_template("page/_notice.html"))

    look()
    lead()
    provider_state.reachable(False)
    look()
    provider_state.out_of_funds(4200)
    look()
    assert len(notices) == 3
    assert [english(notice) for notice in notices] == [set()] * 3


def test_the_shop_and_its_checkout_are_russian(app: Flask) -> None:
    plan = make_plan()
    browser = app.test_client()
    for path in ("/?lang=ru", "/?lang=ru&q=zzz", "/shop/tr?lang=ru", f"/plans/{plan.plan_id}?lang=ru"):
        html = browser.get(path).get_data(as_text=True)
        assert '<html lang="ru" ' in html
        assert english(html, "zzz", "TR") == set(), path


@pytest.mark.usefixtures("database")
def test_stars_on_their_way_back_are_counted_in_russian(config: Config) -> None:
    order = make_order("failed", make_customer(language="ru"))
    with speaking("ru"):
        assert "453 звезды" in notifications.compose(told(order, "refunded"), config).text
