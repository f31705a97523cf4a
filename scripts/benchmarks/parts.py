"""Each part alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.benchmarks.measure import Options, Row, compare, median
from scripts.benchmarks.subjects import checkpoint, note, plain_hearing, session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["decoding", "floor", "tone", "wav2vec2", "whisper"]

_SENTENCE = "this was a terrible day i feel so sad and alone i want to cry"
_PRODUCTS = 20
"""Matrix products in one timed run: alone they are a matter of milliseconds."""


def floor(options: Options) -> Iterator[Row]:
    """What the processor gives in matrix products alone, and how long a second of audio would take so."""
    from transformers import Wav2Vec2Config

    config = json.loads((checkpoint(options) / "config.json").read_text("utf-8"))
    config = Wav2Vec2Config(**config).to_dict()
    # Ten seconds through the first half of a feed-forward block, where most of the work is.
    shape = 500, config["hidden_size"], config["intermediate_size"]
    gflop = 2 * np.prod([float(side) for side in shape]) * _PRODUCTS / 1e9
    needed = _gflop(config, seconds=10) / 10
    row: Row = {"name": "floor", "gflop_per_second": round(needed, 2)}
    for kind in ("float32", "int8"):
        product, inputs = _product(kind, shape, options.threads)

        def multiply(product: InferenceSession = product, inputs: Row = inputs) -> None:
            for _ in range(_PRODUCTS):
                product.run(None, inputs)

        speed = gflop / median(multiply, options.runs)
        row |= {f"{kind}_gflops": round(speed), f"{kind}_per_second": round(needed / speed, 4)}
    yield row | {"threads": options.threads}


def wav2vec2(options: Options) -> Iterator[Row]:
    """The network alone against Transformers: PyTorch, eager attention, float32."""
    from models.speech.conversion import babble

    network, ours = session(options)
    reference = plain_hearing(options)
    for seconds in (3, 10, 30):
        speech = babble(seconds)
        row = compare(partial(ours.logits, speech), partial(reference, speech), options.runs)
        yield {
            "name": "wav2vec2",
            "seconds": seconds,
            **row,
            "per_second": round(row["ours"] / seconds, 4),
            "precision": network.precision,
            "threads": options.threads,
        }


def whisper(options: Options) -> Iterator[Row]:
    """The packaged Whisper, if it is installed, from samples to words."""
    from models.audio import SAMPLE_RATE, decode
    from models.speech.transcript import EngineUnavailable, Span
    from models.speech.whisper import WhisperTranscriber

    try:
        transcriber = WhisperTranscriber.load(options.folder / "cache", options.threads, lambda *_: None)
    except EngineUnavailable:
        return
    for seconds in (5, 30):
        samples = asyncio.run(decode(note(seconds, options)))
        speech = [Span(0.0, len(samples) / SAMPLE_RATE)]
        ours = median(partial(transcriber.transcribe, samples, speech, "en", None), options.runs)
        yield {
            "name": "whisper",
            "weights": transcriber.title,
            "seconds": seconds,
            "ours": round(ours, 4),
            "per_second": round(ours / seconds, 4),
            "threads": options.threads,
        }


def tone(options: Options) -> Iterator[Row]:
    """One sentence alone, and one among many."""
    from models.tone.model import WEIGHTS, ToneModel

    model = ToneModel.load(WEIGHTS, options.threads)
    for batch in (1, 32):
        ours = median(partial(model.judge, [_SENTENCE] * batch, ["en"] * batch), options.runs)
        yield {
            "name": "tone",
            "batch": batch,
            "per_sentence": round(ours / batch, 5),
            "threads": options.threads,
        }


def decoding(options: Options) -> Iterator[Row]:
    """ffmpeg, from the bytes of a voice note to samples."""
    from models.audio import decode

    data = note(5, options)
    with asyncio.Runner() as runner:
        ours = median(lambda: runner.run(decode(data)), options.runs)
    yield {"name": "decoding", "seconds": 5, "ours": round(ours, 4)}


def _gflop(config: dict[str, Any], seconds: int) -> float:
    """Of all matrix products and convolutions, a multiplication and its addition counted as two."""
    from models.audio import SAMPLE_RATE
    from models.speech.wav2vec2_graph import Architecture

    shape = Architecture.of(config)
    flop, frames = 0.0, seconds * SAMPLE_RATE
    channels = pairwise((1, *shape.conv_dims))
    for (before, after), kernel, stride in zip(channels, shape.conv_kernels, shape.conv_strides, strict=True):
        frames = (frames - kernel) // stride + 1
        flop += 2 * frames * before * after * kernel
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    flop += 2 * frames * shape.conv_dims[-1] * hidden
    flop += 2 * frames * hidden * hidden // shape.position_groups * config["num_conv_pos_embeddings"]
    layer = 4 * hidden * hidden + 2 * hidden * inner + 2 * frames * hidden
    flop += 2 * frames * (shape.layers * layer + hidden * config["vocab_size"])
    return flop / 1e9


def _product(kind: str, shape: tuple[int, int, int], threads: int) -> tuple[InferenceSession, Row]:
    """One matrix product in ONNX Runtime, its right side constant as weights are, and its input."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rows, inner, columns = shape
    chance = np.random.default_rng(0)
    if kind == "int8":
        left = chance.integers(0, 255, (rows, inner), np.uint8)
        right = chance.integers(-127, 127, (inner, columns), np.int8)
        operator, taken, given = "MatMulInteger", TensorProto.UINT8, TensorProto.INT32
    else:
        left = chance.standard_normal((rows, inner), np.float32)
        right = chance.standard_normal((inner, columns), np.float32)
        operator, taken, given = "MatMul", TensorProto.FLOAT, TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(operator, ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", taken, left.shape)],
        [helper.make_tensor_value_info("product", given, (rows, columns))],
        [numpy_helper.from_array(right, "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session, {"left": left}
