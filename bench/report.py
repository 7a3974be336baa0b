"""The figures as docs/benchmarks.md shows them, each beside its goal."""

import os
import platform
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from bench import pages
from bench.admin import GOAL_MS, ORDERS, YEARS
from bench.buying import CROWD, Bought, Crowd
from bench.checkouts import BUYERS, GOAL_S, TELEGRAM_WAITS_S, Answers
from bench.growing import GOAL, SIZES, Cost
from bench.load import Load, table
from bench.searching import GOAL_MS as SEARCH_GOAL_MS
from bench.searching import Searches

TITLE = """# What it costs, and what it carries

Written by `make bench`. Each row of the first table was measured in the same run beside a bare Flask that
says `hello`, on the same server with the same settings: Granian, one process, 16 threads, 16 connections of
wrk on the same machine. So ratios can be compared between machines, and requests a second cannot. On a
machine that is busy with other things both get worse, the shop more than the bare one.

Pages are **known** here, which is the usual case: ten times a second at most one statement looks whether they
are still right. **An order's status** too is measured for a customer who asks again, without the page's tag;
made anew, after a change, it takes about ten times as long. The rows that write are committed with
`synchronous=FULL` before they are answered.
"""


def page(parts: list[str]) -> str:
    return "\n\n".join([TITLE.strip(), *parts, *_short()]) + "\n"


def _short() -> list[str]:
    notes = Path(__file__).with_name("notes.md")
    return [notes.read_text().strip()]


def machine() -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    cores = len(os.sched_getaffinity(0))
    programs = ", ".join(f"{name} {version(name)}" for name in ("granian", "flask", "peewee"))
    return (
        "## The machine\n\n"
        f"{cores} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}, {programs}; "
        f"load of the last minute when it began: {os.getloadavg()[0]:.1f}."
    )


def of_load(title: str, load: Load) -> str:
    return (
        f"## {title}\n\n{table(load)}\n\n"
        f"| | reached | goal |\n|---|---|---|\n"
        f"| memory of the web process | {load.memory_mb:.0f} MB | <= 120 MB |\n"
        f"| cold start of the web | {load.cold_s:.1f} s | <= 2 s |"
    )


def of_buying(bought: Bought) -> str:
    seconds = sorted(bought.seconds)
    calls = ", ".join(f"{count} × {name}" for name, count in Counter(map(_kind, bought.calls)).items())
    return (
        "## Buying\n\n| | reached | goal |\n|---|---|---|\n"
        f"| paid to QR code, eSIM Go answers in 1 s | median {seconds[len(seconds) // 2]:.1f} s, "
        f"p95 {bought.p95:.1f} s of {len(seconds)} purchases | p95 <= 3 s |\n"
        f"| 200 customers poll their unpaid orders every 2 s while eSIM Go hangs | "
        f"p50 {bought.polls.p50:.0f} ms, p95 {bought.polls.p95:.0f} ms, "
        f"{bought.polls.bad} errors | p95 <= 100 ms |\n"
        f"| calls of eSIM Go from payment to activation | {len(bought.calls)}: {calls} | |\n"
        f"| catalogue asked for, read and published | {bought.sync_s:.1f} s | |\n"
        f"| memory of the jobs process | {bought.jobs_mb:.0f} MB | <= 120 MB |"
    )


def _kind(call: str) -> str:
    """Without the ICCID or reference in it."""
    method, _, path = call.partition(" ")
    words = ["…" if any(letter.isdigit() for letter in word) else word for word in path.split("/")]
    return f"{method} {'/'.join(words)}"


def of_checkouts(answers: dict[str, Answers]) -> str:
    lines = [
        f"| {silent} | {told.p99:.2f} s | {max(told.seconds):.2f} s | {len(told.seconds)} | {told.refused} |"
        for silent, told in answers.items()
    ]
    return "\n".join(
        [
            f"## {BUYERS} pre-checkouts at once, then each again",
            "",
            "| who hangs | p99 | slowest | answered | refused |",
            "|---|---|---|---|---|",
            *lines,
            "",
            f"Goal (R6): p99 <= {GOAL_S} s, none refused; Telegram itself waits {TELEGRAM_WAITS_S} s.",
        ]
    )


def of_searching(searches: Searches) -> str:
    return (
        f"## A search of {searches.places} places\n\n| | reached | goal |\n|---|---|---|\n"
        f"| slowest of {searches.count} searches (`{searches.of}`) | {searches.slowest:.1f} ms | "
        f"<= {SEARCH_GOAL_MS} ms |\n"
        f"| the first of a process | {searches.first:.0f} ms | |"
    )


def of_growing(costs: dict[int, Cost]) -> str:
    first = costs[SIZES[0]]
    lines = [
        "## Growing",
        "",
        "| orders | pages ms | of the first | jobs ms | of the first |",
        "|---|---|---|---|---|",
    ]
    for size, cost in costs.items():
        pages_, jobs = cost.page / first.page, cost.jobs / first.jobs
        lines.append(f"| {size} | {cost.page:.1f} | {pages_:.2f} | {cost.jobs:.1f} | {jobs:.2f} |")
    return "\n".join(
        [
            *lines,
            "",
            f"Goal: at most {GOAL} times. Pages: shop, an order, My eSIMs with 20 of them, made anew.",
        ]
    )


def of_admin(found: dict[str, tuple[dict[str, float], int]]) -> str:
    names = list(found)
    lines = [f"| page | {' | '.join(f'{name} ms' for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for page_ in next(iter(found.values()))[0]:
        times = " | ".join(f"{found[name][0][page_]:.0f}" for name in names)
        lines.append(f"| {page_} | {times} |")
    recount = ", ".join(f"{found[name][1]} on {name}" for name in names)
    return "\n".join(
        [
            f"## The merchant's pages over {ORDERS:,} orders of {YEARS} years",
            "",
            *lines,
            "",
            f"Goal: each under {GOAL_MS} ms. Figures that differ from a recount by hand: {recount}.",
        ]
    )


def of_phone(rows: dict[str, pages.Cost]) -> str:
    about = "First opening at 150 ms, 1.6 Mbit/s, processor 4x slower; without Telegram's script."
    return f"## On a phone\n\n{about}\n\n```\n{pages.table(rows)}\n```"


def of_crowd(crowd: Crowd) -> str:
    return (
        f"## {CROWD} buyers at once\n\n"
        f"{crowd.delivered} delivered, the last after {crowd.last_s / 60:.1f} min; {crowd.told_before} told "
        f"before paying that the line is full; {crowd.refunds} refunds. Goal: all who paid within 15 "
        "minutes, no refund."
    )
