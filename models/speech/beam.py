"""From a network's letters to the words that a language model finds likely.

A network that is unsure of a letter writes nonsense as readily as a word. A beam search keeps many readings
of the same sound at once and lets a KenLM n-gram model weigh their words. It only chooses what is written:
how sure the network was of what it heard is found without it, in `ctc`, so that languages with and without a
model compare.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from models.speech.ctc import LogProbs, Vocabulary
from models.speech.transcript import EngineUnavailable, Word
from models.turns import Pause
from models.verdict import Seconds

__all__ = ["BeamSearch", "LanguageModel"]

_FOLDER, _WEIGHTS, _WORDS = "language_model", "attrs.json", "unigrams.txt"
"""As pyctcdecode keeps a model, and many checkpoints on the hub with it."""
_WEIGHT_NAMES = ("alpha", "beta", "unk_score_offset", "score_boundary")
_MARKERS = {"<s>", "</s>", "<unk>"}
_FRAMES_AT_ONCE = 750
"""The search keeps all its readings of a piece from the start: five minutes at once would take 5 GB."""
_LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A KenLM model, found and looked into, not yet loaded."""

    file: Path
    words: tuple[str, ...]
    """All that it knows."""
    weights: dict[str, Any] = field(default_factory=dict)
    """How the folder it came in wants it weighed: some of `_WEIGHT_NAMES`."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """`path`: an ARPA file (also `.gz`), a KenLM binary, or a folder with one, as pyctcdecode keeps them.

        Raises:
            EngineUnavailable: there is no such model, or nothing here to use it with.
        """
        try:
            import ctc_beam_decoder  # type: ignore[import-untyped]  # noqa: F401
        except ImportError as error:
            raise EngineUnavailable("a language model needs: pip install 'forewarn[lm]'") from error
        try:
            file = _model_in(path.expanduser())
            words = tuple(_words_of(file))
            weights = _weights_of(file)
        except (OSError, EOFError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise EngineUnavailable(f"language model {path}: {reason}") from error
        if not words:
            raise EngineUnavailable(f"language model {path}: it knows no word")
        return cls(file, words, weights)

    @property
    def in_capitals(self) -> bool:
        return sum(word.isupper() for word in self.words) > len(self.words) / 2


class BeamSearch:
    """Reads one network's letters with one language model. Safe to call from several threads."""

    def __init__(self, model: LanguageModel, vocabulary: Vocabulary) -> None:
        """
        Raises:
            EngineUnavailable: the model cannot be loaded, or does not fit the network.
        """
        from ctc_beam_decoder import BeamSearchDecoder

        if vocabulary.delimiter is None:
            raise EngineUnavailable(f"language model {model.file}: this wav2vec2 does not part words")
        self._delimiter = vocabulary.delimiter
        written = [letter.upper() if model.in_capitals else letter.lower() for letter in vocabulary.letters]
        written[self._delimiter] = " "
        # Classes that write the same are one to the search: blank and markers, a letter and its capital.
        labels = list(dict.fromkeys(["", *written]))
        self._labels = np.array([[label == one for label in labels] for one in written], np.float32)
        try:
            self._search = BeamSearchDecoder(
                labels, kenlm_model_path=model.file, unigrams=model.words, **model.weights
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineUnavailable(f"language model {model.file}: {error}") from error

    def words(
        self, log_probs: LogProbs, frame: Seconds, start: Seconds = 0.0, pause: Pause = lambda _=0.0: None
    ) -> tuple[Word, ...]:
        """The likeliest words, in lower case; `frame` and `start` as in `ctc.decode`."""
        words: list[Word] = []
        for first, end in self._pieces(log_probs):
            begins = start + first * frame
            pause(begins)
            probabilities = np.exp(log_probs[first:end]) @ self._labels[: log_probs.shape[1]]
            labels = np.log(np.maximum(probabilities, _LEAST_PROBABILITY))
            # Pruned, for only the best reading is wanted; there is none where nothing is heard.
            readings = self._search.decode_beams(labels, prune_history=True)
            words += [
                Word(text.lower(), begins + early * frame, begins + late * frame)
                for text, (early, late) in (readings[0][2] if readings else [])
            ]
        return tuple(words)

    def _pieces(self, log_probs: LogProbs) -> Iterator[tuple[int, int]]:
        """First frame of each piece and the first after it: cut after words, where there are any."""
        gaps = np.flatnonzero(log_probs.argmax(axis=1) == self._delimiter) + 1
        start = 0
        while (limit := start + _FRAMES_AT_ONCE) < len(log_probs):
            within = gaps[(gaps > start) & (gaps <= limit)]
            end = int(within[-1]) if len(within) else limit
            yield start, end
            start = end
        yield start, len(log_probs)


def _model_in(path: Path) -> Path:
    """The file itself, or the only one in the folder that is a model."""
    folder = path / _FOLDER if (path / _FOLDER).is_dir() else path
    if not folder.is_dir():
        return path
    models = [file for file in folder.iterdir() if file.is_file() and file.name not in (_WEIGHTS, _WORDS)]
    if len(models) != 1:
        raise ValueError(f"{len(models)} files in this folder may be one, it must be one")
    return models[0]


def _words_of(file: Path) -> Iterator[str]:
    """The words of an ARPA file; a binary has them in the list beside it."""
    with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as opened:
        head = opened.read(256)
    if b"\\data\\" in head:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as lines:
            yield from _unigrams(lines)
    elif (beside := file.with_name(_WORDS)).is_file():
        yield from beside.read_text("utf-8").split()
    else:
        raise ValueError(f"no ARPA file; a binary needs its words, one a line, beside it in {_WORDS}")


def _unigrams(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line.startswith("\\"):
            if inside:
                return
            inside = line.strip() == "\\1-grams:"
        elif inside and len(fields := line.split()) > 1 and fields[1].lower() not in _MARKERS:
            yield fields[1]


def _weights_of(file: Path) -> dict[str, Any]:
    if not (stored := file.with_name(_WEIGHTS)).is_file():
        return {}
    weights = json.loads(stored.read_text("utf-8"))
    return {name: weights[name] for name in _WEIGHT_NAMES if name in weights}
