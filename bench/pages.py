"""What a page costs a phone on airport Wi-Fi: a real Chromium, throttled over its DevTools protocol.

150 ms latency, 1.6 Mbit/s down, 0.75 Mbit/s up, a processor four times slower; nothing in the cache. Weight
and requests are of the page without Telegram's script, as are the promises; paint is the largest one (LCP),
shift the sum of all layout shifts. Each row is the median of several loads.
"""

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

TELEGRAM = "telegram-web-app"
LATENCY_MS, DOWN, UP, SLOWER = 150, 1.6e6 / 8, 0.75e6 / 8, 4
WATCH = """
window.seen = {paint: 0, shift: 0, moved: []};
new PerformanceObserver(list => list.getEntries().forEach(e => { seen.paint = e.startTime; }))
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(e => {
  seen.shift += e.value;
  e.sources.forEach(s => seen.moved.push(`${s.node && s.node.outerHTML || ""}`.slice(0, 80)));
}))
  .observe({type: 'layout-shift', buffered: true});
"""


@dataclass(frozen=True)
class Cost:
    weight: int
    requests: int
    paint_ms: float
    shift: float
    moved: tuple[str, ...] = ()


def cost(browser: Browser, url: str, *, hangs: bool = False, times: int = 5, settle_ms: int = 1500) -> Cost:
    """The page's cost at its first opening; with `hangs` Telegram's script never answers."""
    loads = [_load(browser, url, hangs, settle_ms) for _ in range(times)]
    return Cost(
        weight=max(load.weight for load in loads),
        requests=max(load.requests for load in loads),
        paint_ms=statistics.median(load.paint_ms for load in loads),
        shift=max(load.shift for load in loads),
        moved=tuple(sorted({part for load in loads for part in load.moved})),
    )


def _load(browser: Browser, url: str, hangs: bool, settle_ms: int) -> Cost:
    with _phone(browser) as (page, wire):
        if hangs:
            wire.send("Fetch.enable", {"patterns": [{"urlPattern": f"*{TELEGRAM}*"}]})
        sizes = _weigh(wire)
        page.goto(url, wait_until="commit")
        page.wait_for_selector("main h1")
        page.wait_for_timeout(settle_ms)
        seen = page.evaluate("window.seen")
    return Cost(sum(sizes.values()), len(sizes), seen["paint"], seen["shift"], tuple(seen["moved"]))


@contextmanager
def _phone(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    conditions = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": DOWN, "uploadThroughput": UP}
    wire.send("Network.emulateNetworkConditions", conditions)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    yield page, wire
    context.close()


def _weigh(wire: CDPSession) -> dict[str, int]:
    """Fills while the page loads: bytes on the wire by request, headers included."""
    sizes: dict[str, int] = {}
    ours: set[str] = set()

    def begun(event: dict[str, Any]) -> None:
        if TELEGRAM not in event["request"]["url"] and event["request"]["url"].startswith("http"):
            ours.add(event["requestId"])

    def ended(event: dict[str, Any]) -> None:
        if event["requestId"] in ours:
            sizes[event["requestId"]] = int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", begun)
    wire.on("Network.loadingFinished", ended)
    return sizes


def table(rows: dict[str, Cost]) -> str:
    lines = [f"{'page':34}{'weight':>10}{'requests':>10}{'paint':>10}{'shift':>9}"]
    for name, row in rows.items():
        figures = f"{row.weight / 1000:>7.1f} KB{row.requests:>10}{row.paint_ms:>7.0f} ms{row.shift:>9.3f}"
        lines.append(f"{name:34}{figures}")
    return "\n".join(lines)


THEME = json.dumps({"bg_color": "#ffffff", "text_color": "#000000", "secondary_bg_color": "#efeff4"})
