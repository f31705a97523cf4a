"""How a long note is cut into pieces that a network can hear one by one, and put together again.

Memory and attention grow with the length of a piece, so a piece has a longest length. Cuts fall into pauses
wherever there are any; where someone speaks on without one, pieces overlap, and the seam is laid in the
middle of the overlap where both pieces hear no letter. Positions are sample numbers from the note's start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from models.audio import SAMPLE_RATE
from models.speech.ctc import LogProbs
from models.speech.transcript import Span

__all__ = ["Chunk", "ChunkLimits", "Stretch", "plan", "stitch"]


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """In samples."""

    longest: int = 20 * SAMPLE_RATE
    """Of one piece."""
    overlap: int = 2 * SAMPLE_RATE
    """Of two pieces cut within speech: a second of context on both sides of the seam."""
    pause: int = SAMPLE_RATE
    """Speech that is no further apart is heard together; a longer pause is skipped."""
    margin: int = SAMPLE_RATE // 4
    """Heard before and after speech where nothing else is said: edges are where a VAD and a network err."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece, from `start` up to but without `end`."""

    start: int
    end: int


Stretch = tuple[Chunk, ...]
"""Pieces that belong together: each overlaps the next."""


def plan(speech: Sequence[Span], length: int, grid: int, limits: ChunkLimits | None = None) -> list[Stretch]:
    """Which pieces of a note of `length` samples to listen to, so that all of `speech` is heard.

    `speech` is in order and does not overlap. Pieces of one stretch start multiples of `grid`, the samples of
    one frame, apart, so that the frames that two of them share fall on each other.
    """
    limits = limits or ChunkLimits()
    return [tuple(_cut(stretch, grid, limits)) for stretch in _together(speech, length, limits)]


def _together(speech: Sequence[Span], length: int, limits: ChunkLimits) -> Iterator[Chunk]:
    """Spans, joined over short pauses as long as one piece can hold them, with their margins."""
    joined: list[Chunk] = []
    for span in speech:
        start, end = floor(span.start * SAMPLE_RATE), min(length, ceil(span.end * SAMPLE_RATE))
        if joined and _fits(joined[-1], start, end, limits):
            joined[-1] = Chunk(joined[-1].start, end)
        else:
            joined.append(Chunk(start, end))
    # Of a pause between two, each may have half.
    edges = [0, *((before.end + after.start) // 2 for before, after in pairwise(joined)), length]
    for chunk, (early, late) in zip(joined, pairwise(edges), strict=False):
        yield Chunk(max(early, chunk.start - limits.margin), min(late, chunk.end + limits.margin))


def _fits(current: Chunk, start: int, end: int, limits: ChunkLimits) -> bool:
    together = end - current.start + 2 * limits.margin
    return start - current.end <= limits.pause and together <= limits.longest


def _cut(stretch: Chunk, grid: int, limits: ChunkLimits) -> Iterator[Chunk]:
    """Equal pieces, each overlapping the next."""
    length = stretch.end - stretch.start
    if length <= limits.longest:
        yield stretch
        return
    count = ceil((length - limits.overlap) / (limits.longest - limits.overlap - grid))
    starts = [
        stretch.start + (length - limits.overlap) * index // count // grid * grid for index in range(count)
    ]
    for start, following in pairwise(starts):
        yield Chunk(start, following + limits.overlap)
    yield Chunk(starts[-1], stretch.end)


def stitch(pieces: Sequence[tuple[int, LogProbs]], silent: NDArray[np.bool_]) -> LogProbs:
    """The frames of one stretch from those of its pieces, each with the number of its first frame in it.

    `silent` tells which classes write nothing, shape (classes,).
    """
    (first, whole), *rest = pieces
    parts = []
    for start, log_probs in rest:
        seam = _seam(whole[start - first :], log_probs, silent)
        parts.append(whole[: start - first + seam])
        first, whole = start + seam, log_probs[seam:]
    return np.concatenate([*parts, whole])


def _seam(left: LogProbs, right: LogProbs, silent: NDArray[np.bool_]) -> int:
    """Of the frames that both have, the one nearest to the middle where neither hears a letter."""
    shared = min(len(left), len(right))
    quiet = silent[left[:shared].argmax(axis=1)] & silent[right[:shared].argmax(axis=1)]
    candidates = np.flatnonzero(quiet) if quiet.any() else np.arange(shared)
    return int(candidates[np.abs(candidates - shared // 2).argmin()]) if shared else 0
