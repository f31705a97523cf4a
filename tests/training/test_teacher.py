"""A small network learns from a larger one, and from the exported weights of an earlier run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.tone.model import ToneModel
from models.tone.text import normalise
from scripts.training.bases import build, load_tokenizer
from scripts.training.batches import BLANK, collate
from scripts.training.forward import logits_of
from scripts.training.loop import loss_of, read
from scripts.training.recipe import Recipe, Source, load_recipe
from scripts.training.teacher import lessons
from tests.training.conftest import run_training, sentences, train


def write_recipe(folder: Path, name: str, base: Path, **values: object) -> Path:
    table = folder / "said.tsv"
    rows = [(text, "en", tone) for text, tone in sentences(200)]
    rows += [(text, "ru", tone) for text, tone in sentences(100, "ru")]
    lines = ["text\tlanguage\ttone\temotions", *("\t".join([*row, ""]) for row in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {"base": str(base), "data": "none", "out": str(folder / name), "threads": 1, "steps": 200}
    settings |= {"batch": 16, "encoder_rate": 2e-3, "head_rate": 1e-2, "bfloat16": False} | values
    lines = [
        f"{key} = {value!r}".replace("'", '"').replace("True", "true").replace("False", "false")
        for key, value in settings.items()
    ]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + '\n[[sources]]\nname = "said"\ntable = "said.tsv"\n', encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_student_follows_its_teacher_and_weights_can_be_trained_on(tiny_bert: Path, tmp_path: Path) -> None:
    """The teacher, then its student: two of the runs that made the shipped weights."""
    student = write_recipe(tmp_path, "student", tiny_bert, teacher="teacher.toml")
    teacher = write_recipe(tmp_path, "teacher", tiny_bert, languages=["en"])
    early = run_training(student)
    assert early.returncode != 0
    assert "first train the teacher" in early.stderr

    train(teacher)
    out = train(student)
    [kept] = out.glob("lessons-*.npz")
    with np.load(kept) as said:
        assert said["logits"].shape == (len(said["keys"]), 10)

    weights = out / "weights"
    texts, tones = zip(*sentences(60), strict=True)
    model = ToneModel.load(weights)
    judged = model.judge(texts, ["en"] * len(texts))
    assert np.mean([one.tone == tone for one, tone in zip(judged, tones, strict=True)]) > 0.45

    recipe = load_recipe(write_recipe(tmp_path, "on", weights))
    network, (tokenizer, pad) = build(recipe), load_tokenizer(str(weights), 64)
    logits = logits_of(network, [normalise(text) for text in texts], tokenizer, pad, bfloat16=False)
    exported, _ = model._logits(texts, ["en"] * len(texts))
    assert np.corrcoef(logits[:, :3].ravel(), exported.ravel())[0, 1] > 0.98


@pytest.fixture
def student(tiny_bert: Path, tmp_path: Path) -> Path:
    """The recipe of a run whose English teacher has finished."""
    teacher = load_recipe(write_recipe(tmp_path, "teacher", tiny_bert, languages=["en"], steps=2))
    network = build(teacher)
    trained = [p for p in network.parameters() if p.requires_grad]
    state = {"base": str(tiny_bert), "network": network.state_dict(), "average": trained, "step": 2}
    teacher.out.mkdir()
    torch.save(state, teacher.out / "checkpoint.pt")
    return write_recipe(tmp_path, "student", tiny_bert, teacher="teacher.toml")


def test_a_teacher_reads_what_is_in_its_language_or_was_translated_from_it(student: Path) -> None:
    rows = [
        replace(BLANK, text="so happy"),
        replace(BLANK, text="так рада", language="ru", original="so happy"),
        replace(BLANK, text="так рада", language="ru", original="очень рада"),
        replace(BLANK, text="очень жаль", language="ru"),
    ]
    taught = lessons(load_recipe(student), rows)
    assert set(taught) == {"so happy", "так рада"}
    assert np.array_equal(taught["so happy"], taught["так рада"])


def test_what_the_teacher_gets_wrong_is_left_to_the_labels(student: Path) -> None:
    with student.open("a", encoding="utf-8") as recipe:
        recipe.write('[[sources]]\nname = "irony"\ntable = "said.tsv"\ntaught = false\n')
    texts = {"said": "so happy", "irony": "oh how happy"}
    rows = [replace(BLANK, text=text, source=source) for source, text in texts.items()]
    assert set(lessons(load_recipe(student), rows)) == {"so happy"}


def test_following_the_teacher_lowers_the_loss_and_silence_costs_nothing(
    tiny_bert: Path, tmp_path: Path
) -> None:
    recipe = load_recipe(write_recipe(tmp_path, "student", tiny_bert, teaching=1.0))
    network = build(recipe).eval()
    ids = [[2, 10, 3], [2, 11, 12, 3]]
    weights = torch.ones(3), torch.ones(7)
    silent = collate([BLANK, BLANK], ids, 0, {})
    assert [loss.item() for loss in loss_of(network, silent, *weights, recipe)] == [0, 0]

    with torch.no_grad():
        own = torch.cat(network(silent.ids, silent.mask), dim=1).numpy()
    agreed = replace(silent, lessons=torch.from_numpy(own))
    other = replace(silent, lessons=torch.from_numpy(own + np.linspace(-3, 3, 10, dtype=np.float32)))
    same, different = (
        sum(loss.item() for loss in loss_of(network, batch, *weights, recipe)) for batch in (agreed, other)
    )
    assert same < different


@pytest.mark.parametrize(("frozen", "learning"), [(0, 2), (1, 1), ("all", 0)])
def test_frozen_layers_stay_as_they_are(tiny_bert: Path, tmp_path: Path, frozen: int, learning: int) -> None:
    recipe = load_recipe(write_recipe(tmp_path, "frozen", tiny_bert, frozen_layers=frozen, head_layers=1))
    network = build(recipe).train()
    learns = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert len({name.split(".")[3] for name in learns if ".layer." in name}) == learning
    assert {"tone.0.weight", "tone.3.weight"} <= learns
    assert network.tone[0].out_features == 30
    assert network.encoder.training is (frozen != "all")


def test_rows_of_other_languages_are_left_out(tiny_bert: Path, tmp_path: Path) -> None:
    recipe: Recipe = load_recipe(write_recipe(tmp_path, "english", tiny_bert, languages=["en"]))
    assert isinstance(recipe.sources[0], Source)
    data = read(recipe)
    assert {row.language for row in data.train} == {"en"}
    assert {row.language for row in data.dev["said"]} == {"en"}
