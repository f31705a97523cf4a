"""What the models say of one note, and how they say that they cannot judge it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

__all__ = [
    "EMOTIONS",
    "LANGUAGES",
    "TONES",
    "Emotion",
    "JudgedWord",
    "Language",
    "Moment",
    "Seconds",
    "Tone",
    "Unusable",
    "UnusableNote",
    "Verdict",
]

Seconds = float
Tone = Literal["negative", "neutral", "positive"]
Emotion = Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]
Language = Literal["en", "ru"]

TONES: tuple[Tone, ...] = get_args(Tone)
EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True)
class Moment:
    """One stretch of the note and its tone, for the timeline."""

    start: Seconds
    end: Seconds
    tone: Tone
    confidence: float
    """Calibrated probability of `tone`, 0..1."""


@dataclass(frozen=True, slots=True)
class JudgedWord:
    """One word of the transcript and what it did to the verdict."""

    word: str
    start: Seconds
    end: Seconds
    weight: float
    """How much the word speaks for the verdict's tone: -1 (against) .. 1 (for)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The tone of one note. Times are seconds from its start, probabilities 0..1."""

    tone: Tone
    confidence: float
    """Calibrated probability of `tone`."""
    unsure: bool
    """True where it may as well be wrong: `confidence` is too low or, in a long note, too few of its windows
    are surely of this tone."""
    scores: dict[Tone, float]
    """Calibrated probability of each tone; sums to 1."""
    emotions: dict[Emotion, float]
    """Probability of each emotion on its own; does not sum to 1."""
    emotions_present: tuple[Emotion, ...]
    """Emotions above their threshold, strongest first; the strongest alone where none is."""
    language: Language
    transcript: str
    duration: Seconds
    """Length of the audio; 0 for a text."""
    engine: str
    """What wrote the words down: `wav2vec2`, `whisper`, or `text`."""
    timeline: tuple[Moment, ...] = ()
    words: tuple[JudgedWord, ...] = ()


class Unusable(StrEnum):
    """Why a note cannot be judged."""

    EMPTY = "empty"
    NOT_AUDIO = "not_audio"
    NO_SOUND_TRACK = "no_sound_track"
    DAMAGED = "damaged"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    NO_WORDS = "no_words"
    UNKNOWN_LANGUAGE = "unknown_language"


class UnusableNote(Exception):
    """A note that cannot be judged.

    `reason` is for programs (the bot words it in the chat's language); the message is one clear
    English line for a terminal.
    """

    def __init__(self, reason: Unusable, message: str) -> None:
        super().__init__(message)
        self.reason = reason
