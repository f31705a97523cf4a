"""A converted wav2vec2, on disk and at work.

The convolutions make the most data and see a fiftieth of a second at a time, so they run piece by piece,
each piece on a thread of its own: their memory does not grow with the length of what is heard, much of it
stays in the cache of its core, and no thread waits for another after every step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.speech.ctc import Vocabulary
from models.speech.transcript import Samples

__all__ = ["CONVOLUTIONS", "DATA", "GPU", "TRANSFORMER", "Network", "Session"]

GPU, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
"""What ONNX Runtime calls them; the first is only in the package `onnxruntime-gpu`."""

CONVOLUTIONS, TRANSFORMER, DATA = "convolutions.onnx", "transformer.onnx", "model.data"
"""The files of a network's folder, besides its description."""

_DESCRIPTION = "network.json"
_FRAMES_AT_ONCE = 50
"""Frames, 0.02 s each, that the convolutions make in one piece: see docs/benchmarks.md."""


@dataclass(frozen=True, slots=True)
class Network:
    """What a converted checkpoint needs besides its tensors."""

    folder: Path
    precision: str
    vocabulary: Vocabulary
    normalises: bool
    """Whether it wants each utterance with zero mean and unit variance."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        stored = json.loads((folder / _DESCRIPTION).read_text("utf-8"))
        letters = Vocabulary(tuple(stored["vocabulary"]["letters"]), stored["vocabulary"]["delimiter"])
        return cls(**stored | {"folder": folder, "vocabulary": letters})

    def save(self) -> None:
        stored = asdict(self)
        del stored["folder"]
        (self.folder / _DESCRIPTION).write_text(json.dumps(stored, ensure_ascii=False), "utf-8")


class Session:
    """The network of a folder, loaded. Safe to call from several threads."""

    def __init__(self, folder: Path, threads: int, *, gpu: bool = False) -> None:
        """`threads` of 0: one a core. With `gpu` it runs on one if there is one: see `on_gpu`."""
        providers = [GPU, CPU] if gpu else [CPU]
        self._convolutions = _open(folder / CONVOLUTIONS, 1, providers)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._pieces = ThreadPoolExecutor(self._threads, "convolutions")
        self._transformer = _open(folder / TRANSFORMER, threads, providers)
        self.on_gpu = all(GPU in one.get_providers() for one in (self._convolutions, self._transformer))
        shape = self._convolutions.get_modelmeta().custom_metadata_map
        self.samples_per_frame = int(shape["samples_per_frame"])
        self.receptive_field = int(shape["receptive_field"])
        """Samples that one frame sees."""
        self._window = int(shape.get("window", 0))
        self._window_stride = int(shape.get("window_stride", 0))
        """Of the first convolution, in samples, if its norm needs them; else 0."""

    def logits(self, samples: Samples) -> NDArray[np.float32]:
        """(n,) at 16 kHz, normalised as the network wants it → (frames, classes).

        Less than the receptive field gives no frame.
        """
        frames = max(0, (len(samples) - self.receptive_field) // self.samples_per_frame + 1)
        statistics = self._statistics(samples) if frames and self._window else {}
        if not frames:
            return np.empty((0, self._transformer.get_outputs()[0].shape[1]), np.float32)
        # As many for each thread, or one would wait for the others at the end.
        pieces = min(frames, self._threads * ceil(frames / _FRAMES_AT_ONCE / self._threads))
        edges = [frames * piece // pieces for piece in range(pieces + 1)]

        def convolved(first: int, end: int) -> NDArray[np.float32]:
            seen = {"samples": self._seen_by(samples, first, end)} | statistics
            features: NDArray[np.float32] = self._convolutions.run(None, seen)[0]
            return features

        features = np.concatenate(list(self._pieces.map(convolved, edges, edges[1:])))
        logits: NDArray[np.float32] = self._transformer.run(None, {"features": features})[0]
        return logits

    def _seen_by(self, samples: Samples, first: int, end: int) -> Samples:
        """The samples that the frames from `first` up to but without `end` see."""
        return samples[
            first * self.samples_per_frame : (end - 1) * self.samples_per_frame + self.receptive_field
        ]

    def _statistics(self, samples: Samples) -> dict[str, NDArray[np.float64]]:
        """Mean and covariance of the first convolution's windows: its norm is over the whole utterance."""
        windows = sliding_window_view(samples, self._window)[:: self._window_stride].astype(np.float64)
        mean = windows.mean(axis=0, keepdims=True)
        windows -= mean
        return {"mean": mean, "covariance": windows.T @ windows / len(windows)}


def _open(file: Path, threads: int, providers: Sequence[str]) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # The two take turns; threads of one that spin for more work are in the way of the other: 40 % slower.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # A pattern is one more block of memory for each length that comes twice: half a gigabyte for 20 s.
    options.enable_mem_pattern = False
    return ort.InferenceSession(file, options, providers=providers)
