"""Everything one training run may vary, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from models.verdict import LANGUAGES, Emotion, Language, Tone
from scripts.training.formats import Format

_STRICT = with_config(ConfigDict(extra="forbid"))
"""A misspelt option is an error, not a default."""


class RecipeError(ValueError):
    """A recipe that cannot be followed; the message says which option is wrong."""


@_STRICT
@dataclass(frozen=True)
class Labels:
    """What a set calls its labels → ours; "" for a label that is none of ours.

    All labels of the set have to be named. The key "" stands for a row without a label; where it is not
    named, such a row says nothing. Emotions that no label stands for count as unknown, not as absent.
    """

    tone: Mapping[str, Tone | Literal[""]] | None = None
    """None: the set calls them negative, neutral, positive."""
    emotions: Mapping[str, Emotion | Literal[""]] | None = None
    """None: the set has all seven and calls them as we do."""


@_STRICT
@dataclass(frozen=True)
class Source:
    """One set of labelled texts and how often an epoch shows it.

    It is known by name, or it is own data: a `table` or a `hub` dataset, and how to read it. Rows without a
    text, without any label, or in other languages than English and Russian are left out.
    """

    name: str
    """A set known to `datasets.READERS`, which lies in `data/name`, or any name for own data."""
    weight: float = 1.0
    """Times that each of its rows comes up in an epoch; 0.5 shows half of them, others each time."""
    calibrates: tuple[Literal["tone", "emotions"], ...] = ("tone", "emotions")
    """What its development rows decide: the calibration of the tones, the thresholds of the emotions."""
    only_labels: tuple[Tone | Emotion, ...] = ()
    """Learn only from rows that carry one of these: so one set fills the gaps of another."""
    taught: bool = True
    """Whether the recipe's teacher has a say in its texts; False for what the teacher itself gets wrong."""
    limit: int | None = None
    """Rows at most to learn from (with those held out) and to measure on, picked by a hash of their text."""

    table: Path | None = None
    """A file of own data, also packed (gz, bz2, xz); beside the recipe, or in `data` if it is not there."""
    dev_table: Path | None = None
    """The file to measure on; None: every fifth row of `table`, by a hash of its text, is held out."""
    format: Format | None = None
    """What `table` is written in; None: its suffix says it (`txt` is fastText's)."""
    columns: tuple[str, ...] = ()
    """The columns of a CSV or TSV that has no header line."""
    hub: str | None = None
    """A dataset of the hub, or a folder that the library `datasets` reads."""
    config: str | None = None
    """Which of the hub dataset's configurations."""
    train: str = "train"
    """The split of the hub dataset to learn from."""
    dev: str | None = None
    """The split to measure on; None: every fifth row of `train` is held out."""

    text: str = "text"
    """The column of the text."""
    tone: str | tuple[str, ...] | None = None
    """The column of the tone, or a column for each label that says 0 or 1; None: `tone` if there is one. Of
    several labels in a row (a list, or separated by commas), all have to mean the same tone."""
    emotions: str | tuple[str, ...] | None = None
    """As `tone`, but any number of labels may come together; it may be the same column."""
    language: str | None = None
    """`en`, `ru`, or the column that says it; None: `language` if there is one, else the letters tell."""
    labels: Labels = Labels()


@_STRICT
@dataclass(frozen=True)
class Recipe:
    """The knobs of one run; see configs/train/student.toml."""

    base: str
    """The encoder to start from: a hub id, a folder, or the `weights` folder of an earlier run."""
    data: Path
    """Folder of the labelled sets, one subfolder each."""
    out: Path
    """Folder for checkpoints, the log and the report."""
    sources: tuple[Source, ...]
    steps: int
    languages: tuple[Language, ...] = LANGUAGES
    """Rows of other languages are left out."""
    batch: int = 64
    max_tokens: int = 96
    seed: int = 1
    threads: int = 2
    """Processor cores to use."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    frozen_layers: int | Literal["all"] = 0
    """The lowest layers of the encoder, which stay as they are. Word vectors always do: that saves a third
    of the time and keeps rare words where the base put them."""
    head_layers: int = 0
    """Hidden layers of each head, before its output."""
    head_width: int = 30
    """Units of each hidden layer of a head."""
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
    class_weights: Literal["sqrt", "balanced", "none"] = "sqrt"
    """How much more rare labels count in the loss: by the root of their inverse frequency, by all of it."""
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
    teacher: Path | None = None
    """The recipe of a finished run whose network teaches this one, in the teacher's languages; the path is
    relative to the recipe."""
    teaching: float = 0.6
    """Share of the loss that follows the teacher, on the texts that it taught; the labels have the rest."""
    teaching_temperature: float = 2.0
    """Softens the teacher's probabilities: what it holds for possible is worth learning too."""


def load_recipe(path: Path, base: str | None = None, data: Path | None = None) -> Recipe:
    """Read `path`; `base` and `data`, where given, replace the recipe's own.

    Raises:
        RecipeError: there is no such file, or an option in it is unknown, missing or of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = TypeAdapter(Recipe).validate_python(
            values | ({"base": base} if base else {}) | ({"data": data} if data else {})
        )
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise RecipeError(f"{path}: " + "; ".join(wrong)) from None
    except (OSError, ValueError) as error:
        raise RecipeError(f"{path}: {error}") from None

    def located(named: Path | str | None) -> Path | None:
        if named is None:
            return None
        beside = path.parent / named
        return beside if beside.exists() else recipe.data / named

    sources = []
    for source in recipe.sources:
        if source.hub and (folder := located(source.hub)) and folder.is_dir():
            source = replace(source, hub=str(folder))
        sources.append(replace(source, table=located(source.table), dev_table=located(source.dev_table)))
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        raise RecipeError(f"{path}: every source needs a name of its own: {', '.join(names)}")
    teacher = recipe.teacher and path.parent / recipe.teacher
    return replace(recipe, sources=tuple(sources), teacher=teacher)
