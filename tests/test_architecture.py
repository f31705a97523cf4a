"""The data flows one way, and running needs no training tools."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IMPORT = re.compile(r"^\s*(?:from|import) ((?:bot|models|scripts|tests)[\w.]*)", re.MULTILINE)


def imported_by(package):
    files = (ROOT / package).rglob("*.py")
    return {module for file in files for module in IMPORT.findall(file.read_text(encoding="utf-8"))}


def test_the_models_know_nothing_of_the_bot():
    assert {module.split(".")[0] for module in imported_by("models")} == {"models"}


def test_the_bot_sees_of_the_models_only_the_analyzer_and_the_verdict():
    seen = {module for module in imported_by("bot") if not module.startswith("bot")}
    assert seen == {"models.analyzer", "models.verdict"}


@pytest.mark.slow
def test_running_imports_neither_pytorch_nor_transformers():
    listen = (
        "import asyncio, sys, tempfile, pathlib; import bot.app;"
        "from models.analyzer import Analyzer, AnalyzerOptions;"
        "options = AnalyzerOptions(engine='whisper', cache_dir=pathlib.Path(tempfile.mkdtemp()));"
        "note = pathlib.Path('bot/samples/train.oga').read_bytes();"
        "analyzer = asyncio.run(Analyzer.open(options));"
        "print(asyncio.run(analyzer.listen(note)).tone);"
        "print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )
    heard = subprocess.run(
        [sys.executable, "-c", listen], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert heard.stdout.split() == ["neutral", "[]"]
