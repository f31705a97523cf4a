"""The engine of this project: any `Wav2Vec2ForCTC` checkpoint, one a language, on ONNX Runtime.

A wav2vec2 knows one language and does not say when it hears another; it only becomes unsure of its letters.
So where the language is not known, the likelier model listens first, and the other one is asked only where
the first is unsure; the surer one goes on to the end of the note. A network is loaded when the first note
needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from threading import Lock

import numpy as np

from models.audio import SAMPLE_RATE
from models.speech.beam import BeamSearch, LanguageModel
from models.speech.chunks import Stretch, plan, stitch
from models.speech.ctc import Hearing, LogProbs, decode, join
from models.speech.network import Network, Session
from models.speech.transcript import EngineUnavailable, Samples, Span, Transcript
from models.turns import Pause
from models.verdict import Language, Unusable, UnusableNote

__all__ = ["LanguageDoubt", "Wav2Vec2Transcriber"]

_VARIANCE_FLOOR = 1e-7
"""As in Transformers' feature extractor: digital silence stays silence."""


@dataclass(frozen=True, slots=True)
class LanguageDoubt:
    """When to doubt that a model hears its own language, by `Hearing.confidence`."""

    sure: float = 0.9
    """From here on the first model is believed at once: its own language, read clearly, gives more."""
    believable: float = 0.6
    """A language that nobody set must be heard this surely by one of the models."""
    letters: int = 24
    """So many letters, about five words, are enough to choose by."""


class Wav2Vec2Transcriber:
    """Fulfils `Transcriber`; safe to call from several threads.

    `networks` are those of the languages there are. `language_models` help to read what is heard. `threads`
    of 0 means one a core.
    """

    name = "wav2vec2"

    def __init__(
        self,
        networks: Mapping[Language, Network],
        *,
        language_models: Mapping[Language, LanguageModel] | None = None,
        threads: int = 0,
        doubt: LanguageDoubt | None = None,
    ) -> None:
        self._networks = networks
        self._language_models = language_models or {}
        self._threads = threads
        self._doubt = doubt or LanguageDoubt()
        self._listeners: dict[Language, _Listener] = {}
        self._loading = Lock()

    def transcribe(
        self,
        samples: Samples,
        speech: Sequence[Span],
        language: Language | None,
        hint: Language | None,
        pause: Pause = lambda _=0.0: None,
    ) -> Transcript:
        if not speech:
            raise UnusableNote(Unusable.NO_WORDS, "no speech in this note")
        if language:
            heard = join(self._listener(language).listen(samples, speech, pause))
        else:
            language, heard = self._recognise(samples, speech, hint or "en", pause)
        if not heard.words:
            raise UnusableNote(Unusable.NO_WORDS, "no words in this note")
        return Transcript(heard.words, language, self.name)

    def _recognise(
        self, samples: Samples, speech: Sequence[Span], likely: Language, pause: Pause
    ) -> tuple[Language, Hearing]:
        """The language that is heard most surely, `likely` first, and all that is heard in it."""
        surest: tuple[Language, Hearing, Iterator[Hearing]] | None = None
        for language in sorted(self._networks, key=lambda language: language != likely):
            rest = self._listener(language).listen(samples, speech, pause)
            opening = _opening(rest, self._doubt.letters)
            if surest is None or opening.confidence > surest[1].confidence:
                surest = language, opening, rest
            if opening.confidence >= self._doubt.sure:
                break
        if surest is None:
            raise EngineUnavailable("there is no wav2vec2 here")
        language, opening, rest = surest
        if opening.words and opening.confidence < self._doubt.believable:
            raise UnusableNote(Unusable.UNKNOWN_LANGUAGE, "this is no language that I know")
        return language, join(chain([opening], rest))

    def _listener(self, language: Language) -> _Listener:
        if language not in self._networks:
            raise EngineUnavailable(f"there is no wav2vec2 for the language {language!r} here")
        with self._loading:
            if language not in self._listeners:
                network, model = self._networks[language], self._language_models.get(language)
                self._listeners[language] = _Listener(network, self._threads, model)
            return self._listeners[language]


class _Listener:
    """One language's network, loaded."""

    def __init__(self, network: Network, threads: int, model: LanguageModel | None) -> None:
        self._network = network
        self._session = Session(network.folder, threads, gpu=network.precision == "float16")
        self._search = BeamSearch(model, network.vocabulary) if model else None

    def listen(self, samples: Samples, speech: Sequence[Span], pause: Pause) -> Iterator[Hearing]:
        """What is said, stretch by stretch: no more than one stretch is ever held."""
        for stretch in plan(speech, len(samples), self._session.samples_per_frame):
            log_probs = self._hear(samples, stretch, pause)
            frame, start = self._session.samples_per_frame / SAMPLE_RATE, stretch[0].start / SAMPLE_RATE
            hearing = decode(log_probs, self._network.vocabulary, frame, start)
            if self._search and hearing.words:
                hearing = replace(hearing, words=self._search.words(log_probs, frame, start, pause))
            yield hearing

    def _hear(self, samples: Samples, stretch: Stretch, pause: Pause) -> LogProbs:
        pieces = []
        for chunk in stretch:
            pause(chunk.start / SAMPLE_RATE)
            frame = (chunk.start - stretch[0].start) // self._session.samples_per_frame
            pieces.append((frame, self._log_probs(samples[chunk.start : chunk.end])))
        return stitch(pieces, self._network.vocabulary.silent)

    def _log_probs(self, samples: Samples) -> LogProbs:
        if self._network.normalises:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + _VARIANCE_FLOOR)
        logits = self._session.logits(samples)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_probs: LogProbs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return log_probs


def _opening(listening: Iterator[Hearing], letters: int) -> Hearing:
    """The start of what is heard, until there is enough to judge by."""
    heard = Hearing()
    for hearing in listening:
        heard = join([heard, hearing])
        if heard.letters >= letters:
            break
    return heard
