"""What a program gets from `forewarn web`, and that nothing of a note is left behind."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from bot.analyze import record
from models.analyzer import Analyzer, AnalyzerOptions
from tests.web.conftest import ROOT, serve

SAMPLES = ROOT / "bot" / "samples"
NOTE = SAMPLES / "birthday.oga"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(server):
    return Client(server.url, verbose=False)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What `forewarn analyze --json` says of NOTE."""

    async def analyze():
        options = AnalyzerOptions(engine="whisper", cache_dir=tmp_path_factory.mktemp("cache"))
        async with await Analyzer.open(options) as analyzer:
            return record(await analyzer.listen(NOTE.read_bytes()), None)

    return json.loads(json.dumps(asyncio.run(analyze())))


def uploaded(server, data=None):
    form = {"files": ("note.oga", NOTE.read_bytes() if data is None else data)}
    return httpx.post(f"{server.url}/gradio_api/upload", files=form, timeout=30)


def test_predict_answers_as_analyze_prints(client, printed):
    answer = client.predict(handle_file(NOTE), api_name="/predict")
    assert list(answer) == list(printed)
    assert answer["tone"] == "negative"
    assert answer["transcript"] == printed["transcript"]
    assert answer["scores"] == pytest.approx(printed["scores"], abs=1e-3)
    assert [word["word"] for word in answer["words"]] == [word["word"] for word in printed["words"]]


def test_stages_are_told_in_order_and_end_with_the_verdict(client):
    *stages, verdict = client.submit(handle_file(NOTE), api_name="/stages")
    names = [stage["stage"] for stage in stages]
    assert (
        list(dict.fromkeys(names)) == ["decode", "transcribe", "judge"] == sorted(set(names), key=names.index)
    )
    assert verdict["tone"] == "negative"


def example(server, language):
    """The example for this language in the README, for this server."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    return page.split(f"```{language}\n")[1].split("```")[0].replace("http://127.0.0.1:8080", server.url)


@pytest.mark.parametrize(
    ("language", "command"),
    [("python", [sys.executable, "-c"]), ("bash", ["bash", "-c"])],
    ids=["Python", "curl"],
)
def test_the_examples_of_the_manual(server, language, command):
    said = subprocess.run(
        [*command, example(server, language)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stderr
    assert "negative" in said.stdout
    assert "You forgot my birthday" in said.stdout


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(b"no sound at all", "not an audio"), (b"", "empty"), (NOTE.read_bytes()[:60], "damaged|no sound")],
    ids=["text", "empty", "damaged"],
)
def test_a_file_that_cannot_be_used_gets_a_clear_line(client, tmp_path, data, complaint):
    file = tmp_path / "note.oga"
    file.write_bytes(data)
    with pytest.raises(AppError, match=complaint):
        client.predict(handle_file(file), api_name="/predict")


def test_no_file_of_the_server_can_be_asked_about_and_no_upload_twice(server):
    def ask(path):
        body = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        return httpx.post(f"{server.url}/gradio_api/run/predict", json=body, timeout=60)

    name = uploaded(server).json()[0]
    assert ask(name).json()["data"][0]["tone"] == "negative"
    for path in (name, str(NOTE), "https://example.com/note.oga"):
        assert ask(path).status_code == 500, path


def test_too_big_is_refused_before_it_is_all_here(server):
    refused = uploaded(server, bytes(20 * 2**20 + 1))
    assert (refused.status_code, refused.text) == (413, "the file is over 20 MB")
    assert uploaded(server, bytes(300 * 2**20)).status_code == 413
    assert httpx.post(f"{server.url}/gradio_api/upload", content=b"x").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "file=/etc/passwd",
        "file=https://example.com/",
        "proxy=https://example.com/",
        "deep_link?session_hash=x",
        "stream/x",
        "runs",
    ],
)
def test_what_gradio_would_serve_besides_is_closed(server, path):
    for root in ("", "/ru"):
        assert httpx.get(f"{server.url}{root}/gradio_api/{path}").status_code == 404


def test_nothing_is_left_after_an_answer_or_a_failure(server, client, tmp_path):
    uploaded(server)  # nobody asks about this one
    before, written = server.files(), len(server.written())
    broken = tmp_path / "broken.oga"
    broken.write_bytes(NOTE.read_bytes()[:5000] + b"-" * 2**21)
    client.predict(handle_file(NOTE), api_name="/predict")
    list(client.submit(handle_file(SAMPLES / "spasibo.oga"), api_name="/stages"))
    client.submit(handle_file(broken), api_name="/predict").exception()
    uploaded(server, NOTE.read_bytes() + bytes(19 * 2**20))
    assert server.files() == before
    assert server.written()[written:] == []


def test_the_witness_sees(server):
    """Or the test above could not fail: converted models were written at the start."""
    assert any("data" in name for name in server.written())


def test_a_client_that_asks_too_much_is_told_so(server, tmp_path):
    models = str(server.home / "data")  # converted once
    limited = serve(tmp_path, FOREWARN_LIMITS__NOTES_PER_USER_HOUR="1", FOREWARN_DATA_DIR=models)
    try:
        program = Client(limited.url, verbose=False)
        assert program.predict(handle_file(NOTE), api_name="/predict")["tone"] == "negative"
        with pytest.raises(AppError, match="more than 1 note from you within an hour"):
            program.predict(handle_file(NOTE), api_name="/predict")
    finally:
        limited.process.terminate()
        limited.process.wait(20)


def test_the_server_answers_while_it_listens(server, client):
    job = client.submit(handle_file(NOTE), api_name="/predict")
    took = []
    while not job.done():
        began = time.monotonic()
        httpx.get(f"{server.url}/config", timeout=60)
        took.append(time.monotonic() - began)
    assert len(took) > 2
    assert statistics.median(took) < 0.5
