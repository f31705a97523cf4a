"""A picture of a chat's tones, day by day: stacked bars, and nothing that tells who or what.

There are only figures in it, for the font that Pillow brings has Latin letters alone; what the colours mean
stands in the caption, in the chat's language.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo

from PIL import Image, ImageDraw, ImageFont

from models.verdict import TONES, Tone

__all__ = ["COLOURS", "DAYS", "by_day", "draw"]

DAYS = 14

COLOURS: dict[Tone, tuple[str, str]] = {
    "negative": ("🟧", "#e8743b"),
    "neutral": ("⬜", "#c9ced6"),
    "positive": ("🟦", "#3b82c4"),
}
"""The square of the caption and the colour of the bar; orange and blue, which nobody mixes up."""
WIDTH, HEIGHT = 1000, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 40, 70
"""Margins around the bars, pixels."""
BAR_SHARE = 0.66
"""Of a day's width."""
PAPER, LINE, INK, PALE_INK = "#ffffff", "#e6e8ec", "#3c4450", "#8a93a0"
FONT_SIZE = 22
STEPS = (1, 2, 5)
MOST_LINES = 5

Days = Mapping[date, Counter[Tone]]


def by_day(heard: Iterable[tuple[datetime, Tone]], today: date, clock: tzinfo) -> dict[date, Counter[Tone]]:
    """The tones of each of the last `DAYS` days by the chat's clock, the first day first."""
    days: dict[date, Counter[Tone]] = {
        today - timedelta(days=back): Counter() for back in reversed(range(DAYS))
    }
    for at, tone in heard:
        day = at.astimezone(clock).date()
        if day in days:
            days[day][tone] += 1
    return days


def draw(days: Days) -> bytes:
    """A PNG of stacked bars, one a day."""
    # All edges are upright or level, and letters come smooth: drawing it larger first would gain nothing.
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    step, top = _axis(max((tones.total() for tones in days.values()), default=0))
    for value in range(0, top + 1, step):
        y = _y(value, top)
        pen.line((LEFT, y, WIDTH - RIGHT, y), fill=LINE)
        _write(pen, (LEFT - 14, y), str(value), "rm", PALE_INK)
    width = (WIDTH - LEFT - RIGHT) / len(days)
    for number, (day, tones) in enumerate(days.items()):
        middle = LEFT + (number + 0.5) * width
        _bar(pen, middle, BAR_SHARE * width, tones, top)
        # Every other day is enough to find one's way, and today is always there.
        if (len(days) - 1 - number) % 2 == 0:
            _write(pen, (middle, HEIGHT - BOTTOM + 14), f"{day:%d.%m}", "mt", INK)
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()


def _axis(most: int) -> tuple[int, int]:
    """The step between two lines, and the top one."""
    unit = 1
    while True:
        for step in (unit * factor for factor in STEPS):
            lines = -(-max(most, 1) // step)
            if lines <= MOST_LINES:
                return step, lines * step
        unit *= 10


def _y(value: float, top: int) -> int:
    return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM))


def _bar(pen: ImageDraw.ImageDraw, middle: float, width: float, tones: Counter[Tone], top: int) -> None:
    begin = 0
    for tone in TONES:
        end = begin + tones[tone]
        if end > begin:
            # Pillow draws the last row of pixels too, and it belongs to the part below; but one note is seen.
            high, low = _y(end, top), max(_y(end, top), _y(begin, top) - 1)
            box = (round(middle - width / 2), high, round(middle + width / 2), low)
            pen.rectangle(box, fill=COLOURS[tone][1])
        begin = end


def _write(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, anchor: str, ink: str) -> None:
    pen.text(at, text, fill=ink, font=ImageFont.load_default(FONT_SIZE), anchor=anchor)
