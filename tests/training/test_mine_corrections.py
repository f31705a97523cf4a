"""From transcripts and what was said to a table of corrections that a person may accept."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from models.tone import text
from models.verdict import Language
from scripts import mine_corrections
from scripts.training.corrections import candidates
from scripts.training.word_errors import Pair


def mine(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["mine_corrections.py", *arguments])
    mine_corrections.main()


def found(language: Language, *pairs: tuple[str, str]) -> dict[str, str]:
    many = [Pair(heard, reference, language) for heard, reference in pairs]
    return {one.heard: one.said for one in candidates(many, language)}


@pytest.mark.parametrize(
    ("language", "pairs", "proposed"),
    [
        # Two slips side by side, each with its own word.
        (
            "ru",
            [("туда ыетц ужш было", "Туда это уже было!"), ("ыетц ужш поздно", "это уже поздно")],
            {"ыетц": "это", "ужш": "уже"},
        ),
        # One form for several words.
        (
            "en",
            [("oh whaddaya want", "oh, what do you want?"), ("so whaddaya think", "So what do you think?")],
            {"whaddaya": "what do you"},
        ),
        # Once is chance.
        ("en", [("it was wunderful", "it was wonderful")], {}),
        # A word of the dictionary is right in other places.
        ("en", [("over their now", "over there now"), ("put it their", "put it there")], {}),
        # So is one that the references know, whatever the dictionary says.
        (
            "en",
            [
                ("hello zorblat my friend", "hello doorbell my friend"),
                ("a zorblat my friend", "a doorbell my friend"),
                ("i own a zorblat", "i own a zorblat"),
            ],
            {},
        ),
        # A form that stands for something else each time says nothing.
        (
            "en",
            [
                *[("we krat home", "we went home")] * 2,
                *[("a krat", "a cat"), ("my krat sat", "my hat sat"), ("the krat ran", "the rat ran")],
            ],
            {},
        ),
        # Corrected already.
        ("ru", [("ваще не так", "вообще не так"), ("ваще никак", "вообще никак")], {}),
        # Neither what was left out nor what was made up is a misspelling.
        ("en", [("home now", "i went home now"), ("brzt brzt home now", "home now")], {}),
        # Silence, and words in nothing.
        ("en", [("", "we are home"), ("blah", "!")], {}),
    ],
)
def test_what_is_proposed(language: Language, pairs: list[tuple[str, str]], proposed: dict[str, str]) -> None:
    assert found(language, *pairs) == proposed


def test_other_languages_are_left_to_their_own_table() -> None:
    pairs = [Pair("ыетц тут", "это тут", "ru")] * 3
    assert not candidates(pairs, "en")
    assert candidates(pairs, "ru")[0].count == 3


def test_what_the_command_writes_corrects_what_the_model_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, out = tmp_path / "heard.tsv", tmp_path / "ru.toml"
    lines = ["heard\treference\tlanguage", *["ыетц было давно\tЭто было давно\tru"] * 3, "ыетц\tему\tru"]
    table.write_text("\n".join(lines), encoding="utf-8")
    mine(monkeypatch, str(table), "--language", "ru", "--out", str(out))
    assert '"ыетц" = "это"  # 3 of 4' in out.read_text(encoding="utf-8")
    assert tomllib.loads(out.read_text(encoding="utf-8")) == {"words": {"ыетц": "это"}}
    monkeypatch.setattr(text, "CORRECTIONS", tmp_path)
    text.recogniser_errors.cache_clear()
    try:
        assert text.normalise("Ыетц было давно", "ru") == "это было давно"
    finally:
        text.recogniser_errors.cache_clear()


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("text\tlanguage\nhello\ten\n", "no column heard, reference"),
        ("heard\treference\tlanguage\nallo\tallô\tfr\n", "not 'fr'"),
    ],
)
def test_another_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, complaint: str
) -> None:
    path = tmp_path / "some.tsv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(SystemExit, match=complaint):
        mine(monkeypatch, str(path), "--language", "en")
