"""Does this phone take an eSIM, and which instructions fit it? Answered from the User-Agent alone, before the
price is paid. A hint, never a gate: whoever knows better buys all the same.

Telegram on Android appends "Telegram-Android/<version> (<maker> <model>; Android <n>; SDK <n>; <class>)", so
the model is known. iPhones tell the version of iOS only: from 17 on it runs on nothing older than the XS and
XR, which have eSIM. Computers tell nothing of the phone that the eSIM is for.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from webapp.base.i18n import N_
from webapp.base.i18n import gettext as _

PHONES = Path(__file__).parent / "data" / "esim_phones.txt"
LONGEST = 512
LONGEST_NAME = 48

ONE_TAP_IOS = (17, 4)
"""Apple's link for installing works from here on (eSIM Go API v2.5, appleInstallUrl)."""
NO_OLD_IPHONES = (17, 0)
FIRST_ESIM_IOS = (12, 0)


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    DEPENDS = "depends"
    UNKNOWN = "unknown"


REASONS = {
    "iphone_region": N_("An iPhone that was bought in mainland China, Hong Kong or Macao may have no eSIM."),
    "older_iphone": N_("iPhone XS, XR and newer have eSIM, older ones do not."),
    "ipad": N_("An iPad has eSIM only if it is a model for mobile networks."),
    "china": N_("Versions for China mostly have no eSIM, even where the same model elsewhere has it."),
    "korea": N_("The version of this model for South Korea has no eSIM."),
    "america": N_("In the USA and Canada this model got eSIM from some operators only, with an update."),
    "variants": N_("Not every version of this model has eSIM: it depends on where it was sold."),
}
HOW_TO_TELL = N_("To be sure, dial *#06#: when an EID is shown, this phone has eSIM.")

_GUIDES = {
    "google": "pixel",
    "samsung": "samsung",
    "xiaomi": "xiaomi",
    "redmi": "xiaomi",
    "poco": "xiaomi",
    "huawei": "huawei",
}
"""By maker; other Android phones have one guide together."""

_WITHOUT_GOOGLE = {"huawei"}
"""Nothing there opens Google's link for installing."""


@dataclass(frozen=True)
class Device:
    """`name` is what to call it ("Samsung Galaxy S23"), None when nothing is known; it may come from the
    request and is nobody's to trust. `reason` is a key of REASONS; a yes may have one too, as a warning.

    `guide`: ios, samsung, pixel, xiaomi, huawei, android or other. `one_tap`: do links that install work?
    None is maybe: offer it beside the other ways. `is_slow`: Telegram asks to spare this phone effects.
    """

    name: str | None
    verdict: Verdict
    guide: str
    one_tap: bool | None
    reason: str = ""
    is_slow: bool = False

    @property
    def why(self) -> str:
        """A sentence in the language at hand, or nothing."""
        return _(REASONS[self.reason]) if self.reason else ""

    @property
    def how_to_tell(self) -> str:
        """What to do about it where the verdict is open; for the phone in the hand only."""
        is_open = self.verdict in {Verdict.DEPENDS, Verdict.UNKNOWN} and self.guide != "other"
        return _(HOW_TO_TELL) if is_open and self.reason != "ipad" else ""


NOBODY_KNOWS = Device(None, Verdict.UNKNOWN, "other", one_tap=False)


def device(user_agent: str) -> Device:
    """Whatever the header says, this answers and never raises."""
    agent = user_agent[:LONGEST]
    return _apple(agent) or _android(agent) or NOBODY_KNOWS


# --- iPhone and iPad

_IOS = re.compile(r"\b(iPhone|iPad|iPod)\b.*?\bOS (\d{1,2})_(\d{1,2})", re.ASCII)


def _apple(agent: str) -> Device | None:
    found = _IOS.search(agent)
    if found is None:
        return None
    model, version = found[1], (int(found[2]), int(found[3]))
    one_tap = version >= ONE_TAP_IOS
    if model == "iPad":
        return Device("iPad", Verdict.DEPENDS, "ios", one_tap, "ipad")
    if model == "iPod" or version < FIRST_ESIM_IOS:
        return Device(model, Verdict.NO, "ios", one_tap=False, reason="older_iphone")
    if version < NO_OLD_IPHONES:
        return Device("iPhone", Verdict.DEPENDS, "ios", one_tap, "older_iphone")
    return Device("iPhone", Verdict.YES, "ios", one_tap, "iphone_region")


# --- Android

_TELEGRAM = re.compile(
    r"Telegram-Android/\S* \(([^;()]+(?:\([^;()]*\)[^;()]*)?); Android [^;]*; SDK \d+; (\w+)\)"
)
_WEBVIEW = re.compile(r"\(Linux; (?:U; )?Android [\d.]+; ([^;]+?)(?: Build/[^;)]*)?(?:; wv)?\)")
_HIDDEN = {"k", "mobile", "unknown"}
"""What browsers say in place of a model."""


def _android(agent: str) -> Device | None:
    telegram, webview = _TELEGRAM.search(agent), _WEBVIEW.search(agent)
    told = telegram or webview
    name = " ".join(told[1].split())[:LONGEST_NAME] if told else ""
    is_slow = telegram is not None and telegram[2] == "LOW"
    if name and name.lower() not in _HIDDEN:
        return _by_name(name, is_slow)
    return Device(None, Verdict.UNKNOWN, "android", None, is_slow=is_slow) if "Android" in agent else None


def _by_name(name: str, is_slow: bool) -> Device:
    """The name is a model, or a maker and a model."""
    first, _space, others = name.partition(" ")
    phone = _known(others) or _known(name)
    maker = phone.maker if phone else first.lower()
    guide = _GUIDES.get(maker, "android")
    one_tap = False if maker in _WITHOUT_GOOGLE else None
    if phone is None:
        return Device(name, Verdict.UNKNOWN, guide, one_tap, is_slow=is_slow)
    if phone.verdict is Verdict.NO:
        one_tap = False
    return Device(phone.name, phone.verdict, guide, one_tap, phone.reason, is_slow)


class Phone(NamedTuple):
    """A line of data/esim_phones.txt; `model` is what Telegram or the browser calls it."""

    maker: str
    model: re.Pattern[str]
    name: str
    verdict: Verdict
    reason: str


def _known(model: str) -> Phone | None:
    return next((phone for phone in KNOWN_PHONES if phone.model.fullmatch(model)), None)


def _phones() -> tuple[Phone, ...]:
    lines = PHONES.read_text(encoding="utf-8").splitlines()
    return tuple(_phone(line) for line in lines if line and line[0] != "#")


def _phone(line: str) -> Phone:
    """Of the five cells the second may hold the sign that parts them."""
    maker, rest = line.split("|", 1)
    model, name, verdict, reason = (cell.strip() for cell in rest.rsplit("|", 3))
    return Phone(maker.strip(), re.compile(model, re.IGNORECASE), name, Verdict(verdict), reason)


KNOWN_PHONES = _phones()
