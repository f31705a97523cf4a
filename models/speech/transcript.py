"""What an engine writes down, and what every engine must be able to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.turns import Pause
from models.verdict import Language, Seconds

__all__ = ["EngineUnavailable", "Samples", "Span", "Transcriber", "Transcript", "Word"]

Samples = NDArray[np.float32]
"""Mono audio, shape (n,), 16 kHz, -1..1."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of audio, in seconds from the start of the note."""

    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Word:
    """One word as heard."""

    text: str
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one note, in order, and the language they were heard in."""

    words: tuple[Word, ...]
    language: Language
    engine: str

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class EngineUnavailable(RuntimeError):
    """An engine's model cannot be had here. The message is one line that says why and what to do."""


class Transcriber(Protocol):
    """An engine that writes speech down. Blocking: call it from a worker thread."""

    name: str
    """`wav2vec2` or `whisper`."""

    def transcribe(
        self,
        samples: Samples,
        speech: Sequence[Span],
        language: Language | None,
        hint: Language | None,
        pause: Pause = lambda _=0.0: None,
    ) -> Transcript:
        """Write down what is said in `speech`, the stretches of `samples` where the VAD hears a voice.

        `pause` is called between two pieces of work of a second or two, with how much of the note is done.

        `language` is certain (the chat's setting); with None the engine finds out, leaning to
        `hint` (the user's own language) where the audio leaves room for doubt.

        Raises:
            UnusableNote: NO_WORDS or UNKNOWN_LANGUAGE.
            EngineUnavailable: the model that this note needs cannot be had.
        """
        ...
