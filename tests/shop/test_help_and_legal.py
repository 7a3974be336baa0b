"""Help, terms and privacy: open to everybody, in both languages, with the merchant's own facts in them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.settings import changed
from tests.shop.conftest import Person, text
from tests.shop.test_documents import FACTS
from tests.shop.test_translations import english
from webapp.base.config import ROOT
from webapp.views import help as help_pages

TOPICS = ROOT / "templates/help/topics"
PUBLIC = ["/help", "/terms", "/privacy", *(f"/help/{topic}" for topic in help_pages.TITLES)]
MAKERS = ("Samsung", "Galaxy", "Note", "Flip", "Fold", "Google", "Pixel", "Xiaomi", "Redmi", "POCO", "Pro")
BRANDS = (*MAKERS, "Huawei", "Mate", "Honor", "Magic", "iPad", "iOS", "EID", "cookie", "paysupport")
NOT_WORDS = re.compile("|".join((*BRANDS, "QR", "eSIM Go")))


@pytest.fixture
def merchant(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "legal.toml"
    path.write_text(FACTS, encoding="utf-8")
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, legal_file=path))


def test_every_topic_has_its_text_and_every_text_its_topic() -> None:
    assert {path.stem for path in TOPICS.glob("*.html")} == set(help_pages.TITLES)


@pytest.mark.parametrize("path", PUBLIC)
def test_each_page_is_open_to_everybody_and_russian_for_russians(nobody: Person, path: str) -> None:
    answer = nobody.browser.get(f"{path}?lang=ru")
    html = text(answer)
    assert (answer.status_code, '<html lang="ru" ' in html) == (200, True)
    assert english(NOT_WORDS.sub("", html), "/paysupport") == set(), path
    assert text(nobody.get(f"{path}?lang=en")).startswith("<section")


@pytest.mark.parametrize("path", PUBLIC)
def test_links_lead_somewhere_and_keep_the_language(nobody: Person, path: str) -> None:
    links = re.findall(r'<a [^>]*href="(/[^"]*)"', text(nobody.get(f"{path}?lang=ru")))
    assert links
    for link in set(links):
        assert "lang=ru" in link
        assert nobody.browser.get(link.replace("&amp;", "&")).status_code == 200, link


def test_another_topic_is_not_there(nobody: Person) -> None:
    for topic in ("nothing", "PHONE", "..", "topics/phone", "%00"):
        assert nobody.get(f"/help/{topic}").status_code == 404


@pytest.mark.usefixtures("merchant")
@pytest.mark.parametrize(("language", "law"), [("en", "the law of Estonia"), ("ru", "право Эстонии")])
def test_the_merchants_facts_stand_on_the_pages(nobody: Person, language: str, law: str) -> None:
    terms = text(nobody.get(f"/terms?lang={language}"))
    assert "ООО «Лунный свет»" in terms
    assert law in terms
    assert ("Ещё одно условие." in terms) is (language == "ru")
    assert "Tartu mnt 1" in text(nobody.get(f"/privacy?lang={language}"))


def test_what_is_not_filled_in_is_said_and_not_invented(nobody: Person) -> None:
    assert text(nobody.get("/terms?lang=en")).count("not filled in yet") == 3


def test_a_fact_cannot_become_markup(app: Flask, nobody: Person, tmp_path: Path) -> None:
    path = tmp_path / "legal.toml"
    path.write_text('seller = "<script>alert(1)</script>"')
    wired = app.extensions["shop"]
    app.extensions["shop"] = replace(wired, config=changed(wired.config, legal_file=path))
    assert "<script>alert" not in text(nobody.get("/terms"))
