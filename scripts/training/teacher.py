"""A larger network teaches the small one: what it makes of each training text, written down once.

A label says what one person chose; a good teacher says what else would have been possible. Texts whose
tone or emotions nobody annotated get an opinion too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.tone.text import detect_language, normalise
from models.verdict import Language
from scripts.training.average import Average
from scripts.training.bases import build, load_tokenizer
from scripts.training.batches import Lessons
from scripts.training.datasets import Row
from scripts.training.forward import logits_of, pick_device
from scripts.training.recipe import Recipe, RecipeError, load_recipe

__all__ = ["lessons"]


def lessons(recipe: Recipe, rows: Sequence[Row]) -> Lessons:
    """The teacher's logits of the `rows` that it has a say in, kept in the recipe's `out` for the next start.

    Raises:
        RecipeError: the teacher's run is not finished.
    """
    if recipe.teacher is None:
        return {}
    teacher = load_recipe(recipe.teacher)
    checkpoint = teacher.out / "checkpoint.pt"
    if not checkpoint.exists():
        raise RecipeError(f"no {checkpoint}: first train the teacher with scripts/train.py {recipe.teacher}")
    untaught = {source.name for source in recipe.sources if not source.taught}
    read = {
        row.text: text
        for row in rows
        if row.source not in untaught and (text := _readable(row, teacher.languages))
    }
    kept = recipe.out / f"lessons-{checkpoint.stat().st_mtime_ns:x}.npz"
    said = _load(kept)
    new = sorted({text for text in read.values() if _key(text) not in said})
    if new:
        said |= zip(map(_key, new), _teach(teacher, checkpoint, new), strict=True)
        _save(kept, said)
    return {text: said[_key(original)] for text, original in read.items()}


def _readable(row: Row, languages: Sequence[Language]) -> str | None:
    """What a teacher of `languages` can read of a row: its text, or the text that it was translated from."""
    if row.language in languages:
        return row.text
    return row.original if row.original and detect_language(row.original) in languages else None


def _teach(teacher: Recipe, checkpoint: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    if state["step"] < teacher.steps:
        raise RecipeError(f"the teacher stopped at step {state['step']} of {teacher.steps}: --resume its run")
    # The base that the run was given, which need not be the one that its recipe names.
    teacher = replace(teacher, base=state["base"])
    network = build(teacher)
    network.load_state_dict(state["network"])
    average = Average(network, teacher.average)
    average.weights = state["average"]
    average.swap()
    network.to(pick_device(teacher.device))
    tokenizer, pad = load_tokenizer(teacher.base, teacher.max_tokens)
    clean = [normalise(text) or "…" for text in texts]
    return logits_of(network, clean, tokenizer, pad, teacher.bfloat16, show="lessons")


def _key(text: str) -> int:
    """What stands for a text in the file: the run's folder needs no second copy of the data."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _load(path: Path) -> dict[int, NDArray[np.float32]]:
    if not path.exists():
        return {}
    with np.load(path) as kept:
        return dict(zip(kept["keys"].tolist(), kept["logits"], strict=True))


def _save(path: Path, said: Mapping[int, NDArray[np.float32]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, keys=np.array(list(said), np.uint64), logits=np.stack(list(said.values())))
    os.replace(part, path)
