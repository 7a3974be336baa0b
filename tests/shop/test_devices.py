"""What a User-Agent says of a phone, and what it leaves open."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.base.i18n import LANGUAGES, speaking
from webapp.views import devices
from webapp.views.devices import REASONS, Device, Verdict, device

BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Linux; Android 14; K) {BLINK} Mobile Safari/537.36"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS {{}} like Mac OS X) {WEBKIT} Mobile/15E148"
DESKTOPS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}",
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Version/16.0 Safari/605.1.15",
    "curl/8.5.0",
    "",
]


def telegram(phone: str, *, android: str = "14", sdk: int = 34, performance: str = "HIGH") -> str:
    return f"{CHROME} Telegram-Android/11.4.2 ({phone}; Android {android}; SDK {sdk}; {performance})"


PHONES = [
    ("Samsung SM-S911B", "Samsung Galaxy S23", "yes", "samsung"),
    ("Samsung SM-S928U1", "Samsung Galaxy S24 Ultra", "yes", "samsung"),
    ("Samsung SM-S918N", "Samsung Galaxy S23 Ultra", "yes", "samsung"),
    ("Samsung SM-G991N", "Samsung Galaxy (South Korea)", "no", "samsung"),
    ("Samsung SM-S9110", "Samsung Galaxy (China, Hong Kong)", "depends", "samsung"),
    ("Samsung SM-G998U", "Samsung Galaxy S20, S21, Note20 (USA, Canada)", "depends", "samsung"),
    ("Samsung SM-G998B", "Samsung Galaxy S21 Ultra", "yes", "samsung"),
    ("Samsung SM-F946B", "Samsung Galaxy Z Fold5", "yes", "samsung"),
    ("samsung SM-A546B", "Samsung Galaxy A54", "yes", "samsung"),
    ("Samsung SM-A145F", "Samsung Galaxy", "no", "samsung"),
    ("Samsung SM-A536B", "Samsung Galaxy", "no", "samsung"),
    ("Samsung SM-G973F", "Samsung Galaxy", "no", "samsung"),
    ("Samsung SM-G780G", "Samsung Galaxy S20 FE", "no", "samsung"),
    ("Samsung SM-X910", "Samsung SM-X910", "unknown", "samsung"),
    ("Google Pixel 8 Pro", "Google Pixel 8 – 10, Fold", "yes", "pixel"),
    ("Google Pixel 4a (5G)", "Google Pixel 4 – 7", "yes", "pixel"),
    ("Google Pixel 3a XL", "Google Pixel 3, 3a", "depends", "pixel"),
    ("Google Pixel 2 XL", "Google Pixel, Pixel 2", "no", "pixel"),
    ("Google Pixel 27", "Google Pixel 27", "unknown", "pixel"),
    ("Xiaomi 2210132G", "Xiaomi 13 Pro", "yes", "xiaomi"),
    ("Xiaomi 22081212UG", "Xiaomi 12T Pro", "yes", "xiaomi"),
    ("Xiaomi 2210132C", "Xiaomi (China)", "depends", "xiaomi"),
    ("Redmi 23090RA98G", "Redmi Note 13 Pro+ 5G", "yes", "xiaomi"),
    ("Xiaomi M2101K6G", "Xiaomi M2101K6G", "unknown", "xiaomi"),
    ("Vivo V2145ABC", "Vivo V2145ABC", "unknown", "android"),
    ("POCO 2312DRA50G", "POCO 2312DRA50G", "unknown", "xiaomi"),
    ("Huawei ELS-NX9", "Huawei P40 Pro", "yes", "huawei"),
    ("Huawei ELS-N39", "Huawei P40 Pro+", "no", "huawei"),
    ("Huawei NOH-AN00", "Huawei P40, Mate 40 (China)", "no", "huawei"),
    ("Huawei VOG-L29", "Huawei VOG-L29", "unknown", "huawei"),
    ("Honor BVL-N49", "Honor Magic6 Pro", "yes", "android"),
    ("Motorola motorola edge 40 pro", "Motorola Edge 40 – 60", "yes", "android"),
    ("motorola edge 20", "Motorola Edge", "depends", "android"),
    ("Motorola motorola razr 50 ultra", "Motorola Razr", "yes", "android"),
    ("Motorola moto g84 5G", "Moto G", "depends", "android"),
    ("OnePlus CPH2581", "OnePlus 12", "yes", "android"),
    ("Oppo CPH2305", "Oppo Find X5 Pro", "yes", "android"),
    ("Sony XQ-DQ54", "Sony Xperia 1 IV – 1 VI", "yes", "android"),
    ("Sony XQ-DQ72", "Sony Xperia", "depends", "android"),
    ("Nothing A063", "Nothing Phone (1), (2), (2a)", "no", "android"),
    ("Nothing A024", "Nothing Phone (3)", "yes", "android"),
    ("Fairphone FP5", "Fairphone 4 – 6", "yes", "android"),
    ("Tecno TECNO KI5k", "Tecno TECNO KI5k", "unknown", "android"),
]


@pytest.mark.parametrize(("told", "name", "verdict", "guide"), PHONES, ids=[phone[0] for phone in PHONES])
def test_an_android_phone_is_known_by_what_telegram_tells(
    told: str, name: str, verdict: str, guide: str
) -> None:
    found = device(telegram(told))
    assert (found.name, found.verdict, found.guide) == (name, verdict, guide)


@pytest.mark.parametrize(
    ("version", "verdict", "reason", "one_tap"),
    [
        ("18_6", "yes", "iphone_region", True),
        ("26_0", "yes", "iphone_region", True),
        ("17_4_1", "yes", "iphone_region", True),
        ("17_3", "yes", "iphone_region", False),
        ("17_0", "yes", "iphone_region", False),
        ("16_7_10", "depends", "older_iphone", False),
        ("12_5", "depends", "older_iphone", False),
        ("11_4", "no", "older_iphone", False),
    ],
)
def test_an_iphone_is_judged_by_its_ios(version: str, verdict: str, reason: str, one_tap: bool) -> None:
    assert device(IPHONE.format(version)) == Device("iPhone", Verdict(verdict), "ios", one_tap, reason)


def test_an_ipad_depends_on_its_modem() -> None:
    found = device("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15")
    assert (found.verdict, found.reason, found.one_tap) == ("depends", "ipad", True)


@pytest.mark.parametrize("agent", DESKTOPS)
def test_a_computer_says_nothing_of_the_phone(agent: str) -> None:
    assert device(agent) == devices.NOBODY_KNOWS
    assert device(agent).how_to_tell == ""


def test_a_browser_that_hides_its_model_is_an_unknown_android() -> None:
    assert device(CHROME) == Device(None, Verdict.UNKNOWN, "android", None)


def test_an_older_webview_tells_its_model_without_telegram() -> None:
    agent = "Mozilla/5.0 (Linux; Android 13; SM-A546B Build/TP1A.220624.014; wv) AppleWebKit/537.36"
    assert device(agent).name == "Samsung Galaxy A54"


@pytest.mark.parametrize(
    ("told", "one_tap"),
    [
        ("Samsung SM-S911B", None),
        ("Huawei ELS-NX9", False),
        ("Huawei XYZ-L1", False),
        ("Samsung SM-A145F", False),
        ("Tecno KI5k", None),
    ],
)
def test_one_tap_on_android_is_a_maybe_or_a_no(told: str, one_tap: bool | None) -> None:
    assert device(telegram(told)).one_tap is one_tap


def test_a_slow_phone_is_spared_effects() -> None:
    assert device(telegram("Samsung SM-S911B", performance="LOW")).is_slow
    assert not device(telegram("Samsung SM-S911B")).is_slow


def test_the_region_is_said_where_it_matters() -> None:
    with speaking("en"):
        assert "South Korea" in device(telegram("Samsung SM-G991N")).why
        assert "China" in device(telegram("Xiaomi 2210132C")).why
        assert "Hong Kong" in device(IPHONE.format("18_0")).why
        assert device(telegram("Samsung SM-S911B")).why == ""


def test_an_open_verdict_says_how_to_tell() -> None:
    with speaking("ru"):
        assert "*#06#" in device(telegram("Tecno KI5k")).how_to_tell
        assert "*#06#" in device(IPHONE.format("16_0")).how_to_tell
        assert device(telegram("Samsung SM-S911B")).how_to_tell == ""


def test_every_line_of_the_list_can_be_used() -> None:
    phones = devices.KNOWN_PHONES
    assert len(phones) > 90
    assert {phone.reason for phone in phones} - {""} <= set(REASONS)
    assert {phone.verdict for phone in phones if not phone.reason} == {Verdict.YES, Verdict.NO}
    assert re.search(r"# Source: .+\n.*Date: \d{4}-\d\d-\d\d", devices.PHONES.read_text())


def test_every_reason_is_said_in_both_languages() -> None:
    said = set()
    for language in LANGUAGES:
        with speaking(language):
            said |= {Device(None, Verdict.DEPENDS, "android", None, reason).why for reason in REASONS}
    assert len(said) == len(LANGUAGES) * len(REASONS)


@settings(deadline=None, derandomize=True)
@given(
    st.text(alphabet=st.sampled_from("()[];/ aK0_.\\Android SDK iPhone OS Telegram-Linux\n\0é"), max_size=900)
)
def test_no_header_breaks_it(agent: str) -> None:
    found = device(agent)
    assert found.name is None or len(found.name) <= devices.LONGEST_NAME


def test_a_hostile_header_is_read_in_no_time() -> None:
    for part in (
        "Telegram-Android/1 (",
        "(Linux; Android 1; ",
        "iPhone ",
        "(" * 9,
        "Telegram-Android/1 (a(",
        "; ",
    ):
        assert device(part * 10_000).verdict in set(Verdict)
