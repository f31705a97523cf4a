"""How fast are we, and against what.

    python scripts/benchmark.py [NAME …]    # all rows without a name; needs the extra `train`

Prints one JSON object a line, progress goes to stderr. Times are medians, in seconds of wall time; runs of
ours and of the reference take turns, so that whatever else the machine does hits both alike. `ratio` is how
many times faster we are; `per_second` is the time for one second of a note.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.measure import Options, Row
from scripts.benchmarks.parts import decoding, floor, tone, wav2vec2, whisper
from scripts.benchmarks.whole import fairness, length, memory, start, throughput, whole

BENCHMARKS: dict[str, Callable[[Options], Iterator[Row]]] = {
    benchmark.__name__: benchmark
    for benchmark in (
        floor,
        wav2vec2,
        whisper,
        tone,
        decoding,
        whole,
        start,
        memory,
        length,
        throughput,
        fairness,
    )
}


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to print: {', '.join(BENCHMARKS)}")
    parser.add_argument("--threads", type=int, default=len(cores), help="of all (default: all cores)")
    parser.add_argument("--runs", type=int, default=5, help="of each side (default: %(default)s)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"no benchmark of the name {', '.join(sorted(unknown))}")
    # The analyzer takes all the cores there are: so these are all.
    os.sched_setaffinity(0, cores[: arguments.threads])
    with tempfile.TemporaryDirectory() as folder:
        options = Options(arguments.threads, arguments.runs, Path(folder))
        for name in arguments.names or BENCHMARKS:
            for row in BENCHMARKS[name](options):
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
