"""The settings in README.md and .env.example are exactly those of `Config`, with their defaults."""

import re

from pydantic.fields import FieldInfo

from webapp.base.config import ROOT, Config

ROW = re.compile(r"^\|\s*`([A-Z][A-Z0-9_]+)`\s*\|([^|]*)\|([^|]*)\|\s*$", re.MULTILINE)
LINE = re.compile(r"^#?\s?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


def default(field: FieldInfo) -> str:
    return "" if field.is_required() or field.default is None else shown(field.default)


def shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


DEFAULTS = {name.upper(): default(field) for name, field in Config.model_fields.items()}


def table() -> list[tuple[str, str, str]]:
    return ROW.findall((ROOT / "README.md").read_text())


def test_the_readme_names_every_setting_once() -> None:
    assert sorted(name for name, _, _ in table()) == sorted(DEFAULTS)


def test_the_readme_has_the_real_defaults() -> None:
    told = {name: cell.strip().strip("`") for name, cell, _ in table()}
    wrong = {name: told[name] for name in told if DEFAULTS.get(name) and told[name] != DEFAULTS[name]}
    assert wrong == {}


def test_the_readme_says_what_each_setting_is_for() -> None:
    assert [name for name, _, about in table() if len(about.strip()) < 10] == []


def test_the_example_names_every_setting_once() -> None:
    found = LINE.findall((ROOT / ".env.example").read_text())
    assert sorted(name for name, _ in found) == sorted(DEFAULTS)


def test_the_example_has_the_real_defaults() -> None:
    told = dict(LINE.findall((ROOT / ".env.example").read_text()))
    wrong = {name: told[name] for name in told if DEFAULTS.get(name) and told[name].strip() != DEFAULTS[name]}
    assert wrong == {}
