"""The training script, on a toy: from a recipe and a table to weights that judge."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from models.tone.model import ToneModel
from models.verdict import EMOTIONS
from scripts.training.asr_style import asr_style, mishear, name_people
from scripts.training.datasets import HELD_OUT, UNKNOWN, Row, split
from scripts.training.loop import rate_at
from scripts.training.own_data import read_table
from scripts.training.recipe import RecipeError, load_recipe
from scripts.training.report import PICTURES
from tests.training.conftest import FELT, recipe_for, sentences, train


@pytest.fixture
def toy_recipe(tmp_path: Path, tiny_bert: Path) -> Path:
    """40 rows, 12 steps."""
    lines = [f"{text}\ten\t{tone}\t{FELT[tone]}" for text, tone in sentences(40)]
    (tmp_path / "own.tsv").write_text("\n".join(["text\tlanguage\ttone\temotions", *lines]), encoding="utf-8")
    source = 'name = "own"\ntable = "own.tsv"'
    return recipe_for(tmp_path, tiny_bert, source, steps=12, checkpoint_every=6)


@pytest.mark.slow
def test_a_recipe_becomes_weights(toy_recipe: Path) -> None:
    out = train(toy_recipe)
    first = ToneModel.load(out / "weights").judge(["the happy was great"], [None])[0]
    assert sum(first.scores.values()) == pytest.approx(1, abs=1e-5)
    assert "own" in (out / "report.md").read_text(encoding="utf-8")
    assert {image.name for image in (out / "images").iterdir()} == set(PICTURES)
    assert "own" in (out / "weights" / "README.md").read_text(encoding="utf-8")
    checkpoints = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in checkpoints if "dev" in line] == [6, 12]

    train(toy_recipe, "--resume")  # nothing left to learn: the same weights again
    again = ToneModel.load(out / "weights").judge(["the happy was great"], [None])[0]
    assert again.scores == pytest.approx(first.scores, abs=1e-6)


def test_own_data_is_read_and_a_part_held_out(toy_recipe: Path) -> None:
    rows = read_table(toy_recipe.parent / "own.tsv", "own")
    parts = split(rows, [])
    assert len(parts.train) + len(parts.dev["own"]) == 40
    assert 0 < len(parts.dev["own"]) < 40 / HELD_OUT * 3
    angry = next(row for row in rows if row.tone == 0)
    assert [EMOTIONS[i] for i, value in enumerate(angry.emotions) if value == 1] == ["anger", "sadness"]


def test_nothing_measured_is_learned() -> None:
    def row(text: str, source: str) -> Row:
        return Row(text, "en", source, UNKNOWN, (UNKNOWN,) * 7)

    learned = [
        row("I really loved that film!", "a"),
        row("Oh my God", "a"),
        row("something else entirely here", "a"),
    ]
    measured = [row("i really LOVED that film", "b"), row("oh my god", "b")]
    assert [one.text for one in split(learned, measured).train] == [
        "Oh my God",
        "something else entirely here",
    ]


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("Well, I'm fine!", "well i'm fine"),
        ("It's 7 o'clock", "it's seven o'clock"),
        ("great 😍😍 :)", "great"),
        ("'quoted' - and — dashed", "quoted and dashed"),
        ("twenty-one", "twenty-one"),
        ("Ёлка, 2 шт.", "елка два шт"),
    ],
)
def test_text_as_a_recogniser_writes_it(written: str, heard: str) -> None:
    assert asr_style(written, "ru" if "Ё" in written else "en") == heard


def test_mishearing_changes_some_words_and_not_the_length_much() -> None:
    text = "the weather was really nice and everybody stayed until the evening " * 20
    heard = mishear(text, "en", random.Random(3))
    assert heard != " ".join(text.split())
    assert abs(len(heard) - len(text)) < len(text) / 10
    assert mishear(text, "en", random.Random(3)) == heard
    assert "[NAME]" not in name_people("hi [NAME] and [NAME]", "en", random.Random(3))


def test_the_rate_goes_up_and_then_down_to_nothing(toy_recipe: Path) -> None:
    recipe = load_recipe(toy_recipe)
    rates = [rate_at(step, recipe) for step in range(recipe.steps + 1)]
    assert max(rates) == 1
    assert rates[-1] == 0
    assert sorted(rates[1:], reverse=True) == rates[1:]


def test_an_unknown_key_in_a_recipe_is_refused(toy_recipe: Path) -> None:
    toy_recipe.write_text('steps_ = 1\nbase = ""\ndata = ""\nout = ""\nsteps = 1\nsources = []\n')
    with pytest.raises(RecipeError, match="steps_: Unexpected"):
        load_recipe(toy_recipe)
