"""The judge: words in, tone and emotions out.

ONNX Runtime and the tokenizer are all it takes; the encoder, both heads, the temperatures and the
thresholds come from one folder that training writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from models.tone.text import detect_language, normalise
from models.verdict import EMOTIONS, TONES, Emotion, Language, Tone

__all__ = ["WEIGHTS", "Judgement", "ToneModel"]

WEIGHTS = Path(__file__).parents[1] / "weights"

BATCH_TOKENS = 1024
"""Tokens, padding included, that are judged at once: bounds memory, keeps both cores busy."""
ATTRIBUTION_WORDS = 40
"""Words judged together while one is left out: what says most about a word is said near it."""
ATTRIBUTION_RUNS = 96
"""Longer texts leave out several neighbours at once, so that a speech costs no more than a paragraph."""

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model makes of one text. Probabilities 0..1, calibrated."""

    tone: Tone
    confidence: float
    """Probability of `tone`."""
    unsure: bool
    """True where `confidence` is so low that the tone is more likely wrong than right."""
    scores: dict[Tone, float]
    """Probability of each tone; sums to 1."""
    emotions: dict[Emotion, float]
    """Probability of each emotion on its own."""
    emotions_present: tuple[Emotion, ...]
    """Emotions above their threshold, strongest first; the strongest where none is."""
    language: Language
    """Language whose calibration was used."""


@dataclass(frozen=True, slots=True)
class _Calibration:
    """What one language needs to turn logits into probabilities and probabilities into answers."""

    temperature: float
    bias: tuple[float, ...]
    """Added to the tones' scaled logits: how often each is meant is not how often it was trained on."""
    unsure_below: float
    emotion_thresholds: tuple[float, ...]


class ToneModel:
    """The bilingual encoder with its two heads. Calls are thread-safe; `load` one and share it."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        pad: int,
        calibrations: dict[Language, _Calibration],
    ) -> None:
        self._session, self._tokenizer, self._pad = session, tokenizer, pad
        self._calibrations = calibrations

    @classmethod
    def load(cls, folder: Path = WEIGHTS, threads: int | None = None) -> ToneModel:
        """Read tone.onnx, tokenizer.json and tone.json from `folder`; `threads` None: all cores.

        Raises:
            FileNotFoundError: `folder` holds no model.
            ValueError: the model was made for other tones or emotions than this version's.
        """
        about: dict[str, Any] = json.loads((folder / "tone.json").read_text(encoding="utf-8"))
        if tuple(about["tones"]) != TONES or tuple(about["emotions"]) != EMOTIONS:
            raise ValueError(
                f"{folder} holds a model with other labels: {about['tones']}, {about['emotions']}"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(folder / "tone.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(about["max_tokens"])
        tokenizer.no_padding()
        calibrations = {
            language: _Calibration(
                temperature=values["temperature"],
                bias=tuple(values["bias"]),
                unsure_below=values["unsure_below"],
                emotion_thresholds=tuple(values["emotion_thresholds"]),
            )
            for language, values in about["calibration"].items()
        }
        return cls(session, tokenizer, about["pad"], calibrations)

    def judge(self, texts: Sequence[str], languages: Sequence[Language | None]) -> list[Judgement]:
        """One judgement a text, in order. A language of None is found by script.

        Raises:
            ValueError: a text has no words.
        """
        known = [
            language or detect_language(text) or "en" for text, language in zip(texts, languages, strict=True)
        ]
        tones, emotions = self._logits(texts, known)
        return [
            self.conclude(self._scores(tones[i], language), _sigmoid(emotions[i]), language)
            for i, language in enumerate(known)
        ]

    def conclude(self, scores: _Floats, emotions: _Floats, language: Language) -> Judgement:
        """Probabilities of TONES (3,) and of EMOTIONS (7,) → the answer by this language's thresholds."""
        best = int(scores.argmax())
        calibration = self._calibrations[language]
        strongest = sorted(range(len(EMOTIONS)), key=lambda i: -emotions[i])
        present = [i for i in strongest if emotions[i] >= calibration.emotion_thresholds[i]]
        return Judgement(
            tone=TONES[best],
            confidence=float(scores[best]),
            unsure=bool(scores[best] < calibration.unsure_below),
            scores=dict(zip(TONES, map(float, scores), strict=True)),
            emotions=dict(zip(EMOTIONS, map(float, emotions), strict=True)),
            emotions_present=tuple(EMOTIONS[i] for i in present or strongest[:1]),
            language=language,
        )

    def attribute(self, words: Sequence[str], language: Language, tone: Tone) -> list[float]:
        """How much each word speaks for `tone`: -1 (against) .. 1 (for), by leaving it out.

        A word's weight is the change of the tone's log-odds, squeezed, times the tone's probability in the
        words around it: where that is small, log-odds swing and mean nothing. 0 for words without letters.
        """
        group = -(-len(words) // ATTRIBUTION_RUNS)
        wholes, variants, spans = [], [], []
        for start in range(0, len(words), ATTRIBUTION_WORDS):
            near = list(words[start : start + ATTRIBUTION_WORDS])
            wholes.append(" ".join(near))
            for at in range(0, len(near), group):
                variants.append(" ".join(near[:at] + near[at + group :]))
                spans.append((len(wholes) - 1, min(group, len(near) - at)))
        odds = self._log_odds([*wholes, *variants], language, TONES.index(tone))
        weights: list[float] = []
        for without, (whole, count) in zip(odds[len(wholes) :], spans, strict=True):
            weights += [float(np.tanh((odds[whole] - without) / 2) * _sigmoid(odds[whole]))] * count
        return weights

    def encode(self, text: str, language: Language | None) -> tuple[str, Encoding]:
        """The text as the model reads it, and its tokens.

        Raises:
            ValueError: the text has no words.
        """
        clean = normalise(text, language)
        if not clean:
            raise ValueError("a text without words has no tone")
        return clean, self._tokenizer.encode(clean)

    def reads_whole(self, text: str, language: Language | None) -> bool:
        """Whether nothing is cut off at the end of the text.

        Raises:
            ValueError: the text has no words.
        """
        return not self.encode(text, language)[1].overflowing

    def _log_odds(self, texts: Sequence[str], language: Language, tone: int) -> _Floats:
        """Calibrated log-odds of `tone` for each text; even odds among the tones where nothing is left."""
        odds = np.full(len(texts), -np.log(len(TONES) - 1), dtype=np.float32)
        filled = [i for i, text in enumerate(texts) if normalise(text, language)]
        if filled:
            logits, _ = self._logits([texts[i] for i in filled], [language] * len(filled))
            scores = np.clip(self._scores(logits, language)[:, tone], 1e-6, 1 - 1e-6)
            odds[filled] = np.log(scores / (1 - scores))
        return odds

    def _scores(self, logits: _Floats, language: Language) -> _Floats:
        calibration = self._calibrations[language]
        return _softmax(logits / calibration.temperature + np.array(calibration.bias, dtype=np.float32))

    def _logits(self, texts: Sequence[str], languages: Sequence[Language]) -> tuple[_Floats, _Floats]:
        """(texts, 3) tone logits and (texts, 7) emotion logits, neighbours of like length judged together."""
        clean = [normalise(text, language) for text, language in zip(texts, languages, strict=True)]
        if not all(clean):
            raise ValueError("a text without words has no tone")
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(clean)]
        tones = np.empty((len(tokens), len(TONES)), dtype=np.float32)
        emotions = np.empty((len(tokens), len(EMOTIONS)), dtype=np.float32)
        for chosen in _batches([len(ids) for ids in tokens]):
            longest = max(len(tokens[i]) for i in chosen)
            ids = np.full((len(chosen), longest), self._pad, dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, i in enumerate(chosen):
                ids[row, : len(tokens[i])] = tokens[i]
                mask[row, : len(tokens[i])] = 1
            answer = self._session.run(["tone", "emotion"], {"ids": ids, "mask": mask})
            tones[chosen], emotions[chosen] = cast(tuple[_Floats, _Floats], answer)
        return tones, emotions


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts, shortest first, in groups of at most BATCH_TOKENS padded tokens."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _softmax(logits: _Floats) -> _Floats:
    power = np.exp(logits - logits.max(-1, keepdims=True))
    return cast(_Floats, power / power.sum(-1, keepdims=True))


def _sigmoid(logits: _Floats) -> _Floats:
    return cast(_Floats, 1 / (1 + np.exp(-logits)))
