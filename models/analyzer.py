"""Audio → Verdict: the one thing that the bot sees of the models.

The loop that calls is never held up: decoding is a child process, and all that computes runs in threads that
take turns, for every model already uses all the cores: a short note need not wait for the end of a long one.
Where someone speaks in a note is found while the models listen to another one. The longer notes are, the
fewer are held decoded, so memory does not grow with the queue.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from pathlib import Path
from threading import Event, Lock
from traceback import clear_frames
from typing import Self, TypeVar

import numpy as np

from models.audio import (
    LONGEST_NOTE,
    SAMPLE_RATE,
    AudioLimits,
    AudioToolMissing,
    decode,
    describe_decoder,
    find_ffmpeg,
)
from models.speech.engines import Engine, EngineName, Progress, open_engine
from models.speech.transcript import EngineUnavailable, Samples, Span, Word
from models.speech.vad import find_speech
from models.tone.attention import Attention, AttentionModel
from models.tone.model import WEIGHTS, Judgement, ToneModel
from models.tone.text import detect_language, normalise, recogniser_errors
from models.tone.windows import read
from models.turns import Pause, Turns, Wanted
from models.verdict import (
    EMOTIONS,
    LANGUAGES,
    TONES,
    JudgedWord,
    Language,
    Seconds,
    Tone,
    Unusable,
    UnusableNote,
    Verdict,
)

__all__ = [
    "LONGEST_NOTE",
    "Analyzer",
    "AnalyzerOptions",
    "Attention",
    "AudioToolMissing",
    "Done",
    "EngineUnavailable",
    "Heard",
    "Insight",
    "describe_decoder",
    "find_ffmpeg",
    "forget_frames",
]

_log = logging.getLogger(__name__)

_MOST_CORES = 8
"""Threads of each model. Networks as small as these gain little from more."""
_DECODED_AT_ONCE = 4
_ROOMS: tuple[tuple[Seconds, int], ...] = ((60.0, 64), (300.0, 8), (LONGEST_NOTE, 2))
"""Notes of up to so many seconds, and how many of them may be decoded and wait for their turn: long ones
never take the place of short ones. A minute of sound takes 4 MB, an hour 230."""

_LEAD: Seconds = 3.0
"""A note costs about as much as if it lasted so much longer: models have a least to do."""
_USUAL_PACE = 0.15
"""Seconds of work for a second of a note, until notes of this process say otherwise."""
_MEMORY = 0.9
"""What the notes before count for, beside the last one, in the running mean of the pace."""

_T = TypeVar("_T")

Heard = Callable[[Seconds, Seconds], None]
"""Told how much of a note is done, and how long it is."""


@dataclass(frozen=True, slots=True)
class AnalyzerOptions:
    """What to listen and judge with."""

    engine: EngineName = "auto"
    wav2vec2_model: str = "facebook/wav2vec2-base-960h"
    """English: hub id or folder."""
    wav2vec2_model_ru: str = "jonatasgrosman/wav2vec2-large-xlsr-53-russian"
    """Russian: hub id or folder."""
    language_model: Path | None = None
    """English: a KenLM file or folder to read wav2vec2's letters with; without one they stand as heard."""
    language_model_ru: Path | None = None
    """Russian."""
    cache_dir: Path = Path("data/models")
    """Downloaded, converted and joined models; never anything of a note."""
    tone_weights: Path = WEIGHTS
    """Folder of the fine-tuned tone model."""
    listens: bool = True
    """False for texts only: no engine is loaded."""


@dataclass(frozen=True, slots=True)
class Done:
    """What the models have done since they were loaded. Work for each second of sound is `work / sound`."""

    sound: Seconds = 0.0
    """Of all notes that were heard to their end."""
    work: Seconds = 0.0
    """What these took, waits for other notes apart."""


@dataclass(frozen=True, slots=True)
class Insight:
    """How the verdict on a text came about, as far as that can be seen."""

    tone: Tone
    confidence: float
    """Calibrated probability of `tone`, 0..1."""
    language: Language
    """Whose calibration was used."""
    attention: Attention
    effects: tuple[float, ...]
    """How much each of the attention's words speaks for `tone`: -1 (against) .. 1 (for)."""


class Analyzer:
    """Listens and judges. `async with await Analyzer.open(…)`; made once, used by many tasks."""

    def __init__(
        self,
        engine: Engine | None,
        tone: ToneModel,
        tone_weights: Path,
        workers: ThreadPoolExecutor,
    ) -> None:
        self._engine = engine
        self._tone = tone
        self._tone_weights = tone_weights
        self._attention: AttentionModel | None = None
        self._opening = Lock()
        about = (tone_weights / "tone.json").read_bytes()
        self._tone_version = json.loads(about)["sha256"]["tone.onnx"][:8]
        corrections = [recogniser_errors(language) for language in LANGUAGES]
        read_by = f"{engine.weights if engine else ''}{about!r}{corrections}"
        self._version = sha256(read_by.encode()).hexdigest()[:8]
        self._workers = workers
        self._detecting = Turns()
        self._listening = Turns()
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)
        self._rooms = [(longest, asyncio.Semaphore(places)) for longest, places in _ROOMS]
        self._pace = _Pace()

    @classmethod
    async def open(cls, options: AnalyzerOptions, progress: Progress = lambda *_: None) -> Self:
        """Load the models. The first time may take minutes; `progress` hears of anything that takes seconds.

        Raises:
            EngineUnavailable: nothing here can write speech down.
            FileNotFoundError: there are no tone weights.
        """
        # A note that waits for its turn waits in a thread.
        workers = ThreadPoolExecutor(sum(places for _, places in _ROOMS), thread_name_prefix="listener")

        def load() -> tuple[Engine | None, ToneModel]:
            threads = _cores()
            tone = ToneModel.load(options.tone_weights, threads)
            if not options.listens:
                return None, tone
            wav2vec2: dict[Language, str] = {"en": options.wav2vec2_model, "ru": options.wav2vec2_model_ru}
            models: dict[Language, Path | None] = {
                "en": options.language_model,
                "ru": options.language_model_ru,
            }
            engine = open_engine(
                options.engine,
                wav2vec2,
                options.cache_dir,
                threads,
                progress,
                {language: path for language, path in models.items() if path},
            )
            return engine, tone

        try:
            engine, tone = await asyncio.get_running_loop().run_in_executor(workers, load)
        except BaseException:
            workers.shutdown(wait=False)
            raise
        return cls(engine, tone, options.tone_weights, workers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop the notes that wait. The one in work ends at its next pause; nobody waits for it."""
        self._detecting.stop()
        self._listening.stop()
        self._workers.shutdown(wait=False, cancel_futures=True)

    @property
    def engine(self) -> str:
        """What writes speech down: `wav2vec2` or `whisper`; `text` where nothing does."""
        return self._engine.transcriber.name if self._engine else "text"

    @property
    def version(self) -> str:
        """Changes with whatever a verdict depends on: what writes down, what judges, how both are read."""
        return f"{self.engine}/{self._version}"

    def describe(self) -> str:
        """What is loaded, in one line for people."""
        heard = self._engine.about if self._engine else "texts only"
        return f"{heard}; tone weights {self._tone_version}"

    def cost(self, duration: Seconds) -> Seconds:
        """How long the models will probably work at a note of this length, as notes went lately."""
        return self._pace.cost(duration)

    @property
    def done(self) -> Done:
        """What was listened to since the start."""
        return self._pace.done

    async def warm_up(self) -> None:
        """Let every model work once, so that the first note does not wait for it."""
        await self.judge(["warm up"])
        silence = np.zeros(2 * SAMPLE_RATE, np.float32)
        await self._in_thread(lambda wanted: self._try_engine(silence, wanted))

    async def listen(
        self,
        data: bytes,
        language: Language | None = None,
        hint: Language | None = None,
        heard: Heard = lambda *_: None,
        *,
        explain: bool = True,
    ) -> Verdict:
        """The tone of a note, given the bytes of its file.

        `language` is certain; with None it is found out, leaning to `hint` in doubt. Cancelling it gives
        the work up at its next pause. `heard` is called between pieces of the work, from a thread. Which
        words decided is a fifth of the work on a short note: without `explain` their weights are all 0.

        Raises:
            UnusableNote: there is nothing in it to judge.
            AudioToolMissing: there is no ffmpeg.
        """
        try:
            return await self._listen(data, language, hint, heard, explain)
        except BaseException as error:
            forget_frames(error)
            raise

    async def judge(self, texts: Sequence[str], language: Language | None = None) -> list[Verdict]:
        """The tone of each text, in order; with `language` None it is found by the script.

        A text without words is neutral and unsure: there is nothing in it to warn of.
        """
        # Not in the listener's thread: a text is a matter of milliseconds and need not wait for a long note.
        return await asyncio.to_thread(self._judge, texts, language)

    async def _listen(
        self, data: bytes, language: Language | None, hint: Language | None, heard: Heard, explain: bool
    ) -> Verdict:
        arrived = time.monotonic()
        async with self._decoded(data) as samples:
            duration = len(samples) / SAMPLE_RATE
            due = arrived + duration

            def work(wanted: Wanted) -> Verdict:
                with self._detecting.turn(due, wanted) as pause:
                    speech = find_speech(samples, pause=pause)
                if not speech:
                    raise UnusableNote(Unusable.NO_WORDS, "nobody speaks in this note")
                with (
                    self._listening.turn(due, wanted) as pause,
                    self._pace.measured(duration, pause, heard) as watched,
                ):
                    return self._verdict(samples, speech, language, hint, watched, explain)

            return await self._in_thread(work)

    @asynccontextmanager
    async def _decoded(self, data: bytes) -> AsyncIterator[Samples]:
        """The sound of a note, which has room in memory while this is held.

        How long a note is shows only when it is decoded: an hour may be a small file, ten seconds a large
        one. So each is taken for a short one first, and one that turns out to be longer begins anew where
        there is room for it.
        """
        for longest, room in self._rooms:
            async with room:
                try:
                    async with self._decoding:
                        samples = await decode(data, AudioLimits(duration=longest))
                except UnusableNote as error:
                    if error.reason is not Unusable.TOO_LONG or longest == LONGEST_NOTE:
                        raise
                else:
                    yield samples
                    return

    async def _in_thread(self, job: Callable[[Wanted], _T]) -> _T:
        """`job` is given what tells whether anybody still waits for it."""
        wanted = Event()
        wanted.set()
        try:
            # In the caller's context, so that log lines tell whose note it is.
            return await asyncio.get_running_loop().run_in_executor(
                self._workers, copy_context().run, job, wanted.is_set
            )
        finally:
            wanted.clear()
            self._detecting.look_again()
            self._listening.look_again()

    async def look_inside(self, text: str, language: Language | None = None) -> Insight:
        """What the tone model attends to in a text, beside what each word does to its tone.

        The first time it takes a second or two: the model is loaded once more, with its attention laid open.

        Raises:
            ValueError: the text has no words.
        """
        return await asyncio.to_thread(self._look_inside, text, language)

    def _look_inside(self, text: str, language: Language | None) -> Insight:
        with self._opening:
            if self._attention is None:
                self._attention = AttentionModel(self._tone, self._tone_weights, _cores())
        attention = self._attention.look(text, language)
        judged = self._tone.judge([text], [language])[0]
        effects = self._tone.attribute(attention.words, judged.language, judged.tone)
        return Insight(judged.tone, judged.confidence, judged.language, attention, tuple(effects))

    def _verdict(
        self,
        samples: Samples,
        speech: Sequence[Span],
        language: Language | None,
        hint: Language | None,
        pause: Pause,
        explain: bool,
    ) -> Verdict:
        if self._engine is None:
            raise ValueError("this analyzer was opened for texts only")
        try:
            heard = self._engine.transcriber.transcribe(samples, speech, language, hint, pause)
        except EngineUnavailable as error:
            # Only one of the languages can be had here, and it is not this note's.
            _log.warning("%s", error)
            raise UnusableNote(Unusable.UNKNOWN_LANGUAGE, str(error)) from None
        if not normalise(heard.text, heard.language):
            raise UnusableNote(Unusable.NO_WORDS, "no words can be made out in this note")
        pause(len(samples) / SAMPLE_RATE)
        reading = read(self._tone, heard.words, heard.language)
        weights = [0.0] * len(heard.words)
        if explain:
            texts = [word.text for word in heard.words]
            weights = self._tone.attribute(texts, heard.language, reading.whole.tone)
        words = (
            JudgedWord(word.text, word.start, word.end, weight)
            for word, weight in zip(heard.words, weights, strict=True)
        )
        return replace(
            _as_verdict(reading.whole, heard.text, heard.engine),
            duration=len(samples) / SAMPLE_RATE,
            timeline=reading.timeline,
            words=tuple(words),
        )

    def _judge(self, texts: Sequence[str], language: Language | None) -> list[Verdict]:
        worded = [text for text in texts if normalise(text, language)]
        # A text that the model would cut is judged in windows, as a long note is: its end counts too.
        short = [text for text in worded if self._tone.reads_whole(text, language)]
        judged = dict(zip(short, self._tone.judge(short, [language] * len(short)), strict=True))
        for text in set(worded) - set(short):
            words = [Word(word, 0.0, 0.0) for word in text.split()]
            judged[text] = read(self._tone, words, language or detect_language(text) or "en").whole
        return [
            _as_verdict(judged[text] if text in judged else _nothing_said(text, language), text, "text")
            for text in texts
        ]

    def _try_engine(self, silence: Samples, wanted: Wanted) -> None:
        if self._engine is not None:
            with self._listening.turn(0.0, wanted), suppress(UnusableNote, EngineUnavailable):
                self._engine.transcriber.transcribe(
                    silence, [Span(0.0, len(silence) / SAMPLE_RATE)], "en", None
                )


def forget_frames(error: BaseException) -> None:
    """Whoever keeps an error keeps the frames that it went through: let nothing of a note stay with them."""
    clear_frames(error.__traceback__)
    if error.__suppress_context__:
        error.__context__ = None


class _Pace:
    """A running mean of what a second of a note costs. Written by one thread at a time: the one whose turn
    it is."""

    def __init__(self) -> None:
        self.done = Done()
        self._heard: Seconds = 60.0
        self._worked: Seconds = 60.0 * _USUAL_PACE

    def cost(self, duration: Seconds) -> Seconds:
        return (duration + _LEAD) * self._worked / self._heard

    @contextmanager
    def measured(self, duration: Seconds, pause: Pause, heard: Heard) -> Iterator[Pause]:
        """Measure the work on a note of this length, without its pauses, and tell `heard` how far it is."""
        began, waited = time.monotonic(), 0.0

        def watched(done: Seconds = 0.0, /) -> None:
            nonlocal waited
            heard(done, duration)
            paused = time.monotonic()
            pause(done)
            waited += time.monotonic() - paused

        yield watched
        worked = time.monotonic() - began - waited
        self.done = Done(self.done.sound + duration, self.done.work + worked)
        self._heard = _MEMORY * self._heard + duration + _LEAD
        self._worked = _MEMORY * self._worked + worked


def _as_verdict(judgement: Judgement, transcript: str, engine: str) -> Verdict:
    return Verdict(
        tone=judgement.tone,
        confidence=judgement.confidence,
        unsure=judgement.unsure,
        scores=judgement.scores,
        emotions=judgement.emotions,
        emotions_present=judgement.emotions_present,
        language=judgement.language,
        transcript=transcript,
        duration=0.0,
        engine=engine,
    )


def _nothing_said(text: str, language: Language | None) -> Judgement:
    """What to make of an empty line or a bare link: no tone is more likely than another."""
    even = 1 / len(TONES)
    return Judgement(
        tone="neutral",
        confidence=even,
        unsure=True,
        scores=dict.fromkeys(TONES, even),
        emotions=dict.fromkeys(EMOTIONS, 0.0),
        emotions_present=(),
        language=language or detect_language(text) or "en",
    )


def _cores() -> int:
    """Cores that this process may use: no more than a container's share of them, or than do any good."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no cgroup, or no limit
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        cores = min(cores, ceil(int(quota) / int(period)))
    return min(cores, _MOST_CORES)
