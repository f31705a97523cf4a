"""`forewarn run` without a token: how to get one, and what a chat would see, on the sample notes."""

from __future__ import annotations

import csv
import re
from html import unescape
from pathlib import Path

from bot.listener import Progress, analyzer_options
from bot.settings import Settings
from bot.store import ChatSettings
from bot.store.chat import ChatLanguage
from bot.warnings import phrase, texts_for
from models.analyzer import Analyzer

__all__ = ["run"]

SAMPLES = Path(__file__).parent / "samples"
HOW_TO = """\
forewarn has no bot token yet. To make your bot (two minutes):

  1. In Telegram, open a chat with @BotFather and send /newbot; choose a name.
  2. Copy the token that it answers with into a file named .env here:
       FOREWARN_TOKEN=123456:ABC…
  3. Start forewarn again, and forward a voice note to your bot.

Meanwhile, these are the warnings that a chat would get for the sample notes:
"""
TAG = re.compile(r"<[^>]+>")


async def run(settings: Settings) -> None:
    """Print the guide and a warning for each sample note."""
    print(HOW_TO, flush=True)
    async with await Analyzer.open(analyzer_options(settings), Progress()) as analyzer:
        with (SAMPLES / "samples.tsv").open(encoding="utf-8", newline="") as table:
            for sample in csv.DictReader(table, delimiter="\t"):
                verdict = await analyzer.listen((SAMPLES / sample["file"]).read_bytes())
                chat = ChatSettings(language=ChatLanguage(sample["language"]))
                warning = phrase(verdict, chat, texts_for(chat.language, None))
                print(
                    f"  🎤 {sample['file']}  {_clock(verdict.duration)}\n  ╰─ {_plain(warning.html)}\n",
                    flush=True,
                )


def _plain(html: str) -> str:
    return unescape(TAG.sub("", html))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
