"""Where the model looks: the attention of every head for one text, and how it adds up through the layers.

The shipped graph answers with logits alone, but attention is computed in it, by one Softmax a layer. So the
graph is loaded once more with these as outputs: the same weights, the same int8 arithmetic, no PyTorch.

Rollout (Abnar & Zuidema, 2020, "Quantifying Attention Flow in Transformers"): attention of all heads of a
layer is averaged, half of it is given to the token itself for the connection that goes around the layer, and
the layers are multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from models.tone.model import WEIGHTS, ToneModel
from models.verdict import Language

__all__ = ["Attention", "AttentionModel"]

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Attention:
    """What one text's tokens attend to."""

    tokens: tuple[str, ...]
    """As the tokenizer cuts the normalised text, its own marks at both ends; as many as the model reads."""
    heads: _Floats
    """(layers, heads, tokens, tokens); each row is what one token attends to, and sums to 1."""
    tone: _Floats
    """(3,) logits of TONES, from the same run."""
    words: tuple[str, ...]
    """The normalised text at its spaces, as far as it is read."""
    word_of: tuple[int | None, ...]
    """For each token, its place in `words`; None for the tokenizer's own marks."""

    @property
    def rollout(self) -> _Floats:
        """(tokens, tokens): how much of each input token is in each output token; rows sum to 1."""
        flow = np.eye(len(self.tokens), dtype=np.float32)
        for layer in self.heads:
            flow = (0.5 * layer.mean(0) + 0.5 * np.eye(len(flow), dtype=np.float32)) @ flow
        return flow

    @property
    def looked_at(self) -> _Floats:
        """(tokens,), sums to 1: how much of each token is in the mean of all outputs, which is judged."""
        mean: _Floats = self.rollout.mean(0)
        return mean

    @property
    def words_looked_at(self) -> _Floats:
        """(words,): the same by words. What is missing to 1 is looked at in the tokenizer's marks."""
        shares = np.zeros(len(self.words), dtype=np.float32)
        for share, word in zip(self.looked_at, self.word_of, strict=True):
            if word is not None:
                shares[word] += share
        return shares


class AttentionModel:
    """The tone model with its attention laid open. Calls are thread-safe; loads in about a second."""

    def __init__(self, model: ToneModel, folder: Path = WEIGHTS, threads: int | None = None) -> None:
        # Needed by those who look inside alone; judging is not to wait for its import.
        import onnx

        graph = onnx.load(folder / "tone.onnx")
        self._softmax = [node.output[0] for node in graph.graph.node if node.op_type == "Softmax"]
        for name in self._softmax:
            graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._model = model

    def look(self, text: str, language: Language | None = None) -> Attention:
        """The attention of one text.

        Raises:
            ValueError: the text has no words.
        """
        clean, encoding = self._model.encode(text, language)
        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)}
        tone, *heads = self._session.run(["tone", *self._softmax], feed)
        # A token may begin with the space before its word, so the word is that of its last letter.
        word_of = [clean[:end].count(" ") if end else None for _, end in encoding.offsets]
        read = 1 + max(word for word in word_of if word is not None)
        return Attention(
            tokens=tuple(encoding.tokens),
            heads=np.concatenate(heads),
            tone=tone[0],
            words=tuple(clean.split(" ")[:read]),
            word_of=tuple(word_of),
        )
