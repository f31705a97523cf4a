"""A checkpoint becomes a network that ONNX Runtime runs: once, checked, and kept.

The float32 network is compared with Transformers where that is installed, and refused if it differs. The
faster ones are compared with the float32 one, and the fastest that hears the same is kept. Nothing half done
is ever seen: the folder is written beside its place and renamed, and of two processes that convert at once
the first to finish wins.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.typing import NDArray

from models.audio import SAMPLE_RATE
from models.speech.checkpoint import Checkpoint, UnsupportedCheckpoint
from models.speech.network import CONVOLUTIONS, DATA, GPU, TRANSFORMER, Network, Session
from models.speech.transcript import EngineUnavailable, Samples

if TYPE_CHECKING:
    from models.speech.wav2vec2_graph import Architecture, Precision

__all__ = ["Progress", "babble", "converted", "network_of"]

_log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
"""Told what is being done and how much of it is, 0..1."""

_VERSION = 3
"""Part of the cache's key; raise it whenever the graph or the files below change."""
_HAS_GPU = GPU in ort.get_available_providers()
"""Whether ONNX Runtime was built for one; whether there is one shows when a network is opened."""
_FLOAT_ERROR = 1e-3
"""Largest relative error of float32 logits against Transformers; rounding alone gives about 1e-6."""
_INT8_ERROR = 0.15
"""Largest relative error of a faster network's logits against float32, each frame's mean taken away."""
_INT8_AGREEMENT = 0.97
"""Smallest share of frames where it and float32 prefer the same class, of those that float32 is sure of."""
_SURE = 0.5
"""Probability above which float32 counts as sure of a frame: with less, a tie may tip either way."""


def network_of(source: str, cache_dir: Path, threads: int, progress: Progress) -> Network:
    """The network of a checkpoint, folder or hub id: fetched and converted if that was not done yet.

    Raises:
        EngineUnavailable: it cannot be had, or not be converted.
    """
    checkpoint = Checkpoint.find(source, cache_dir / "hub")
    return converted(checkpoint, cache_dir / "wav2vec2", threads, progress)


def converted(
    checkpoint: Checkpoint, cache_dir: Path, threads: int = 0, progress: Progress = lambda *_: None
) -> Network:
    """The network of a checkpoint, from the cache or converted now: seconds for `base`, more for `large`.

    Raises:
        EngineUnavailable: the checkpoint cannot be converted, or not faithfully.
    """
    name = re.sub(r"[^\w.-]+", "-", Path(checkpoint.source).name)
    place = cache_dir / f"{name}-{checkpoint.fingerprint}-v{_VERSION}{'-gpu' if _HAS_GPU else ''}"
    if not place.is_dir():
        cache_dir.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache_dir))
        try:
            _convert(checkpoint, beside, threads, progress)
            _move(beside, place)
        except Exception as error:  # whatever is wrong with it, or with the disk, there is no network
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            message = f"wav2vec2 model {checkpoint.source} cannot be used: {reason}"
            raise EngineUnavailable(message) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return Network.load(place)


def _move(beside: Path, place: Path) -> None:
    try:
        beside.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was faster: its work is as good
            raise


def _convert(checkpoint: Checkpoint, folder: Path, threads: int, progress: Progress) -> None:
    # Not at the top: `onnx` is for writing graphs, and nearly every start finds them written.
    from models.speech.wav2vec2_graph import Architecture

    architecture = Architecture.of(checkpoint.config)
    vocabulary = checkpoint.vocabulary()
    speech = babble()

    def written(precision: Precision) -> Session:
        step = f"converting to {precision}"
        _write(checkpoint, architecture, precision, folder / precision, lambda share: progress(step, share))
        return Session(folder / precision, threads, gpu=precision == "float16")

    truth = written("float32").logits(speech)
    if truth.shape[1] > len(vocabulary.letters):
        raise UnsupportedCheckpoint(f"it has {truth.shape[1]} classes, vocab.json {len(vocabulary.letters)}")
    if find_spec("torch") and find_spec("transformers"):
        _check_float(checkpoint, truth, speech)

    def as_good(precision: Precision) -> bool:
        session = written(precision)
        if precision == "float16" and not session.on_gpu:
            return False
        return _faithful(precision, truth, session.logits(speech))

    precision: Precision = next(filter(as_good, _faster()), "float32")
    for file in (folder / precision).iterdir():
        file.rename(folder / file.name)
    for tried in filter(Path.is_dir, folder.iterdir()):
        shutil.rmtree(tried)
    Network(folder, precision, vocabulary, checkpoint.normalises).save()


def _faster() -> tuple[Precision, ...]:
    """What to try instead of float32, the best first."""
    return ("float16", "int8") if _HAS_GPU else ("int8",)


def _write(
    checkpoint: Checkpoint,
    architecture: Architecture,
    precision: Precision,
    folder: Path,
    progress: Callable[[float], None],
) -> None:
    from models.speech.wav2vec2_graph import write_graphs

    folder.mkdir()
    names = 0
    expected = 16 * architecture.layers

    with checkpoint.open() as weights, (folder / DATA).open("wb") as data:

        def counted(name: str) -> NDArray[np.float32] | None:
            nonlocal names
            names += 1
            progress(min(1.0, names / expected))
            return weights(name)

        graphs = write_graphs(architecture, counted, precision, data)
    (folder / CONVOLUTIONS).write_bytes(graphs.convolutions)
    (folder / TRANSFORMER).write_bytes(graphs.transformer)


def _check_float(checkpoint: Checkpoint, ours: NDArray[np.float32], speech: Samples) -> None:
    import torch
    from transformers import Wav2Vec2ForCTC

    model = Wav2Vec2ForCTC.from_pretrained(
        checkpoint.folder, attn_implementation="eager", local_files_only=True, dtype=torch.float32
    )
    with torch.inference_mode():
        theirs = model(torch.from_numpy(speech)[None]).logits[0].numpy()
    error = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    if not error <= _FLOAT_ERROR:
        raise UnsupportedCheckpoint(f"its conversion differs from Transformers by {error:.1e}")


def _faithful(precision: Precision, exact: NDArray[np.float32], fast: NDArray[np.float32]) -> bool:
    """Whether the faster network hears what float32 hears.

    Two measures, for each is blind where the other sees: an untrained network has flat logits, so its frames
    tip at any noise; a trained one may be off by much on classes that do not matter.
    """
    centred = exact - exact.mean(axis=1, keepdims=True)
    error = np.linalg.norm(fast - fast.mean(axis=1, keepdims=True) - centred) / np.linalg.norm(centred)
    probabilities = np.exp(centred - centred.max(axis=1, keepdims=True))
    sure = probabilities.max(axis=1) / probabilities.sum(axis=1) > _SURE
    same = exact.argmax(axis=1) == fast.argmax(axis=1)
    agreement = same[sure].mean() if sure.any() else 1.0
    _log.info("%s against float32: error %.3f, agreement %.3f", precision, error, agreement)
    return bool(error <= _INT8_ERROR and agreement >= _INT8_AGREEMENT)


def babble(seconds: float = 5.0) -> Samples:
    """Something like speech, without saying anything: buzz through moving formants, hiss, pauses.

    Normalised to zero mean and unit variance; always the same.
    """
    chance = np.random.default_rng(0)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    syllables = (time * 5).astype(int)
    sound = np.zeros(len(time))
    phase = np.cumsum(110 + 20 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    formants = chance.uniform((250, 800, 2200), (800, 2200, 3200), (syllables[-1] + 1, 3))[syllables]
    for harmonic in range(1, 36):
        near = np.exp(-(((harmonic * 120 - formants) / 150) ** 2)).sum(axis=1)
        sound += near * np.sin(2 * np.pi * harmonic * phase)
    kind = chance.choice(3, syllables[-1] + 1, p=(0.65, 0.2, 0.15))[syllables]
    sound = np.select([kind == 0, kind == 1], [sound, chance.standard_normal(len(time)) * 0.5], 0.0)
    sound *= np.sin(np.pi * (time * 5 - syllables)) ** 0.5
    sound += chance.standard_normal(len(time)) * 0.003
    return np.asarray((sound - sound.mean()) / sound.std(), np.float32)
