"""What following costs: two months of sales played through with the very rule that decides the next look."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp import esims

OPENED = datetime(2030, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS, SALES_A_DAY = 60, 170
MEASURED_FROM = OPENED + (DAYS - 3) * DAY
MEASURED_TO = OPENED + DAYS * DAY
CALLS_A_LOOK = 2
CEILING = 8


@dataclass(frozen=True)
class Life:
    """Install is pressed some minutes after the sale or on the evening before the journey."""

    sold_at: datetime
    pressed_at: datetime
    starts_at: datetime
    used_up_at: datetime
    ends_at: datetime

    def state(self, now: datetime) -> str:
        if now < self.starts_at:
            return "queued"
        if now >= self.ends_at:
            return "expired"
        return "active" if now < self.used_up_at else "depleted"

    def hints(self) -> list[datetime]:
        """Install pressed, then callbacks: profile, first attachment, first use, 50, 80 and 100 %."""
        used_in = self.used_up_at - self.starts_at
        marks = [self.starts_at + used_in * share for share in (0.5, 0.8, 1)]
        installed_at = self.pressed_at + timedelta(minutes=3)
        return sorted([self.pressed_at, installed_at, self.starts_at, self.starts_at, *marks])


def lived(chance: random.Random, day: int) -> Life:
    hour = chance.triangular(0, 24, 20)
    sold_at = OPENED + day * DAY + timedelta(hours=hour)
    waits = timedelta(days=chance.triangular(0, 21, 4))
    at_once = chance.random() < 0.4
    pressed_at = sold_at + (timedelta(minutes=chance.uniform(1, 20)) if at_once else waits)
    starts_at = max(sold_at + waits, pressed_at) + timedelta(hours=chance.uniform(0, 12))
    days = chance.choice((7, 15, 30))
    used_up_at = starts_at + timedelta(days=days * chance.uniform(0.4, 1.4))
    return Life(sold_at, pressed_at, starts_at, used_up_at, starts_at + timedelta(days=days))


def looks(life: Life) -> Iterator[datetime]:
    """From its last hint before the measured days on: a hint brings a look, whatever came before."""
    hints = life.hints()
    now = max([life.sold_at, *(hint for hint in hints if hint <= MEASURED_FROM)])
    while now < MEASURED_TO:
        yield now
        pressed_at = life.pressed_at if life.pressed_at <= now else None
        wait = esims.pause([life.state(now)], life.sold_at, pressed_at, now)
        while hints and hints[0] <= now:
            hints.pop(0)
        if wait is None and not hints:
            return
        planned = MEASURED_TO if wait is None else now + wait
        now = min(planned, hints[0]) if hints else planned


def test_ten_thousand_esims_are_followed_with_room_to_spare() -> None:
    chance = random.Random(7)
    lives = [lived(chance, day) for day in range(DAYS) for _ in range(SALES_A_DAY)]
    followed = [life for life in lives if life.ends_at > MEASURED_FROM]
    minutes: Counter[int] = Counter()
    for life in followed:
        for moment in looks(life):
            if moment >= MEASURED_FROM:
                minutes[int((moment - MEASURED_FROM).total_seconds()) // 60] += CALLS_A_LOOK
    average = minutes.total() / (MEASURED_TO - MEASURED_FROM).total_seconds()
    peak = max(minutes.values()) / 60
    print(
        f"following: {len(lives)} eSIMs sold in {DAYS} days, {len(followed)} still followed: "
        f"{average:.2f} calls/s on average, {peak:.2f} calls/s in the peak minute"
    )
    assert len(lives) >= 10_000
    assert 0 < average < 3
    assert peak < CEILING, "a backlog never builds up"
