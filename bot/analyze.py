"""`forewarn analyze`: judge files and texts on this machine, without Telegram.

Answers go to stdout, one line each, in the order of what was asked; what is wrong goes to stderr, so that the
answers can be piped into another program.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from bot.listener import Progress
from models.analyzer import Analyzer, AnalyzerOptions, AudioToolMissing, EngineUnavailable
from models.verdict import Language, UnusableNote, Verdict

__all__ = ["Question", "record", "run"]

LINES_AT_ONCE = 512
"""Lines of a file of texts that are judged in one go: memory stays small however long the file is."""
DECIMALS = 6
UNUSABLE = 2
"""Exit code where at least one input gave no verdict."""
NOBODY_READS = 141
"""Exit code where the reader of the answers went away, as of any program that SIGPIPE ends."""


@dataclass(frozen=True, slots=True)
class Question:
    """What `forewarn analyze` was asked."""

    files: Sequence[Path] = ()
    text: str | None = None
    texts: Path | None = None
    """A file with one text a line. Each line gets one answer: an empty one is neutral and unsure."""
    language: Language | None = None
    """None: found out for each input."""
    as_json: bool = False


def run(question: Question, options: AnalyzerOptions) -> int:
    """Print the answers and return the exit code: 0, 2 if an input could not be used, 1 if none could be."""
    if not question.files and question.text is None and question.texts is None:
        return _complain("nothing to analyze: name a file, or give --text or --texts", UNUSABLE)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        code = asyncio.run(_answer(question, replace(options, listens=bool(question.files))))
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has no reader; it must not raise again when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except (AudioToolMissing, EngineUnavailable, OSError) as error:
        return _complain(str(error), 1)
    return code


async def _answer(question: Question, options: AnalyzerOptions) -> int:
    code = 0
    async with await Analyzer.open(options, Progress()) as analyzer:
        for file in question.files:
            try:
                verdict = await analyzer.listen(file.read_bytes(), question.language)
            except UnusableNote as error:
                code = _complain(f"{file}: {error}", UNUSABLE)
            except OSError as error:
                code = _complain(f"{file}: {error.strerror}", UNUSABLE)
            else:
                _print(verdict, str(file), question.as_json)
        if question.text is not None:
            await _judge(analyzer, [question.text], question)
        if question.texts is not None:
            try:
                # A byte that is no UTF-8 spoils a letter, not the file; and only \n ends a line.
                with question.texts.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
                    for batch in _batches(lines):
                        await _judge(analyzer, batch, question)
            except BrokenPipeError:
                raise
            except OSError as error:
                code = _complain(f"{question.texts}: {error.strerror}", UNUSABLE)
    return code


async def _judge(analyzer: Analyzer, texts: Sequence[str], question: Question) -> None:
    for verdict in await analyzer.judge(texts, question.language):
        _print(verdict, None, question.as_json)


def _batches(lines: TextIO) -> Iterator[list[str]]:
    while batch := [line.rstrip("\r\n") for line in islice(lines, LINES_AT_ONCE)]:
        yield batch


def _print(verdict: Verdict, file: str | None, as_json: bool) -> None:
    said = json.dumps(record(verdict, file), ensure_ascii=False) if as_json else _in_words(verdict, file)
    print(said, flush=file is not None)


def record(verdict: Verdict, file: str | None) -> dict[str, Any]:
    """The verdict as programs read it, here and from the page's API; numbers rounded to DECIMALS."""
    answer: dict[str, Any] = _rounded({"file": file, **asdict(verdict)})
    return answer


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value


def _in_words(verdict: Verdict, file: str | None) -> str:
    tone = f"{'perhaps ' if verdict.unsure else ''}{verdict.tone} {verdict.confidence:.0%}"
    emotions = f" ({', '.join(verdict.emotions_present)})" if verdict.emotions_present else ""
    source = f"{file}: " if file else ""
    return f"{source}{tone}{emotions}: {' '.join(verdict.transcript.split())}"


def _complain(message: str, code: int) -> int:
    print(f"forewarn: {message}", file=sys.stderr)
    return code
