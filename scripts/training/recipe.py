"""Everything one training run may vary, in one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One set of labelled texts and how often an epoch shows it."""

    name: str
    """A set known to `datasets.READERS`, or any name where `table` is given."""
    weight: float = 1.0
    """Times that each of its rows comes up in an epoch; 0.5 shows half of them, others each time."""
    table: Path | None = None
    """Own data: a tab-separated file with the columns text, language, tone, emotions (see
    `datasets.read_table`); the path is relative to the recipe."""
    calibrates: tuple[str, ...] = ("tone", "emotions")
    """What its development rows decide: the temperature of the tones, the thresholds of the emotions."""


@dataclass(frozen=True)
class Recipe:
    """The knobs of one run; see configs/train/shipped.toml."""

    base: str
    """The encoder to start from: a folder or a hub id."""
    data: Path
    """Folder of the labelled sets, one subfolder each."""
    out: Path
    """Folder for checkpoints, the log and the report."""
    sources: tuple[Source, ...]
    steps: int
    batch: int = 64
    max_tokens: int = 96
    seed: int = 1
    threads: int = 2
    encoder_rate: float = 1.5e-4
    """Peak learning rate of the top layer."""
    layer_decay: float = 0.93
    """Each layer below learns this much slower than the one above."""
    head_rate: float = 1e-3
    warm_up: float = 0.06
    """Share of the steps until the peak."""
    weight_decay: float = 0.01
    dropout: float = 0.1
    label_smoothing: float = 0.05
    emotion_weight: float = 3.0
    """Weight of the emotion loss beside the tone loss."""
    asr_share: float = 0.5
    """Share of the texts shown as a recogniser writes them."""
    average: float = 0.97
    """Decay of the running average of the weights, taken every tenth step."""
    bfloat16: bool = True
    """Matrix products in bfloat16: 2.5 times faster on CPUs that have it, same result."""
    checkpoint_every: int = 400
    dev_rows: int = 400
    """Rows of each development set that a checkpoint is measured on."""


def load_recipe(path: Path, base: str | None = None, data: Path | None = None) -> Recipe:
    """Read `path`; `base` and `data`, where given, replace the recipe's own.

    Raises:
        TypeError: the file has a key that no recipe knows.
    """
    with path.open("rb") as file:
        values = tomllib.load(file)
    sources = tuple(
        Source(
            name=source["name"],
            weight=source.get("weight", 1.0),
            table=path.parent / source["table"] if "table" in source else None,
            calibrates=tuple(source.get("calibrates", ("tone", "emotions"))),
        )
        for source in values.pop("sources")
    )
    if base:
        values["base"] = base
    values["data"] = data or Path(values["data"])
    values["out"] = Path(values["out"])
    return Recipe(sources=sources, **values)
