"""What the tests of the training bench share."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.verdict import Language
from scripts.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]

SAID: dict[Language, dict[str, str]] = {
    "en": {
        "positive": "lovely great happy glad sunny kind thanks wonderful",
        "negative": "awful angry sad broken rude late sorry dreadful",
        "neutral": "train table office street seven paper door window",
    },
    "ru": {
        "positive": "прекрасно отлично рада спасибо чудесный добрый солнце смешно",
        "negative": "ужасно злость грустно сломано грубо поздно жаль страшно",
        "neutral": "поезд стол офис улица семь бумага дверь окно",
    },
}
FELT = {"positive": "joy", "negative": "anger,sadness", "neutral": "neutral"}
GLUE = "the was and is very a it this that we my so now очень был это так мы и сегодня мой сейчас вот"
LETTERS = "abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюя0123456789'"


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of two layers of 32, never trained, and its tokenizer of a few hundred pieces."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-bert")
    words = [word for said in SAID.values() for tone in said.values() for word in tone.split()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    pieces += dict.fromkeys([*words, *(word for word in GLUE.split() if len(word) > 1)])
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    BertTokenizerFast(tokenizer_object=tokenizer._tokenizer).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        pad_token_id=0,
    )
    torch.manual_seed(1)
    BertModel(config).save_pretrained(folder)
    return folder


def sentences(count: int, language: Language = "en", seed: int = 1) -> list[tuple[str, str]]:
    """(text, tone), all different, the tones in turn: every third is positive."""
    chance = random.Random(seed)
    tones = list(SAID[language])
    glue = [word for word in GLUE.split() if (word[0] > "z") == (language == "ru")]
    texts: dict[str, str] = {}
    while len(texts) < count:
        tone = tones[len(texts) % len(tones)]
        words = chance.choices(SAID[language][tone].split(), k=3) + chance.choices(glue, k=3)
        chance.shuffle(words)
        texts.setdefault(" ".join(words), tone)
    return list(texts.items())


def recipe_for(folder: Path, base: Path, source: str, **more: Any) -> Path:
    """A recipe of a few steps for one `source`, in TOML; `more` options than these, or others."""
    options = {
        "steps": 20,
        "batch": 8,
        "checkpoint_every": 20,
        "bfloat16": False,
        "device": "cpu",
        "threads": 1,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in (options | more).items()]
    path = folder / "own.toml"
    head = f'base = "{base}"\ndata = "{folder}"\nout = "{folder}/out"\n'
    path.write_text(head + "\n".join(lines) + f"\n[[sources]]\n{source}", encoding="utf-8")
    return path


def run_training(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The finished process of the command, whatever became of it."""
    command = [sys.executable, "scripts/train.py", str(recipe), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)


def train(recipe: Path, *options: str) -> Path:
    """Run the command to its end; returns the recipe's `out`."""
    done = run_training(recipe, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    return load_recipe(recipe).out


def json_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    """`rows` as JSONL."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
