"""The picture of a chat's tones."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.chart import COLOURS, DAYS, draw
from models.verdict import TONES

COUNTS = st.fixed_dictionaries({tone: st.integers(0, 100_000) | st.integers(0, 3) for tone in TONES})


@given(st.lists(COUNTS, min_size=DAYS, max_size=DAYS))
def test_every_tone_that_was_heard_is_seen(counted):
    first = date(2026, 11, 1)
    png = draw({first + timedelta(days=number): Counter(tones) for number, tones in enumerate(counted)})
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    colours = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in picture.getcolors(1 << 20)}
    heard = {
        tone for tones in counted for tone in TONES if tones[tone] > max(1, max(map(_total, counted)) // 100)
    }
    assert {COLOURS[tone][1] for tone in heard} <= colours


def _total(tones):
    return sum(tones.values())
