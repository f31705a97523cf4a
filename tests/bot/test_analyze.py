"""`forewarn analyze`: answers on stdout, one a line; complaints on stderr; exit codes for scripts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.analyze import LINES_AT_ONCE, Question, run
from models.analyzer import AnalyzerOptions

SAMPLES = Path(__file__).parents[2] / "bot" / "samples"
KEYS = [
    "file",
    "tone",
    "confidence",
    "unsure",
    "scores",
    "emotions",
    "emotions_present",
    "language",
    "transcript",
    "duration",
    "engine",
    "timeline",
    "words",
]


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    return AnalyzerOptions(engine="whisper", cache_dir=tmp_path_factory.mktemp("cache"))


def answers(text):
    return [json.loads(line) for line in text.splitlines()]


def test_files_and_a_text_as_json(options, capsys):
    files = [SAMPLES / "bad_day.oga", SAMPLES / "spasibo.oga"]
    assert run(Question(files=files, text="I am so happy!", as_json=True), options) == 0

    given = answers(capsys.readouterr().out)
    assert [list(answer) for answer in given] == [KEYS] * 3
    assert [answer["file"] for answer in given] == [*map(str, files), None]
    assert [answer["tone"] for answer in given] == ["negative", "positive", "positive"]
    assert [answer["language"] for answer in given] == ["en", "ru", "en"]
    assert [answer["engine"] for answer in given] == ["whisper", "whisper", "text"]
    assert list(given[0]["words"][0]) == ["word", "start", "end", "weight"]
    assert list(given[0]["timeline"][0]) == ["start", "end", "tone", "confidence"]
    assert sum(given[0]["scores"].values()) == pytest.approx(1, abs=1e-3)


def test_unusable_files_get_a_line_each_and_the_others_still_run(options, capsys, tmp_path):
    text = tmp_path / "text.ogg"
    text.write_text("not a voice note")
    empty = tmp_path / "empty.ogg"
    empty.touch()
    missing = tmp_path / "missing.ogg"
    bad = [text, empty, missing, tmp_path]
    assert run(Question(files=[*bad, SAMPLES / "train.oga"]), options) == 2

    printed = capsys.readouterr()
    assert printed.out.startswith(f"{SAMPLES / 'train.oga'}: neutral")
    assert len(printed.out.splitlines()) == 1
    complaints = printed.err.splitlines()
    assert len(complaints) == len(bad)
    for path, complaint in zip(bad, complaints, strict=True):
        assert str(path) in complaint


def test_every_line_of_a_file_of_texts_gets_its_answer_in_order(options, capsys, tmp_path):
    texts = tmp_path / "texts.txt"
    lines = [f"I am happy number {number}" for number in range(LINES_AT_ONCE + 3)]
    lines[1], lines[2], lines[3] = "", "   ", "Это ужасно, я в ярости!"
    texts.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert run(Question(texts=texts, as_json=True), options) == 0

    given = answers(capsys.readouterr().out)
    assert [answer["transcript"] for answer in given] == lines
    assert [(answer["tone"], answer["unsure"]) for answer in given[1:3]] == [("neutral", True)] * 2
    assert (given[3]["language"], given[3]["tone"]) == ("ru", "negative")
    assert given[-1]["tone"] == "positive"


def test_a_line_that_is_no_utf8_costs_a_letter_only(options, capsys, tmp_path):
    texts = tmp_path / "latin.txt"
    texts.write_bytes(b"I love this caf\xe9\nI hate it\n")
    assert run(Question(texts=texts, as_json=True), options) == 0
    assert [answer["tone"] for answer in answers(capsys.readouterr().out)] == ["positive", "negative"]


def test_a_file_of_texts_that_is_not_there(options, capsys, tmp_path):
    assert run(Question(texts=tmp_path / "none.txt"), options) == 2
    assert "none.txt" in capsys.readouterr().err


def test_a_language_that_is_set_is_kept(options, capsys):
    assert run(Question(text="haha ok", language="ru", as_json=True), options) == 0
    assert answers(capsys.readouterr().out)[0]["language"] == "ru"


def test_a_text_of_several_lines_is_one_line_to_read(options, capsys):
    assert run(Question(text="I am happy.\nSo happy!"), options) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_nothing_to_analyze(options, capsys):
    assert run(Question(), options) == 2
    assert "name a file" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_reason_to_complain(tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("I am happy\n" * (4 * LINES_AT_ONCE))
    script = (
        "import sys; from pathlib import Path; from bot.analyze import Question, run;"
        "from models.analyzer import AnalyzerOptions;"
        f"sys.exit(run(Question(texts=Path({str(texts)!r}), as_json=True), AnalyzerOptions()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
