"""Which engine writes speech down here.

wav2vec2 is what this project is about; its weights come from a model hub that not every machine reaches.
Where they cannot be had, the Whisper weights that packages carry serve instead, and it is said why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Literal

from models.speech.beam import LanguageModel
from models.speech.network import Network
from models.speech.transcript import EngineUnavailable, Transcriber
from models.verdict import Language, Seconds

__all__ = ["Engine", "EngineName", "open_engine"]

EngineName = Literal["auto", "wav2vec2", "whisper"]
Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is, 0..1."""

_HUB_PATIENCE: Seconds = 4
"""A hub that has not answered by then is taken for out of reach."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What was chosen."""

    transcriber: Transcriber
    about: str
    """One line for people: what it is and, if it is second choice or lacks a language, why."""
    weights: str
    """Changes with whatever it reads a note by."""


def open_engine(
    name: EngineName,
    wav2vec2: dict[Language, str],
    cache_dir: Path,
    threads: int,
    progress: Progress,
    language_models: Mapping[Language, Path] | None = None,
) -> Engine:
    """The engine of this name, loaded; with `auto` the best that there is. Blocking; may download.

    `wav2vec2` gives a hub id or a folder for each language, `language_models` what to read its letters with.

    Raises:
        EngineUnavailable: it cannot be had here.
    """
    if name == "whisper":
        return _whisper(cache_dir, threads, progress)
    # First of all: one that was asked for and is not there is a mistake, no reason for another engine.
    models = {language: LanguageModel.read(path) for language, path in (language_models or {}).items()}
    if name == "wav2vec2":
        return _wav2vec2(wav2vec2, models, cache_dir, threads, progress)
    try:
        return _wav2vec2(wav2vec2, models, cache_dir, threads, progress, patient=False)
    except EngineUnavailable as refusal:
        engine = _whisper(cache_dir, threads, progress)
        return replace(engine, about=f"{engine.about}; not wav2vec2: {refusal}")


def _whisper(cache_dir: Path, threads: int, progress: Progress) -> Engine:
    from models.speech.whisper import WhisperTranscriber

    transcriber = WhisperTranscriber.load(cache_dir, threads, progress)
    return Engine(transcriber, transcriber.title, transcriber.title)


def _wav2vec2(
    wav2vec2: dict[Language, str],
    language_models: Mapping[Language, LanguageModel],
    cache_dir: Path,
    threads: int,
    progress: Progress,
    *,
    patient: bool = True,
) -> Engine:
    """With at least one of its languages. All are fetched now: a note must not wait for a gigabyte.

    Without `patient` a hub that does not answer soon has nothing.
    """
    from models.speech.conversion import network_of
    from models.speech.wav2vec2 import Wav2Vec2Transcriber

    networks: dict[Language, Network] = {}
    refusals: dict[Language, EngineUnavailable] = {}
    for language, source in wav2vec2.items():
        try:
            if not (patient or _within_reach(source, cache_dir / "hub")):
                raise EngineUnavailable("neither the model hub nor a local copy is within reach")
            networks[language] = network_of(source, cache_dir, threads, progress)
        except EngineUnavailable as refusal:
            refusals[language] = refusal
    if not networks:
        raise next(iter(refusals.values()))
    transcriber = Wav2Vec2Transcriber(networks, language_models=language_models, threads=threads)
    named = [f"wav2vec2, {' and '.join(wav2vec2[language] for language in networks)}"]
    named += [f"language model {model.file.name}" for model in language_models.values()]
    about = "; ".join([", ".join(named), *(f"no {language}: {why}" for language, why in refusals.items())])
    weights = [network.folder.name for network in networks.values()]
    weights += [f"{model.file} {model.file.stat().st_mtime_ns}" for model in language_models.values()]
    return Engine(transcriber, about, " ".join(weights))


def _within_reach(source: str, hub_cache: Path) -> bool:
    """Whether a model is in a folder, in the cache, or on a hub that answers. Takes seconds at most."""
    if Path(source).expanduser().is_dir():
        return True
    from huggingface_hub import get_hf_file_metadata, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        if isinstance(try_to_load_from_cache(source, "config.json", cache_dir=hub_cache), str):
            return True
        url = hf_hub_url(source, "config.json")
    except HFValidationError:
        return False
    answers: list[object] = []

    def ask() -> None:
        # No name, no route, no such model: it all means that the model is not there.
        with suppress(Exception):
            answers.append(get_hf_file_metadata(url, timeout=_HUB_PATIENCE))

    # In a thread of its own, for looking up a name has no time limit of ours.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_HUB_PATIENCE)
    return bool(answers)
