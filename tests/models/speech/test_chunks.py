"""How a long note is cut up, and put together again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.audio import SAMPLE_RATE
from models.speech.chunks import Chunk, ChunkLimits, plan, stitch
from models.speech.ctc import LogProbs
from models.speech.transcript import Span

GRID = 320
LIMITS = ChunkLimits()
SILENT = np.array([True, False, False, False])


@st.composite
def notes(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans of speech, from clicks to speeches, and the length of the note."""
    now, spans = draw(st.floats(0, 5)), []
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.one_of(st.floats(0.1, 3), st.floats(10, 130)))
        spans.append(Span(now, now + length))
        now += length + draw(st.floats(0.01, 5))
    return spans, int(now * SAMPLE_RATE) + 1


def chunks_of(speech: list[Span], length: int) -> list[Chunk]:
    return [chunk for stretch in plan(speech, length, GRID) for chunk in stretch]


@given(notes())
def test_all_speech_is_heard(note: tuple[list[Span], int]) -> None:
    speech, length = note
    heard = np.zeros(length, bool)
    for chunk in chunks_of(speech, length):
        heard[chunk.start : chunk.end] = True
    for span in speech:
        assert heard[int(span.start * SAMPLE_RATE) : int(span.end * SAMPLE_RATE)].all()


@given(notes())
def test_no_piece_is_too_long_or_outside_the_note(note: tuple[list[Span], int]) -> None:
    speech, length = note
    for chunk in chunks_of(speech, length):
        assert 0 <= chunk.start < chunk.end <= length
        assert chunk.end - chunk.start <= LIMITS.longest


@given(notes())
def test_pieces_overlap_only_within_speech_and_on_the_grid(note: tuple[list[Span], int]) -> None:
    stretches = plan(*note, GRID)
    for before, after in pairwise(stretches):
        assert before[-1].end <= after[0].start
    for stretch in stretches:
        for before, after in pairwise(stretch):
            assert before.end - after.start == LIMITS.overlap
            assert (after.start - stretch[0].start) % GRID == 0


def test_long_silence_is_not_listened_to() -> None:
    speech = [Span(1, 2), Span(100, 101)]
    listened = sum(chunk.end - chunk.start for chunk in chunks_of(speech, 102 * SAMPLE_RATE))
    assert listened == 2 * (SAMPLE_RATE + 2 * LIMITS.margin)


def test_sentences_with_short_pauses_are_heard_together() -> None:
    speech = [Span(1, 3), Span(3.6, 6), Span(6.9, 9)]
    assert len(chunks_of(speech, 10 * SAMPLE_RATE)) == 1


@given(notes(), st.integers(0, 2**32 - 1))
def test_pieces_put_together_are_the_whole(note: tuple[list[Span], int], seed: int) -> None:
    """A network that hears each frame the same in every piece: nothing is doubled, nothing lost."""
    speech, length = note
    truth = np.random.default_rng(seed).standard_normal((length // GRID + 1, 4)).astype(np.float32)
    for stretch in plan(speech, length, GRID):
        first, frames = stretch[0].start, (stretch[-1].end - stretch[0].start) // GRID
        pieces = [
            (
                (chunk.start - first) // GRID,
                truth[(chunk.start - first) // GRID : (chunk.end - first) // GRID],
            )
            for chunk in stretch
        ]
        assert np.array_equal(stitch(pieces, SILENT), truth[:frames])


def test_the_seam_is_laid_where_neither_piece_hears_a_letter() -> None:
    """Two pieces that disagree by a frame on where a letter stands: it is written once."""
    left, right = hearing("0001000022000300"), hearing("0220300000000100")
    joined = stitch([(0, left), (8, right)], SILENT)
    assert "".join(str(best) for best in joined.argmax(axis=1)) == "000100002200300000000100"


def hearing(path: str) -> LogProbs:
    return np.log(np.eye(4, dtype=np.float32)[[int(name) for name in path]] * 0.9 + 0.025)
