"""Every command in the README, run as it stands there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.conversation import sample

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = [
    command
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    for command in block.strip().splitlines()
]
WITHOUT_TOKEN, WITH_TOKEN, TEXT, FILES = COMMANDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        Path(sys.prefix) != ROOT / ".venv",
        reason="the README's commands need the environment that make sets up",
    ),
]


def environment(tmp_path, **more):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
    return {**plain, "FOREWARN_ENGINE": "whisper", "FOREWARN_DATA_DIR": str(tmp_path), **more}


def run(command, tmp_path):
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_run_without_a_token_shows_how_to_get_one_and_what_the_bot_says(tmp_path):
    shown = run(WITHOUT_TOKEN, tmp_path)
    assert "@BotFather" in shown
    for word in ("negative", "neutral", "positive", "негативный", "позитивный"):
        assert word in shown


async def test_make_run_with_a_token_is_the_bot(telegram, tmp_path):
    command = WITH_TOKEN.replace("123456:ABC…", telegram.token)
    assert telegram.token in command
    anna = telegram.user("Anna", language_code="en")
    note = telegram.private(anna).voice(anna, sample("negative"))
    process = await asyncio.create_subprocess_shell(
        command,
        cwd=ROOT,
        env=environment(tmp_path, FOREWARN_API_URL=telegram.url),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert "negative" in (await note.reply(within=60)).text
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


def test_analyze_a_text(tmp_path):
    assert "positive" in run(TEXT, tmp_path)


def test_analyze_the_samples(tmp_path):
    verdicts = [json.loads(line) for line in run(FILES, tmp_path).splitlines()]
    assert len(verdicts) == len(list((ROOT / "bot" / "samples").glob("*.oga")))
    assert {verdict["tone"] for verdict in verdicts} == {"negative", "neutral", "positive"}
