"""A `Wav2Vec2ForCTC` checkpoint as people publish it: found, fetched, and read without PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from models.speech.ctc import Vocabulary
from models.speech.transcript import EngineUnavailable

__all__ = ["Checkpoint", "UnsupportedCheckpoint", "Weights"]

Weights = Callable[[str], NDArray[np.float32] | None]
"""The tensor of a name, as `Wav2Vec2ForCTC` calls it; None where the checkpoint has no such tensor."""

_SAFE, _PICKLED = "model.safetensors", "pytorch_model.bin"
_SMALL_FILES = (
    "config.json",
    "preprocessor_config.json",
    "vocab.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
_MARKERS = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


class UnsupportedCheckpoint(ValueError):
    """A checkpoint that cannot be read or described; the message completes "… cannot be used: "."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with the files of one checkpoint."""

    source: str
    """As the operator named it: hub id or folder."""
    folder: Path
    weights_file: Path
    config: dict[str, Any]

    @classmethod
    def find(cls, source: str, cache_dir: Path) -> Self:
        """A local folder as it is; a hub id from `cache_dir`, else from the hub.

        Raises:
            EngineUnavailable: it is neither, cannot be fetched, or lacks a file.
        """
        folder = (
            Path(source).expanduser() if Path(source).expanduser().is_dir() else _fetch(source, cache_dir)
        )
        weights_file = _weights_in(folder)
        if weights_file is None:
            raise EngineUnavailable(f"wav2vec2 model {source}: there is neither {_SAFE} nor {_PICKLED}")
        if not (folder / "vocab.json").is_file():
            raise EngineUnavailable(f"wav2vec2 model {source}: there is no vocab.json, so it writes no text")
        try:
            return cls(source, folder, weights_file, _json(folder / "config.json"))
        except (OSError, ValueError) as error:
            raise EngineUnavailable(f"wav2vec2 model {source}: config.json cannot be read") from error

    @property
    def fingerprint(self) -> str:
        """Changes whenever a file of the checkpoint does; cheap, so it does not read the weights."""
        digest = sha256()
        for file in (*(self.folder / name for name in _SMALL_FILES), self.weights_file):
            if file.is_file():
                stat = file.stat()
                digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    @property
    def normalises(self) -> bool:
        """Whether an utterance is scaled to zero mean and unit variance before it is heard."""
        file = self.folder / "preprocessor_config.json"
        return bool(_json(file).get("do_normalize", True)) if file.is_file() else True

    def vocabulary(self) -> Vocabulary:
        """
        Raises:
            UnsupportedCheckpoint: `vocab.json` is none that this reads.
        """
        numbers = _json(self.folder / "vocab.json")
        if not all(isinstance(number, int) for number in numbers.values()):
            raise UnsupportedCheckpoint("its vocab.json holds more than one language")
        options: dict[str, Any] = {}
        for name in ("special_tokens_map.json", "tokenizer_config.json"):
            if (self.folder / name).is_file():
                options |= _json(self.folder / name)
        markers = {_content(options.get(kind)) or usual for kind, usual in _MARKERS.items()}
        delimiter = _content(options.get("word_delimiter_token")) or "|"
        letters = [""] * max(self.config.get("vocab_size", 0), max(numbers.values()) + 1)
        for token, number in numbers.items():
            if token not in markers and token != delimiter and number != self.config.get("pad_token_id"):
                letters[number] = token
        return Vocabulary(tuple(letters), numbers.get(delimiter))

    @contextmanager
    def open(self) -> Iterator[Weights]:
        """The tensors by name, each read when it is asked for, as float32.

        Raises:
            UnsupportedCheckpoint: the file cannot be read.
        """
        try:
            if self.weights_file.name == _SAFE:
                with safe_open(self.weights_file, framework="numpy") as file:
                    names = set(file.keys())
                    yield lambda name: _float32(file.get_tensor(name)) if name in names else None
            else:
                tensors = self._unpickled()
                yield lambda name: _float32(tensors[name].numpy()) if name in tensors else None
        except SafetensorError as error:
            raise UnsupportedCheckpoint(f"its {_SAFE} is damaged ({error})") from error

    def _unpickled(self) -> dict[str, Any]:
        try:
            import torch
        except ImportError as error:
            raise UnsupportedCheckpoint(
                f"it has only {_PICKLED}, which PyTorch must read: pip install 'forewarn[train]'"
            ) from error
        tensors: dict[str, Any] = torch.load(
            self.weights_file, map_location="cpu", weights_only=True, mmap=True
        )
        return tensors


def _fetch(source: str, cache_dir: Path) -> Path:
    """From the cache if it is complete there, without asking the hub; pickled weights only if no others."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(source, cache_dir=cache_dir, local_files_only=True))
        if _weights_in(folder) and (folder / "vocab.json").is_file():
            return folder
    except (OSError, ValueError):
        pass
    try:
        folder = Path(snapshot_download(source, cache_dir=cache_dir, allow_patterns=[*_SMALL_FILES, _SAFE]))
        if not _weights_in(folder):
            snapshot_download(source, cache_dir=cache_dir, allow_patterns=[_PICKLED])
    except Exception as error:
        # A lost line is an OSError, one of httpx's or, of the xet client, a RuntimeError.
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise EngineUnavailable(
            f"wav2vec2 model {source}: no such folder, and the model hub does not give it ({reason})"
        ) from error
    return folder


def _weights_in(folder: Path) -> Path | None:
    return next((folder / name for name in (_SAFE, _PICKLED) if (folder / name).is_file()), None)


def _json(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text("utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{file.name} is no JSON object")
    return content


def _content(token: object) -> str | None:
    """Special tokens are written as a string or as an object with the string in it."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None


def _float32(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(array, np.float32)
