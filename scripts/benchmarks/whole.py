"""The way of a whole note, from the bytes of its file to the verdict."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from scripts.benchmarks.measure import Options, Row, compare, median
from scripts.benchmarks.subjects import Listener, note, opened, plain_hearing, plain_judging, session

__all__ = ["fairness", "length", "memory", "start", "throughput", "whole"]

_AT_ONCE = 8
_SHORT, _LONG = 3, 600


def whole(options: Options) -> Iterator[Row]:
    """A note of five seconds."""
    session(options)
    for engine in ("wav2vec2", "whisper"):
        with opened(engine, options.folder) as listener:
            ours = median(partial(listener.hear, note(5, options)), options.runs)
        yield {
            "name": "whole",
            "engine": engine,
            "seconds": 5,
            "ours": round(ours, 4),
            "threads": options.threads,
        }


def memory(options: Options) -> Iterator[Row]:
    """The most that a fresh process holds, all models and the note itself included."""
    for seconds in (10, 1800):
        yield {"name": "memory", "seconds": seconds, "megabytes": round(_alone(options, seconds).megabytes)}


def length(options: Options) -> Iterator[Row]:
    """A second of a long note must cost what a second of a short one costs."""
    costs = {seconds: _alone(options, seconds).seconds / seconds for seconds in (30, 300, 1800)}
    usual = statistics.mean(costs.values())
    for seconds, cost in costs.items():
        yield {
            "name": "length",
            "seconds": seconds,
            "per_second": round(cost, 4),
            "from_mean": round(cost / usual - 1, 3),
            "threads": options.threads,
        }


def throughput(options: Options) -> Iterator[Row]:
    """Seconds of notes for a second of work: ours all at once, the plain pipeline one after the other."""
    from models.audio import decode

    session(options)
    hear, judge = plain_hearing(options), plain_judging(options)
    data = note(5, options)

    def plain() -> None:
        for _ in range(_AT_ONCE):
            hear(asyncio.run(decode(data)))
            judge()

    with opened("wav2vec2", options.folder) as listener:
        row = compare(lambda: listener.hear(*[data] * _AT_ONCE), plain, options.runs)
    sound = 5 * _AT_ONCE
    yield {
        "name": "throughput",
        "notes": _AT_ONCE,
        "seconds": 5,
        "ours": round(sound / row["ours"], 1),
        "reference": round(sound / row["reference"], 1),
        "ratio": row["ratio"],
        "threads": options.threads,
    }


def fairness(options: Options) -> Iterator[Row]:
    """How much longer a short note waits that comes a second after ten minutes were begun."""
    session(options)
    short, long = note(_SHORT, options), note(_LONG, options)
    with opened("wav2vec2", options.folder) as listener:
        alone = median(lambda: listener.hear(short), options.runs)
        waits = [listener.run(_beside(listener, short, long)) for _ in range(options.runs)]
    yield {
        "name": "fairness",
        "seconds": _SHORT,
        "alone": round(alone, 3),
        "beside": round(statistics.median(waits), 3),
        "more": round(statistics.median(waits) - alone, 3),
        "most": round(max(waits) - alone, 3),
        "threads": options.threads,
    }


async def _beside(listener: Listener, short: bytes, long: bytes) -> float:
    """Seconds that the short note takes."""
    begun = asyncio.create_task(listener.analyzer.listen(long, "en"))
    await asyncio.sleep(1)
    started = time.perf_counter()
    await listener.analyzer.listen(short, "en")
    waited = time.perf_counter() - started
    if begun.done():
        raise RuntimeError("the long note was done before the short one: the row says nothing")
    begun.cancel()
    await asyncio.gather(begun, return_exceptions=True)
    return waited


def start(options: Options) -> Iterator[Row]:
    """From the first import to the end of the warm-up, with everything converted before."""
    session(options)
    for engine in ("wav2vec2", "whisper"):
        _in_fresh_process(_load, engine, options.folder)
        times = [_in_fresh_process(_load, engine, options.folder) for _ in range(options.runs)]
        yield {"name": "start", "engine": engine, "ours": round(statistics.median(times), 3)}


def _load(engine: str, folder: Path) -> float:
    started = time.perf_counter()
    with opened(engine, folder):
        return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class _Alone:
    """What one note took in a process of its own."""

    seconds: float
    megabytes: float


@cache
def _alone(options: Options, seconds: int) -> _Alone:
    session(options)
    # A short note is soon done and its time soon disturbed: it is heard several times.
    times = max(1, min(options.runs, 300 // seconds))
    return _in_fresh_process(_listen, note(seconds, options), options.folder, times)


def _listen(data: bytes, folder: Path, times: int) -> _Alone:
    with opened("wav2vec2", folder) as listener:
        took = []
        for _ in range(times):
            started = time.perf_counter()
            listener.hear(data)
            took.append(time.perf_counter() - started)
    # Not `getrusage`: what it tells of a child includes its parent at the fork.
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    return _Alone(statistics.median(took), int(peak.split()[1]) / 1024)


def _in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()
