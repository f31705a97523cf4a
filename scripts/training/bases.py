"""What a run may start from: an encoder by hub id or folder, or the exported weights of an earlier run.

Exported weights are int8; undoing that gives back the network to within half a step of each scale, which
the next steps of training mend. So anyone can go on from the weights that ship.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer

from scripts.training.network import ToneNetwork
from scripts.training.recipe import Recipe, RecipeError

__all__ = ["build", "load_tokenizer"]

INT8_ZERO = 128
"""What stands for 0 in the unsigned bytes of a block."""


def build(recipe: Recipe) -> ToneNetwork:
    """The recipe's network, ready to learn.

    Raises:
        RecipeError: there is no such encoder, or the exported weights are another network than the recipe's.
    """
    exported = _exported(recipe.base)
    if exported:
        config = AutoConfig.from_pretrained(exported)
        encoder = AutoModel.from_config(config, dtype=torch.float32, add_pooling_layer=False)
    else:
        with _from_the_hub(recipe.base):
            encoder = AutoModel.from_pretrained(recipe.base, dtype=torch.float32, add_pooling_layer=False)
    network = ToneNetwork(encoder, recipe.dropout, recipe.head_layers, recipe.head_width)
    if exported:
        try:
            network.load_state_dict(_weights(exported / "tone.onnx", network))
        except RuntimeError as error:
            raise RecipeError(f"{exported} holds another network than this recipe's: {error}") from None
    network.freeze(recipe.frozen_layers)
    return network


def load_tokenizer(base: str, max_tokens: int) -> tuple[Tokenizer, int]:
    """The encoder's own tokenizer, cutting at `max_tokens`, and its padding id.

    Raises:
        RecipeError: there is no such encoder.
    """
    exported = _exported(base)
    if exported:
        tokenizer = Tokenizer.from_file(str(exported / "tokenizer.json"))
        pad = int(json.loads((exported / "tone.json").read_text(encoding="utf-8"))["pad"])
    else:
        with _from_the_hub(base):
            wrapped = AutoTokenizer.from_pretrained(base)
        tokenizer, pad = wrapped.backend_tokenizer, int(wrapped.pad_token_id)
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer, pad


@contextmanager
def _from_the_hub(base: str) -> Iterator[None]:
    try:
        yield
    except OSError:
        raise RecipeError(
            f"no base {base}: it is neither a folder with weights (of an earlier run?) nor a model that the"
            " hub has or can be asked for now"
        ) from None


def _exported(base: str) -> Path | None:
    return Path(base) if (Path(base) / "tone.onnx").is_file() else None


def _weights(path: Path, network: ToneNetwork) -> dict[str, torch.Tensor]:
    """The network's parameters by name, from the int8 graph that `export` wrote."""
    graph = onnx.load(path).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found = {name: stored[name] for name in network.state_dict() if name in stored}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            blocks, scales = stored[node.input[1]].astype(np.float32), stored[node.input[2]]
            rows = blocks.shape[0]
            values = (blocks - INT8_ZERO) * scales.reshape(rows, -1, 1)
            found[_parameter(node.name)] = values.reshape(rows, -1)
        elif node.op_type == "DequantizeLinear":
            name = node.input[1].removesuffix("_scale")
            zero = stored[node.input[2]].astype(np.float32)
            found[name] = (stored[f"{name}_quantized"].astype(np.float32) - zero) * stored[node.input[1]]
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in found.items()}


def _parameter(node: str) -> str:
    """/encoder/encoder/layer.0/output/dense/MatMul_Q8 → encoder.encoder.layer.0.output.dense.weight"""
    return ".".join(node.strip("/").split("/")[:-1]) + ".weight"
