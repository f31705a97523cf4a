"""What is measured: a network of full size, notes of any length, and the plain pipeline to compare with."""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.benchmarks.measure import Options

if TYPE_CHECKING:
    from models.analyzer import Analyzer
    from models.speech.network import Network, Session
    from models.speech.transcript import Samples, Span, Transcriber, Transcript

__all__ = ["Listener", "checkpoint", "note", "opened", "plain_hearing", "plain_judging", "session"]

SHAPE: dict[str, Any] = {}
"""Of the network, where it is not that of `facebook/wav2vec2-base-960h`."""
SAMPLES = Path(__file__).parents[2] / "bot" / "samples"
SPOKEN = "bad_day.oga"
VOCABULARY = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
_WORD = 0.35
"""Seconds that one takes, spoken calmly."""


def checkpoint(options: Options) -> Path:
    """A `base` network with random weights: how fast it is depends on them only through the precision,
    which is the one that its conversion keeps."""
    folder = options.folder / "wav2vec2-base"
    if not folder.is_dir():
        import torch
        from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

        torch.manual_seed(0)
        Wav2Vec2ForCTC(Wav2Vec2Config(**SHAPE)).save_pretrained(folder)
        vocabulary = {token: number for number, token in enumerate(VOCABULARY)}
        (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    return folder


def session(options: Options) -> tuple[Network, Session]:
    """The network, converted and loaded."""
    from models.speech.checkpoint import Checkpoint
    from models.speech.conversion import converted
    from models.speech.network import Session

    found = Checkpoint.find(str(checkpoint(options)), options.folder)
    network = converted(found, options.folder / "cache" / "wav2vec2", options.threads)
    return network, Session(network.folder, options.threads, gpu=network.precision == "float16")


def plain_hearing(options: Options) -> Callable[[Any], None]:
    """The same network in Transformers: PyTorch, eager attention, float32; called with samples."""
    import torch
    from transformers import Wav2Vec2ForCTC

    torch.set_num_threads(options.threads)
    model = Wav2Vec2ForCTC.from_pretrained(checkpoint(options), attn_implementation="eager").eval()

    def hear(samples: Any) -> None:
        with torch.inference_mode():
            model(torch.tensor(samples)[None])

    return hear


def plain_judging(options: Options) -> Callable[[], None]:
    """A network of the size of `bert-base-uncased` in Transformers, on a sentence of about 20 tokens."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.set_num_threads(options.threads)
    config = BertConfig(num_labels=3, attn_implementation="eager")
    model = BertForSequenceClassification(config).eval()
    tokens = torch.arange(1000, 1020)[None]

    def judge() -> None:
        with torch.inference_mode():
            model(tokens)

    return judge


def note(seconds: int, options: Options) -> bytes:
    """OGG/Opus as phones record it: one of our samples, again and again."""
    from models.audio import find_ffmpeg

    target = options.folder / f"note-{seconds}.oga"
    if not target.is_file():
        source = ["-stream_loop", "-1", "-i", SAMPLES / SPOKEN, "-t", str(seconds)]
        command = [asyncio.run(find_ffmpeg()), "-nostdin", "-loglevel", "error", *source]
        subprocess.run([*command, "-c:a", "libopus", "-b:a", "24k", target], check=True)
    return target.read_bytes()


class Listener:
    """An `Analyzer`, called from code that does not await."""

    def __init__(self, analyzer: Analyzer, run: Callable[[Any], Any]) -> None:
        self.analyzer = analyzer
        self.run = run

    def hear(self, *notes: bytes) -> None:
        """All at once. As the bot does where a chat shows no words: the tone alone, as the plain pipeline."""

        async def together() -> None:
            await asyncio.gather(*(self.analyzer.listen(data, "en", explain=False) for data in notes))

        self.run(together())


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[Listener]:
    """The analyzer with `wav2vec2`, the network that `session` converted into `folder`, or `whisper`."""
    from models.analyzer import Analyzer, AnalyzerOptions

    network = str(folder / "wav2vec2-base")
    options = AnalyzerOptions(
        engine=engine, wav2vec2_model=network, wav2vec2_model_ru=network, cache_dir=folder / "cache"
    )
    with asyncio.Runner() as runner:
        analyzer = runner.run(Analyzer.open(options))
        if engine == "wav2vec2":
            loaded = analyzer._engine
            analyzer._engine = replace(loaded, transcriber=_Prompted(loaded.transcriber))
        try:
            runner.run(analyzer.warm_up())
            yield Listener(analyzer, runner.run)
        finally:
            runner.run(analyzer.close())


class _Prompted:
    """A transcriber that listens in full and is then told what was said: random weights hear no words, and
    a note without any would not be judged."""

    name = "wav2vec2"

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        with (SAMPLES / "samples.tsv").open(encoding="utf-8", newline="") as table:
            said = {row["file"]: row["transcript"] for row in csv.DictReader(table, delimiter="\t")}
        self._said = said[SPOKEN].lower().split()

    def transcribe(self, samples: Samples, speech: Sequence[Span], *rest: Any) -> Transcript:
        from models.speech.transcript import Transcript, Word
        from models.verdict import UnusableNote

        with suppress(UnusableNote):
            self._transcriber.transcribe(samples, speech, *rest)
        starts = [start for span in speech for start in np.arange(span.start, span.end, _WORD)]
        words = [
            Word(text, float(start), float(start) + _WORD)
            for text, start in zip(cycle(self._said), starts, strict=False)
        ]
        return Transcript(tuple(words), "en", self.name)
