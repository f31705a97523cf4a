"""`scripts/evaluate.py`: figures on one's own texts and recordings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from models.tone.model import ToneModel
from models.verdict import EMOTIONS, TONES, Unusable, UnusableNote, Verdict
from scripts import evaluate
from scripts.training.listening import judge_heard, listen_all, read_notes, speech_figures

SAMPLES = Path(__file__).parents[2] / "bot" / "samples"
CLEAR = [
    ("I am so happy, thank you so much!", "en", "positive", "joy"),
    ("I hate this, I am so angry with you!", "en", "negative", "anger"),
    ("The meeting starts at nine.", "en", "neutral", "neutral"),
    ("Спасибо огромное, я так счастлива!", "ru", "positive", "joy"),
    ("Это ужасно, я очень злюсь!", "ru", "negative", "anger"),
]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_DATA_DIR", str(tmp_path / "data"))


def write(path: Path, *lines: tuple[str, ...]) -> Path:
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return write(tmp_path / "mine.tsv", ("text", "language", "tone", "emotions"), *CLEAR)


def records(printed: str, kind: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The JSON lines of a kind by set and, where they have it, way of writing."""
    lines = [json.loads(line) for line in printed.splitlines()]
    return {
        (line["set"], *([line["text"]] if kind == "tone" else [])): line
        for line in lines
        if line["kind"] == kind
    }


def test_own_texts_by_set_and_by_language(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--table", f"mine={texts}", "--json"]) == 0
    figures = records(capsys.readouterr().out, "tone")
    assert {key: one["rows"] for key, one in figures.items()} == {
        ("mine", "raw"): 5,
        ("mine", "asr"): 5,
        ("mine (en)", "raw"): 3,
        ("mine (en)", "asr"): 3,
        ("mine (ru)", "raw"): 2,
        ("mine (ru)", "asr"): 2,
    }
    assert figures["mine", "raw"]["tone"]["accuracy"] == 1
    assert figures["mine", "raw"]["tone"]["surest"] == 0
    assert figures["mine", "raw"]["emotions"]["macro_f1"] > 0.5
    assert {label["label"] for label in figures["mine", "raw"]["classes"]} >= {
        "negative",
        "positive",
        "anger",
    }


def test_the_same_as_a_table_to_read(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--table", f"mine={texts}", "--classes"]) == 0
    printed = capsys.readouterr().out
    heads = [line for line in printed.splitlines() if line.startswith("| set")]
    assert len(heads) == 2
    assert "| mine | raw | 5 | 1.000 |" in printed
    assert "| mine | raw | tone | positive | 1.000 | 1.000 | 1.000 | 2 |" in printed
    assert len({line.count("|") for line in printed.split("\n\n")[0].splitlines()}) == 1


def test_wrong_labels_are_found_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swapped = {"positive": "negative", "negative": "positive", "neutral": "positive"}
    rows = [(text, language, swapped[tone]) for text, language, tone, _ in CLEAR]
    table = write(tmp_path / "swapped.tsv", ("text", "language", "tone"), *rows)
    assert evaluate.main(["--table", f"swapped={table}", "--json"]) == 0
    assert records(capsys.readouterr().out, "tone")["swapped", "raw"]["tone"]["accuracy"] == 0


@pytest.mark.parametrize(("column", "figures", "none"), [(2, "tone", "emotions"), (3, "emotions", "tone")])
def test_texts_with_only_one_kind_of_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: int, figures: str, none: str
) -> None:
    name = ("text", "language", "tone", "emotions")[column]
    table = write(tmp_path / "one.tsv", ("text", name), *((row[0], row[column]) for row in CLEAR[:3]))
    assert evaluate.main(["--table", f"one={table}", "--json"]) == 0
    assert evaluate.main(["--table", f"one={table}"]) == 0
    printed = capsys.readouterr().out
    one = records("\n".join(line for line in printed.splitlines() if line.startswith("{")), "tone")[
        "one", "raw"
    ]
    assert one[figures]
    assert not one[none]
    assert "–" in printed


def test_a_table_that_cannot_be_read_is_named_and_the_others_go_on(
    texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shifted = write(tmp_path / "shifted.tsv", ("words", "tone"), ("hello", "neutral"))
    odd = write(tmp_path / "odd.tsv", ("text", "tone"), ("hello there", "lukewarm"))
    bad = {"missing": tmp_path / "none.tsv", "shifted": shifted, "odd": odd}
    tables = [f"{name}={path}" for name, path in {**bad, "mine": texts}.items()]
    assert evaluate.main(["--table", *tables]) == evaluate.UNUSABLE
    printed = capsys.readouterr()
    assert "| mine | raw | 5 |" in printed.out
    complaints = [line for line in printed.err.splitlines() if not line.endswith("…")]
    assert [line.split(":")[1].strip() for line in complaints] == list(bad)
    for word, line in zip(("not there", "no column", "lukewarm"), complaints, strict=True):
        assert word in line


def test_nothing_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--data", str(tmp_path)]) == 1
    assert "--data" in capsys.readouterr().err


def test_weights_that_are_not_there(texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--table", f"mine={texts}", "--weights", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((("path", "transcript"), ("a.ogg", "hello")), "file"),
        ((("file", "transcript", "label"), ("a.ogg", "hello", "grumpy")), "grumpy"),
        ((("file", "transcript", "language"), ("a.ogg", "hallo", "de")), "de"),
        ((("file", "transcript", "emotions"), ("a.ogg", "hello", "joy,glee")), "glee"),
    ],
)
def test_a_table_of_recordings_with_a_mistake(
    tmp_path: Path, lines: tuple[tuple[str, ...]], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        read_notes(write(tmp_path / "notes.tsv", *lines), "notes")


class Ears:
    """A product that hears what it is told to, and judges it with the real model."""

    def __init__(self, heard: dict[str, str]) -> None:
        self._heard = heard
        self._model = ToneModel.load(threads=1)
        self.judge = self._model.judge

    def listen(self, file: Path, language: None) -> Verdict:
        text = self._heard[file.name]
        if text == "silence":
            raise UnusableNote(Unusable.NO_WORDS, "nobody speaks in this note")
        if text == "broken":
            raise UnusableNote(Unusable.DAMAGED, "the file is damaged")
        if text == "gone":
            raise FileNotFoundError(2, "No such file or directory")
        [one] = self.judge([text], ["en"])
        return Verdict(**asdict(one), transcript=text, duration=2.0, engine="ears")


def test_what_is_heard_is_compared_with_what_was_said(tmp_path: Path) -> None:
    table = write(
        tmp_path / "notes.tsv",
        ("file", "transcript", "label", "emotions"),
        ("happy.oga", "I am so happy!", "positive", "joy"),
        ("worse.oga", "I love you.", "positive", ""),
        ("plain.oga", "The train leaves at 6.", "", ""),
        ("silence.oga", "Can you hear me?", "neutral", ""),
        ("broken.oga", "Hello.", "neutral", ""),
        ("gone.oga", "Hello.", "neutral", ""),
    )
    ears = Ears(
        {
            "happy.oga": "i am so happy",
            "worse.oga": "i hate you",
            "plain.oga": "the train leaves at 6",
            "silence.oga": "silence",
            "broken.oga": "broken",
            "gone.oga": "gone",
        }
    )
    complaints: list[str] = []
    heard = listen_all(ears, "mine", read_notes(table, "mine"), None, complaints.append)  # type: ignore[arg-type]
    assert [Path(line.split(":")[0]).name for line in complaints] == ["silence.oga", "broken.oga", "gone.oga"]

    [figures] = speech_figures("mine", heard)
    # 4 + 3 + 5 + 4 words; one heard wrong, four not heard at all.
    assert (figures.notes, figures.unheard, figures.words) == (4, 1, 16)
    assert figures.wer == pytest.approx(5 / 16)
    assert figures.audio == 6
    assert figures.language_right == 1

    judged = {one.style: one for one in judge_heard(ears, "mine", heard)}  # type: ignore[arg-type]
    assert {style: len(one) for style, one in judged.items()} == {"raw": 2, "asr": 2, "heard": 2}
    assert judged["raw"].tone()["accuracy"] == 1
    assert judged["heard"].tone()["accuracy"] == 0.5
    assert judged["heard"].scores.shape == (2, len(TONES))
    assert judged["heard"].felt().emotion_truth.tolist() == [[int(name == "joy") for name in EMOTIONS]]


@pytest.mark.slow
def test_recordings_by_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        line.split("\t")[0]: line.split("\t")
        for line in (SAMPLES / "samples.tsv").read_text(encoding="utf-8").splitlines()
    }
    rows = [(str(SAMPLES / name), *said[name][1:]) for name in ("bad_day.oga", "spasibo.oga")]
    (tmp_path / "text.oga").write_text("not a voice note")
    table = write(
        tmp_path / "notes.tsv",
        ("file", "language", "label", "transcript"),
        *rows,
        (str(SAMPLES / "train.oga"), "en", "", said["train.oga"][3]),
        ("text.oga", "en", "neutral", "hello"),
    )
    arguments = ["--audio", f"notes={table}", "--engine", "whisper"]
    assert evaluate.main([*arguments, "--json"]) == evaluate.UNUSABLE
    printed = capsys.readouterr()
    assert f"evaluate: {tmp_path / 'text.oga'}: this is not an audio or video file" in printed.err

    tones = records(printed.out, "tone")
    for style in ("raw", "asr", "heard"):
        assert tones["notes", style]["rows"] == 2
        assert tones["notes", style]["tone"]["accuracy"] == 1
        assert tones["notes (ru)", style]["rows"] == 1
    lines = [json.loads(line) for line in printed.out.splitlines()]
    speech = {line["language"]: line for line in lines if line["kind"] == "speech"}
    assert {language: one["notes"] for language, one in speech.items()} == {None: 3, "en": 2, "ru": 1}
    assert 0 <= speech[None]["wer"] < 0.25
    assert speech[None]["compute"] > 0
    notes = [line for line in lines if line["kind"] == "note"]
    assert [note["tone"] for note in notes] == ["negative", "positive", "neutral"]
    assert "terrible day" in notes[0]["heard"].lower()
