"""The real bot with models that cost nothing, for what is not about models: queue, database, delivery.

    python -m tests.bot.stub_models run

All of the process is real, the analyzer's turns and limits included; only decoding and the models are not.
A note's file is its words in ASCII, of which the first may be its tone: `b"negative I told you so"`. So what
is found on a disk of the words is the note's audio, too. `STUB_SECONDS` is the work on each note; with
`STUB_DECODES` set, files are real ones and really decoded, and their words are always the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from prometheus_client import Gauge

import models.analyzer
from bot import cli
from models.analyzer import Analyzer
from models.audio import SAMPLE_RATE
from models.speech.transcript import Samples, Span
from models.tone.model import WEIGHTS
from models.turns import Pause
from models.verdict import EMOTIONS, TONES, JudgedWord, Language, Moment, Seconds, Verdict

__all__ = ["STUBBED", "TASKS", "note_of"]

STUBBED = (sys.executable, "-m", "tests.bot.stub_models", "run")
"""What to start instead of the bot: `BotProcess(…, command=STUBBED)`."""
TASKS = "stub_asyncio_tasks"
"""On the bot's `/metrics`: the tasks of its loop."""
DECODES = bool(os.environ.get("STUB_DECODES"))
REAL_SOUND = "negative is all that can be said of it"
NOTE_SECONDS = 5
PIECE: Seconds = 0.05


def note_of(words: str) -> bytes:
    """A file in which this is said."""
    return words.encode("ascii")


class StubAnalyzer(Analyzer):
    """Hears at once, or after a set time, with the turns of the real one."""

    def __init__(self, seconds: Seconds) -> None:
        # No tone model either: `_verdict` and `_judge` are all that use one.
        super().__init__(None, None, WEIGHTS, ThreadPoolExecutor(64))  # type: ignore[arg-type]
        self._seconds = seconds

    def _verdict(
        self,
        samples: Samples,
        speech: Sequence[Span],
        language: Language | None,
        hint: Language | None,
        pause: Pause,
        explain: bool = True,
    ) -> Verdict:
        ends_at = time.monotonic() + self._seconds
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(PIECE, left))
            pause(NOTE_SECONDS * (1 - max(0.0, left - PIECE) / self._seconds))
        said = REAL_SOUND if DECODES else samples[samples > 0].astype(np.uint8).tobytes().decode("ascii")
        return _verdict(said, language or hint or "en", NOTE_SECONDS)

    def _judge(self, texts: Sequence[str], language: Language | None) -> list[Verdict]:
        return [_verdict(text, language or "en", 0.0) for text in texts]


def _verdict(said: str, language: Language, duration: Seconds) -> Verdict:
    first = said.partition(" ")[0]
    tone = next((tone for tone in TONES if tone == first), "negative")
    words = said.split()
    step = duration / max(1, len(words))
    return Verdict(
        tone=tone,
        confidence=0.9,
        unsure=False,
        scores={one: 0.9 if one == tone else 0.05 for one in TONES},
        emotions={emotion: 0.9 if emotion == "anger" else 0.01 for emotion in EMOTIONS},
        emotions_present=("anger",),
        language=language,
        transcript=said,
        duration=duration,
        engine="stub",
        timeline=(Moment(0.0, duration, tone, 0.9),),
        words=tuple(JudgedWord(word, i * step, (i + 1) * step, 0.5) for i, word in enumerate(words)),
    )


async def _decode(data: bytes, limits: Any = None) -> Samples:
    samples = np.zeros(NOTE_SECONDS * SAMPLE_RATE, np.float32)
    samples[: len(data)] = np.frombuffer(data, np.uint8)
    return samples


def _find_speech(samples: Samples, **_: Any) -> list[Span]:
    return [Span(0.0, len(samples) / SAMPLE_RATE)]


async def _open(*_: Any) -> StubAnalyzer:
    return StubAnalyzer(float(os.environ.get("STUB_SECONDS", "0")))


if __name__ == "__main__":
    models.analyzer.find_speech = _find_speech
    if not DECODES:
        models.analyzer.decode = _decode
    Analyzer.open = _open  # type: ignore[method-assign, assignment]
    # The page is made on the bot's loop, so these are its tasks.
    Gauge(TASKS, "Tasks of the loop.").set_function(lambda: len(asyncio.all_tasks()))
    sys.exit(cli.main())
