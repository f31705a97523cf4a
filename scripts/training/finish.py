"""After the last step: export, calibrate the exported model on the development rows, measure, report."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from models.tone.model import ToneModel
from models.verdict import EMOTIONS, LANGUAGES
from scripts.training.calibrate import calibrated, emotion_thresholds, temperature, unsure_below
from scripts.training.datasets import Row, Split
from scripts.training.evaluation import Judged, judge_all, table
from scripts.training.export import describe, export
from scripts.training.loop import load_tokenizer
from scripts.training.network import ToneNetwork
from scripts.training.pictures import calibration_picture, confusion_picture, loss_picture
from scripts.training.recipe import Recipe

UNCALIBRATED = {"temperature": 1.0, "unsure_below": 0.0, "emotion_thresholds": [0.5] * len(EMOTIONS)}


def finish(recipe: Recipe, network: ToneNetwork, data: Split) -> Path:
    """Write `out/weights` (for `ToneModel.load`) and `out/report.md` with pictures; returns the former."""
    weights = recipe.out / "weights"
    tokenizer, pad = load_tokenizer(recipe.base, recipe.max_tokens)
    export(network, tokenizer, weights)
    provenance = _provenance(recipe, data)
    describe(weights, pad, dict.fromkeys(LANGUAGES, UNCALIBRATED), provenance)
    plain = judge_all(ToneModel.load(weights, recipe.threads), data.dev)
    calibration = calibrate(recipe, plain, data)
    describe(weights, pad, calibration, provenance)
    _report(recipe, [calibrated(one, calibration[data.dev[one.name][0].language]) for one in plain])
    return weights


def calibrate(recipe: Recipe, plain: list[Judged], data: Split) -> dict[str, Any]:
    """Temperature and thresholds by language, from scores judged at temperature 1.

    A language that no development row decides stays uncalibrated.
    """
    uses = {source.name: source.calibrates for source in recipe.sources}
    calibration: dict[str, Any] = {}
    for language in LANGUAGES:
        here = [one for one in plain if data.dev[one.name][0].language == language]
        for_tones = [one for one in here if "tone" in uses[one.name]]
        for_emotions = [one for one in here if "emotions" in uses[one.name]]
        values = dict(UNCALIBRATED)
        if for_tones:
            divisor = temperature(for_tones)
            values |= {"temperature": divisor, "unsure_below": unsure_below(for_tones, divisor)}
        if for_emotions:
            values["emotion_thresholds"] = emotion_thresholds(for_emotions).round(3).tolist()
        calibration[language] = values
    return calibration


def _base(recipe: Recipe) -> str:
    """The base by name: where a folder lies on this machine is nobody's business."""
    return Path(recipe.base).name if Path(recipe.base).is_dir() else recipe.base


def _provenance(recipe: Recipe, data: Split) -> dict[str, Any]:
    rows = Counter(row.source for row in data.train)
    return {
        "base": _base(recipe),
        "steps": recipe.steps,
        "batch": recipe.batch,
        "seed": recipe.seed,
        "rows": dict(rows),
        "rows_sha256": {name: _digest([row for row in data.train if row.source == name]) for name in rows},
    }


def _digest(rows: list[Row]) -> str:
    return hashlib.sha256(
        "\n".join(f"{row.text}\t{row.tone}\t{row.emotions}" for row in rows).encode()
    ).hexdigest()


def _report(recipe: Recipe, judged: list[Judged]) -> None:
    images = recipe.out / "images"
    images.mkdir(exist_ok=True)
    loss_picture(recipe.out / "log.jsonl", images / "training-loss.png")
    confusion_picture(judged, images / "training-confusion.png")
    calibration_picture(judged, images / "training-calibration.png")
    (recipe.out / "report.md").write_text(
        f"# {recipe.out.name}\n\n"
        f"{recipe.steps} steps of {recipe.batch} texts from `{_base(recipe)}`. Development parts, the "
        f"exported int8 model, texts as written (raw) and as a recogniser writes them (asr):\n\n"
        f"{table(judged)}\n\n"
        "![Loss](images/training-loss.png)\n\n![Confusion](images/training-confusion.png)\n\n"
        "![Calibration](images/training-calibration.png)\n",
        encoding="utf-8",
    )
