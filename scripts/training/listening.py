"""How good the whole way is, from recordings: what is written down, and what is made of it.

Each note is judged three times: from its true transcript as written and in a recogniser's style, and from
what the recogniser here heard in it. The differences say what punctuation is worth and what mishearing costs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from models.analyzer import Analyzer
from models.tone.text import detect_language
from models.verdict import EMOTIONS, LANGUAGES, TONES, Language, Unusable, UnusableNote, Verdict
from scripts.training.datasets import UNKNOWN, Row
from scripts.training.evaluation import Judged, collect, judge_all, markdown
from scripts.training.formats import DataError, Record, records, require
from scripts.training.word_errors import Pair, word_error_rate

NOTHING_HEARD = (Unusable.NO_WORDS, Unusable.UNKNOWN_LANGUAGE)
"""The recogniser's failures, which count as every word missed; other files cannot be used at all."""


@dataclass(frozen=True, slots=True)
class Note:
    """One recording and what is known of it."""

    file: Path
    said: Row
    """The true transcript with its labels."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one usable recording."""

    note: Note
    verdict: Verdict | None
    """None where no words were heard."""
    seconds: float
    """Wall time from the file's bytes to the verdict."""

    @property
    def text(self) -> str:
        return self.verdict.transcript if self.verdict else ""

    @property
    def pair(self) -> Pair:
        return Pair(self.text, self.note.said.text, self.note.said.language)


@dataclass(frozen=True, slots=True)
class SpeechFigures:
    """How well the notes of one set (or of one of its languages) were written down."""

    set: str
    language: Language | None
    """None: all of them."""
    notes: int
    """Those that could be used."""
    unheard: int
    """Those in which no words were heard: all of their words count as missed."""
    words: int
    """In the true transcripts."""
    wer: float | None
    """Word error rate, both sides in a recogniser's style; None where no transcript has words."""
    language_right: float
    """Share of the notes with words whose language was found."""
    audio: float
    """Seconds, of the notes with words."""
    compute: float
    """Seconds of wall time for each second of audio."""


class Product:
    """The analyzer as a judge that can be measured."""

    def __init__(self, analyzer: Analyzer, runner: asyncio.Runner) -> None:
        self._analyzer, self._runner = analyzer, runner

    def judge(self, texts: Sequence[str], languages: Sequence[Language]) -> list[Verdict]:
        """One verdict a text, as `forewarn analyze --texts` gives it: long ones in windows."""
        answers: list[Verdict | None] = [None] * len(texts)
        for language in LANGUAGES:
            chosen = [i for i, spoken in enumerate(languages) if spoken == language]
            judged = self._runner.run(self._analyzer.judge([texts[i] for i in chosen], language))
            for i, verdict in zip(chosen, judged, strict=True):
                answers[i] = verdict
        return [answer for answer in answers if answer]

    def listen(self, file: Path, language: Language | None) -> Verdict:
        """Raises OSError and UnusableNote."""
        return self._runner.run(self._analyzer.listen(file.read_bytes(), language))


def read_notes(path: Path, source: str) -> list[Note]:
    """A table: columns file (relative to it), transcript and, if known, tone or label, language, emotions.

    Raises:
        DataError: there is no such table, a column is missing, or a label is none of ours.
    """
    notes = []
    for place, record in records(path):
        require(place, record, ["file", "transcript"])
        notes.append(Note(path.parent / record["file"], _said(place, record, source)))
    return notes


def _said(place: str, record: Record, source: str) -> Row:
    tone = _one_of(place, "tone", record.get("tone") or record.get("label"), TONES)
    spoken = _one_of(place, "language", record.get("language"), LANGUAGES)
    names = [name for name in (record.get("emotions") or "").split(",") if name.strip()]
    present = {_one_of(place, "emotion", name, EMOTIONS) for name in names}
    text = record["transcript"] or ""
    return Row(
        text=text,
        language=LANGUAGES[spoken] if spoken != UNKNOWN else detect_language(text) or "en",
        source=source,
        tone=tone,
        emotions=tuple(int(i in present) if names else UNKNOWN for i in range(len(EMOTIONS))),
    )


def _one_of(place: str, what: str, value: str | None, known: Sequence[str]) -> int:
    """The index of `value`; UNKNOWN where it is empty."""
    name = (value or "").strip().lower()
    if name and name not in known:
        raise DataError(f"{place}: {name!r} is no {what}; use {', '.join(known)}, or leave it empty")
    return known.index(name) if name else UNKNOWN


def listen_all(
    product: Product,
    name: str,
    notes: Sequence[Note],
    language: Language | None,
    complain: Callable[[str], None],
) -> list[Heard]:
    """Listen to `notes`; `language` None: found out. What is wrong with one is complained of in one line.

    Files that cannot be used at all are left out.
    """
    heard = []
    for note in tqdm(notes, desc=name, unit="note", mininterval=1):
        since = time.perf_counter()
        try:
            verdict = product.listen(note.file, language)
        except UnusableNote as error:
            complain(f"{note.file}: {error}")
            if error.reason not in NOTHING_HEARD:
                continue
            verdict = None
        except OSError as error:
            complain(f"{note.file}: {error.strerror}")
            continue
        heard.append(Heard(note, verdict, time.perf_counter() - since))
    return heard


def judge_heard(product: Product, name: str, heard: Sequence[Heard]) -> list[Judged]:
    """The labelled notes with words, judged by their true transcript in both styles and by what was heard.

    Notes without words got no verdict, so there is nothing to compare.
    """
    pairs = [(one.note.said, one.verdict) for one in heard if one.verdict and _labelled(one.note.said)]
    rows = [said for said, _ in pairs]
    if not rows:
        return []
    return [
        *judge_all(product, {name: rows}),
        collect(name, "heard", rows, [verdict for _, verdict in pairs]),
    ]


def _labelled(said: Row) -> bool:
    return said.tone != UNKNOWN or UNKNOWN not in said.emotions


def speech_figures(name: str, heard: Sequence[Heard]) -> list[SpeechFigures]:
    """Of all notes, and by language where there are several; empty where no note could be used."""
    spoken = [language for language in LANGUAGES if any(one.note.said.language == language for one in heard)]
    parts: list[Language | None] = [None, *spoken] if len(spoken) > 1 else [None] if spoken else []
    return [
        _speech(name, part, [one for one in heard if part in (None, one.note.said.language)])
        for part in parts
    ]


def _speech(name: str, language: Language | None, heard: Sequence[Heard]) -> SpeechFigures:
    pairs = [one.pair for one in heard]
    words = sum(len(pair.plain()[0].split()) for pair in pairs)
    worded = [one for one in heard if one.verdict]
    audio = sum(one.verdict.duration for one in worded if one.verdict)
    return SpeechFigures(
        set=name,
        language=language,
        notes=len(heard),
        unheard=len(heard) - len(worded),
        words=words,
        wer=word_error_rate(pairs) if words else None,
        language_right=_share(
            [one.verdict.language == one.note.said.language for one in worded if one.verdict]
        ),
        audio=audio,
        compute=sum(one.seconds for one in worded) / audio if audio else 0.0,
    )


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0


def speech_table(figures: Sequence[SpeechFigures]) -> str:
    """The figures as a Markdown table."""
    head = [
        "set",
        "notes",
        "no words heard",
        "words",
        "WER",
        "language found",
        "audio, s",
        "compute, s a second",
    ]
    return markdown(
        head,
        [
            [
                f"{one.set} ({one.language})" if one.language else one.set,
                str(one.notes),
                str(one.unheard),
                str(one.words),
                "–" if one.wer is None else f"{one.wer:.3f}",
                f"{one.language_right:.0%}",
                f"{one.audio:.1f}",
                f"{one.compute:.3f}",
            ]
            for one in figures
        ],
    )


def note_record(name: str, one: Heard) -> dict[str, Any]:
    """What became of one note, for programs: to find what went wrong."""
    said = one.note.said
    return {
        "kind": "note",
        "set": name,
        "file": str(one.note.file),
        "language": said.language,
        "transcript": said.text,
        "heard": one.text,
        "wer": word_error_rate([one.pair]) if one.pair.plain()[0] else None,
        "label": None if said.tone == UNKNOWN else TONES[said.tone],
        "tone": one.verdict.tone if one.verdict else None,
        "seconds": round(one.seconds, 3),
    }
