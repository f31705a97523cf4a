"""How fast are we, and against what.

    python scripts/benchmark.py [NAME …]    # all rows without a name; needs the extra `train`

Prints one JSON object a line, progress goes to stderr. Times are medians, in seconds of wall time; runs of
ours and of the reference take turns, so that whatever else the machine does hits both alike. `ratio` is
reference / ours: how many times faster we are.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from models.speech.transcript import Samples

Row = dict[str, Any]

_REST = 0.3
"""Seconds between runs: the threads of a runtime spin for a while after their work, in the other's way."""


@dataclass(frozen=True, slots=True)
class Options:
    threads: int
    runs: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to print: {', '.join(BENCHMARKS)}")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both (default: all cores)")
    parser.add_argument("--runs", type=int, default=5, help="of each side (default: %(default)s)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no benchmark of the name {', '.join(sorted(unknown))}")
    options = Options(arguments.threads, arguments.runs)
    for name in arguments.names or BENCHMARKS:
        for row in BENCHMARKS[name](options):
            print(json.dumps(row), flush=True)


def wav2vec2(options: Options) -> Iterator[Row]:
    """A full-size `base` network with random weights against Transformers: PyTorch, eager, float32.

    Speed depends on the weights only through the precision, which is the one that the conversion keeps.
    """
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    from models.speech.checkpoint import Checkpoint
    from models.speech.conversion import babble, converted
    from models.speech.network import Session

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = Wav2Vec2ForCTC._from_config(Wav2Vec2Config(), attn_implementation="eager").eval()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        vocabulary = {letter: number for number, letter in enumerate("-><?| ETAONIHSRDLUMWCFGYPBVK'XJQZ")}
        Path(folder, "vocab.json").write_text(json.dumps(vocabulary))
        network = converted(Checkpoint.find(folder, Path(folder)), Path(folder, "cache"), options.threads)
        session = Session(network.folder, options.threads)
        for seconds in (3, 10, 30):
            speech = babble(seconds)
            batch = torch.from_numpy(speech)[None]

            def ours(speech: Samples = speech) -> None:
                session.logits(speech)

            def reference(batch: torch.Tensor = batch) -> None:
                with torch.inference_mode():
                    model(batch)

            yield (
                {"name": "wav2vec2", "seconds": seconds}
                | _compare(ours, reference, options.runs)
                | {
                    "precision": network.precision,
                    "threads": options.threads,
                }
            )


BENCHMARKS: dict[str, Callable[[Options], Iterator[Row]]] = {"wav2vec2": wav2vec2}


def _compare(ours: Callable[[], None], reference: Callable[[], None], runs: int) -> Row:
    """Wall time of both, taking turns, after one run of each to warm up."""
    times: dict[Callable[[], None], list[float]] = {ours: [], reference: []}
    for number in range(runs + 1):
        print(f"run {number} of {runs}", file=sys.stderr)
        for contender, taken in times.items():
            time.sleep(_REST)
            started = time.perf_counter()
            contender()
            if number:
                taken.append(time.perf_counter() - started)
    fast, slow = (statistics.median(taken) for taken in times.values())
    return {"ours": round(fast, 4), "reference": round(slow, 4), "ratio": round(slow / fast, 2)}


if __name__ == "__main__":
    main()
