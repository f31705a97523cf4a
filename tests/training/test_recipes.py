"""The recipes that ship can be read; own data becomes weights that judge, whatever part of it is labelled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.tone.model import ToneModel
from models.verdict import Language
from scripts.training.bases import load_tokenizer
from scripts.training.batches import label_weights
from scripts.training.datasets import READERS, UNKNOWN, Row
from scripts.training.recipe import RecipeError, load_recipe
from tests.training.conftest import FELT, ROOT, json_lines, recipe_for, run_training, sentences, train

RECIPES = sorted((ROOT / "configs" / "train").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_that_ships_can_be_followed(path: Path) -> None:
    recipe = load_recipe(path)
    for source in recipe.sources:
        assert source.hub or source.table or source.name in READERS
        if source.table and recipe.data not in source.table.parents:
            assert source.table.is_file(), f"{source.name} ships beside its recipe"
    assert f"scripts/train.py configs/train/{path.name}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("stem", ["slue_frozen", "frozen_local"])
def test_the_frozen_network_is_the_first_ancestors(stem: str) -> None:
    recipe = load_recipe(ROOT / "configs" / "train" / f"{stem}.toml")
    assert (recipe.frozen_layers, recipe.head_layers, recipe.head_width) == ("all", 1, 30)
    assert "bert-base-uncased" in recipe.base


def test_a_recipe_with_two_sources_of_one_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.toml"
    path.write_text('base = "b"\ndata = "d"\nout = "o"\nsteps = 1\n' + '[[sources]]\nname = "meld"\n' * 2)
    with pytest.raises(RecipeError, match="a name of its own: meld, meld"):
        load_recipe(path)


def test_a_table_lies_beside_the_recipe_or_in_the_data(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    path = tmp_path / "recipes" / "own.toml"
    path.write_text(
        'base = "b"\ndata = "d"\nout = "o"\nsteps = 1\n[[sources]]\nname = "x"\ntable = "x.csv"\n'
    )
    assert load_recipe(path, data=tmp_path / "data").sources[0].table == tmp_path / "data" / "x.csv"
    (path.parent / "x.csv").touch()
    assert load_recipe(path, data=tmp_path / "data").sources[0].table == path.parent / "x.csv"


@pytest.mark.parametrize("how", ["sqrt", "balanced", "none"])
def test_two_tones_alone_weigh_the_same_and_the_third_no_more(how: Any) -> None:
    rows = [Row("", "en", "reviews", tone, (UNKNOWN,) * 7) for tone in (0, 2) * 500]
    weights, _ = label_weights(rows, {"reviews": 1.0}, how)
    assert weights.tolist() == pytest.approx([1, 1, 1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "labelled", "more"),
    [
        ("en", "both", {}),
        ("en", "tone", {"frozen_layers": "all", "head_layers": 1, "class_weights": "none"}),
        (
            "ru",
            "emotions",
            {"languages": ["ru"], "head_layers": 2, "head_width": 16, "class_weights": "balanced"},
        ),
    ],
    ids=["both-heads", "tones-alone", "emotions-alone"],
)
def test_own_data_becomes_weights(
    tmp_path: Path, tiny_bert: Path, language: Language, labelled: str, more: dict[str, Any]
) -> None:
    said = sentences(120, language)
    rows = [{"review": text, "stars": tone} for text, tone in said]
    if labelled != "tone":
        rows = [row | {"felt": FELT[tone]} for row, (_, tone) in zip(rows, said, strict=True)]
    json_lines(tmp_path / "own.jsonl", rows)  # type: ignore[arg-type]
    columns = {
        "both": 'tone = "stars"\nemotions = "felt"',
        "tone": 'tone = "stars"',
        "emotions": 'emotions = "felt"',
    }
    source = f'name = "reviews"\ntable = "own.jsonl"\ntext = "review"\n{columns[labelled]}'
    out = train(recipe_for(tmp_path, tiny_bert, source, **more))
    judged = ToneModel.load(out / "weights", 1).judge([said[0][0], "the train"], [language, None])
    assert sum(judged[0].scores.values()) == pytest.approx(1, abs=1e-5)
    assert judged[0].language == language
    assert "reviews" in (out / "report.md").read_text(encoding="utf-8")
    about = json.loads((out / "weights" / "tone.json").read_text(encoding="utf-8"))
    assert about["training"]["rows"]["reviews"] < len(said)
    if labelled != "tone":
        assert about["calibration"][language]["emotion_thresholds"] != [0.5] * 7
    if labelled != "emotions":
        assert about["calibration"][language]["temperature"] != 1.0


@pytest.mark.slow
def test_a_mistake_in_the_data_ends_the_run_in_one_line(tmp_path: Path, tiny_bert: Path) -> None:
    (tmp_path / "own.csv").write_text("review,stars\nyes,5\n", encoding="utf-8")
    source = 'name = "reviews"\ntable = "own.csv"\ntext = "review"\ntone = "stars"'
    done = run_training(recipe_for(tmp_path, tiny_bert, source))
    assert done.returncode == 1
    assert done.stderr.startswith("reviews: labels of `tone` that the recipe has no name for: '5'")
    assert done.stderr.count("\n") == 1


def test_a_base_that_is_not_there_ends_the_run_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RecipeError, match="no base runs/nothing/weights") as raised:
        load_tokenizer("runs/nothing/weights", 64)
    assert "\n" not in str(raised.value)
