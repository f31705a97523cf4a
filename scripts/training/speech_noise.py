"""What becomes of a text on its way through the air: said, disturbed, squeezed by a phone, written down.

A synthetic voice says it at some pace, noise comes on top at some level, Opus carries it as Telegram would,
and the bot's own ears (`models/audio`, `models/speech`) write down what they hear. The slips are the ones
that the model will meet, not ones that someone thought of.
"""

from __future__ import annotations

import asyncio
import io
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import emoji
import numpy as np
from numpy.typing import NDArray

from models.audio import decode, find_ffmpeg
from models.speech.engines import Engine, EngineName, open_engine
from models.speech.transcript import Transcriber
from models.speech.vad import find_speech
from models.verdict import Language, UnusableNote
from scripts.training.asr_style import name_people
from scripts.training.datasets import Row
from scripts.training.voices import VoiceFailed, voices
from scripts.training.word_errors import Pair, word_error_rate

if TYPE_CHECKING:
    from pydub import AudioSegment

__all__ = [
    "Air",
    "Ears",
    "Heard",
    "Said",
    "among_others",
    "hear_all",
    "mixed",
    "sayable",
    "summary",
    "write_down",
]

NOISES = ("white", "pink", "babble")
_TELEGRAM = ["-ac", "1", "-ar", "48000", "-application", "voip"]
"""How its apps record a voice note."""
_BABBLERS = 4
_BAND = 5
"""dB that count as one level in the summary."""


@dataclass(frozen=True, slots=True)
class Air:
    """What is between the mouth and the ear."""

    noises: tuple[str, ...] = NOISES
    """White and pink noise, and other sentences said at the same time."""
    snr: tuple[float, float] = (0.0, 25.0)
    """Lowest and highest level of the voice over the noise, in dB; all between are as likely."""
    pace: tuple[float, float] = (0.9, 1.2)
    """Slowest and fastest, as a factor."""
    bitrate: tuple[int, int] = (16, 24)
    """Of Opus, in kbit/s."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What writes down what it hears; see `models.speech.engines`."""

    engine: EngineName = "auto"
    wav2vec2: str = "facebook/wav2vec2-base-960h"
    wav2vec2_ru: str = "jonatasgrosman/wav2vec2-large-xlsr-53-russian"
    cache_dir: Path = Path("data/models")

    def open(self, threads: int) -> Engine:
        """Raises EngineUnavailable."""
        models: dict[Language, str] = {"en": self.wav2vec2, "ru": self.wav2vec2_ru}
        return open_engine(self.engine, models, self.cache_dir, threads, lambda *_: None)


@dataclass(frozen=True, slots=True)
class Said:
    """A text to say, and what others say meanwhile."""

    row: Row
    copy: int
    others: tuple[str, ...]
    seed: str
    """Decides voice, pace, noise and level, whatever else is said before or after."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was written down of it."""

    said: Said
    reference: str
    """The words that were said."""
    heard: str
    """The words that were written down; empty where none were made out or the voice failed."""
    wer: float
    """Word error rate, 0 for none; above 1 where more was heard than said."""
    voice: str
    noise: str
    snr: float
    """dB."""
    engine: str


def sayable(text: str) -> bool:
    """Whether a voice can say all that matters in a text: emoji, of which a tone may hang, it cannot."""
    return bool(re.search(r"[^\W\d_]", text)) and not emoji.emoji_count(text)


def hear_all(said: Sequence[Said], air: Air, ears: Ears, workers: int) -> Iterator[Heard]:
    """What is heard of each, as it comes in: in no order if there is more than one worker.

    Each worker is a process with voices, engine and one core of its own.
    """
    if workers == 1:
        listener = _Listener(air, ears)
        yield from map(listener.hear, said)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _settle, (air, ears))
    try:
        for heard in as_completed([pool.submit(_hear, one) for one in said]):
            yield heard.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Listener:
    """One voice after another, and the ears."""

    def __init__(self, air: Air, ears: Ears) -> None:
        self._air = air
        self._engine = ears.open(threads=1).transcriber
        self._ffmpeg = str(asyncio.run(find_ffmpeg()))

    def hear(self, said: Said) -> Heard:
        chance = random.Random(said.seed)  # noqa: S311
        language = said.row.language
        reference = name_people(said.row.text, language, chance)
        voice = chance.choice(sorted(voices(language)))
        noise = chance.choice(self._air.noises)
        snr = round(chance.uniform(*self._air.snr), 1)
        try:
            spoken = voices(language)[voice](reference)
            disturbed = mixed(spoken, self._noise(noise, len(spoken) / 1000, said, chance), snr)
            heard = write_down(self._engine, self._note(disturbed, chance), language)
        except VoiceFailed:
            heard = ""
        wer = word_error_rate([Pair(heard, reference, language)])
        return Heard(said, reference, heard, wer, voice, noise, snr, self._engine.name)

    def _noise(self, kind: str, seconds: float, said: Said, chance: random.Random) -> AudioSegment:
        if kind == "babble" and said.others:
            speakers = voices(said.row.language)
            spoken = [speakers[chance.choice(sorted(speakers))](text) for text in said.others]
            babble = max(spoken, key=len)
            for one in spoken:
                babble = babble.overlay(one.apply_gain(babble.dBFS - one.dBFS), loop=True)
            return babble
        return _hiss(seconds, chance, pink=kind == "pink")

    def _note(self, sound: AudioSegment, chance: random.Random) -> bytes:
        """A voice note, as Telegram would deliver it."""
        pace, bitrate = chance.uniform(*self._air.pace), chance.randint(*self._air.bitrate)
        sound.converter = self._ffmpeg
        note = io.BytesIO()
        sound.export(
            note,
            format="ogg",
            codec="libopus",
            bitrate=f"{bitrate}k",
            parameters=[*_TELEGRAM, "-af", f"atempo={pace:.3f}"],
        )
        return note.getvalue()


def write_down(engine: Transcriber, note: bytes, language: Language | None) -> str:
    """What `engine` hears in the file of a note; empty where nobody speaks or no words can be made out.

    Raises:
        UnusableNote: there is no sound in it.
    """
    samples = asyncio.run(decode(note))
    speech = find_speech(samples)
    if not speech:
        return ""
    try:
        return engine.transcribe(samples, speech, language, None).text
    except UnusableNote:
        return ""


def mixed(spoken: AudioSegment, noise: AudioSegment, snr: float) -> AudioSegment:
    """The voice, `snr` dB above the noise, with room for both."""
    quiet = spoken.apply_gain(-20 - spoken.dBFS)
    return quiet.overlay(noise.apply_gain(quiet.dBFS - noise.dBFS - snr), loop=True)


def _hiss(seconds: float, chance: random.Random, pink: bool, rate: int = 24_000) -> AudioSegment:
    from pydub import AudioSegment

    generator = np.random.default_rng(chance.getrandbits(64))
    noise: NDArray[np.float64] = generator.standard_normal(max(1, int(seconds * rate)))
    if pink:
        spectrum = np.fft.rfft(noise)
        # Power falls by half with each doubling of the frequency.
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), len(noise))
    loud = noise / np.abs(noise).max() * 32767
    return AudioSegment(loud.astype("<i2").tobytes(), sample_width=2, frame_rate=rate, channels=1)


_listener: _Listener | None = None
"""Of a worker process; loaded once, for all that it hears."""


def _settle(air: Air, ears: Ears) -> None:
    global _listener
    _listener = _Listener(air, ears)


def _hear(said: Said) -> Heard:
    if _listener is None:
        raise RuntimeError("this process was not told how to listen")
    return _listener.hear(said)


def among_others(wanted: Iterable[tuple[Row, int]], rows: Sequence[Row], seed: int) -> list[Said]:
    """Each wanted row (and which copy of it), while others of `rows` in its language are said nearby."""
    crowd: dict[Language, list[str]] = {}
    for row in rows:
        crowd.setdefault(row.language, []).append(row.text)
    said = []
    for row, copy in wanted:
        own = f"{seed} {copy} {row.text}"
        chance = random.Random(f"{own} others")  # noqa: S311
        others = {chance.choice(crowd[row.language]) for _ in range(_BABBLERS)} - {row.text}
        said.append(Said(row, copy, tuple(sorted(others)), own))
    return said


def summary(heard: Iterable[Mapping[str, str]], most_wrong: float) -> str:
    """A Markdown table of how much was misheard in which noise; rows with `language`, `wer` and `snr`."""
    bands: dict[tuple[str, int], list[float]] = {}
    for row in heard:
        band = int(float(row["snr"]) // _BAND * _BAND)
        bands.setdefault((row["language"], band), []).append(float(row["wer"]))
    lines = [
        f"| language | dB | rows | without a slip | median WER | WER above {most_wrong:g} |",
        "|---|---|---|---|---|---|",
    ]
    for (language, band), rates in sorted(bands.items()):
        clean = sum(rate == 0 for rate in rates) / len(rates)
        lost = sum(rate > most_wrong for rate in rates) / len(rates)
        lines.append(
            f"| {language} | {band} to {band + _BAND} | {len(rates)} | {clean:.0%} | {median(rates):.2f} "
            f"| {lost:.0%} |"
        )
    return "\n".join(lines)
