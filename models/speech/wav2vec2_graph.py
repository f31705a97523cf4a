"""The wav2vec2 network, written down node by node for ONNX Runtime.

Why not `torch.onnx.export`: a server that only listens should not install gigabytes of PyTorch to do so once,
the exporter has produced wrong graphs for this network (a causal mask where there is none), and no exporter
finds the shapes that make the network fast on a CPU:

* activations lie as (time, channel), so a convolution is the product of blocks of `stride` rows, which are
  there without copying, plus that of the few rows by which its windows overlap;
* eight-bit products keep one range for each row of their inputs: with one for a whole utterance, quiet frames
  would be left too few of the 256 steps;
* the group norm after the first convolution needs the mean and variance of that convolution's output; both
  follow from the mean and covariance of its ten-sample input windows: the norm becomes part of the weights,
  and the convolutions can be run a few frames at a time, in little memory that stays in the cache;
* attention and GELU are ONNX Runtime's fused operators; its fused residual-and-norm is slower than the two.

Both families of checkpoints come out of the same few functions: `base` (group norm, norms after each block)
and `large`/XLSR (layer norms throughout, norms before each block).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.speech.checkpoint import UnsupportedCheckpoint, Weights

__all__ = ["Architecture", "Graphs", "Precision", "write_graphs"]

Precision = Literal["float16", "int8", "float32"]
"""Of the matrix products. On a GPU float16, and all else too; on a CPU int8, or float32 if that strays."""

_FUSED = "com.microsoft"
_OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
_IR_VERSION = 10
_SMALLEST = 1e-9
"""Of a row's largest value, so that a row of zeros has a range too."""
_MIDDLE = np.uint8(128)
"""The byte of zero: ONNX Runtime's fastest products take unsigned inputs."""
_DATA_FROM = 1024
"""Tensors of at least this many bytes go to the data file: protobuf itself ends at 2 GB."""
_PAGE = 4096
"""ONNX Runtime maps tensors into memory only where they start on a page."""
_CONV_NORM_EPSILON = 1e-5
"""Of the norms among the convolutions; `layer_norm_eps` is for all others."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What `config.json` says of the network's shape."""

    conv_dims: tuple[int, ...]
    conv_kernels: tuple[int, ...]
    conv_strides: tuple[int, ...]
    conv_layer_norm: bool
    """Layer norm after every convolution (large, XLSR); else group norm after the first (base)."""
    heads: int
    layers: int
    position_groups: int
    norm_first: bool
    """Norms before each block, the residual left as it is; else after each block."""
    norm_epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read `config.json`.

        Raises:
            UnsupportedCheckpoint: not a wav2vec2, or one with parts that this module does not write.
        """
        if (kind := config.get("model_type")) != "wav2vec2":
            raise UnsupportedCheckpoint(f"its model_type is {kind!r}, not 'wav2vec2'")
        for option in ("add_adapter", "adapter_attn_dim"):
            if config.get(option):
                raise UnsupportedCheckpoint(f"it uses {option}")
        for option in ("feat_extract_activation", "hidden_act"):
            if (activation := config.get(option, "gelu")) != "gelu":
                raise UnsupportedCheckpoint(f"its {option} is {activation!r}, not 'gelu'")
        kernels = tuple(config.get("conv_kernel", (10, 3, 3, 3, 3, 2, 2)))
        strides = tuple(config.get("conv_stride", (5, 2, 2, 2, 2, 2, 2)))
        for kernel, stride in zip(kernels, strides, strict=True):
            if not stride <= kernel <= 2 * stride:
                raise UnsupportedCheckpoint(f"it has a convolution of width {kernel} and stride {stride}")
        return cls(
            conv_dims=tuple(config.get("conv_dim", (512,) * 7)),
            conv_kernels=kernels,
            conv_strides=strides,
            conv_layer_norm=config.get("feat_extract_norm", "group") == "layer",
            heads=config.get("num_attention_heads", 12),
            layers=config.get("num_hidden_layers", 12),
            position_groups=config.get("num_conv_pos_embedding_groups", 16),
            norm_first=config.get("do_stable_layer_norm", False),
            norm_epsilon=config.get("layer_norm_eps", 1e-5),
        )

    @property
    def samples_per_frame(self) -> int:
        return prod(self.conv_strides)

    @property
    def receptive_field(self) -> int:
        """Samples that one frame sees; shorter audio has no frame."""
        field = 1
        for kernel, stride in zip(reversed(self.conv_kernels), reversed(self.conv_strides), strict=True):
            field = (field - 1) * stride + kernel
        return field

    @property
    def spare_frames(self) -> int:
        """Frames after the last that see past the end, so that every layer works on whole blocks of rows."""
        spare = 0
        for kernel, stride in zip(self.conv_kernels, self.conv_strides, strict=True):
            spare = ceil(spare / stride) + (kernel > stride)
        return spare


@dataclass(frozen=True, slots=True)
class Graphs:
    """The network in two parts: ONNX models whose large tensors are in the data file beside them."""

    convolutions: bytes
    """`samples`, float32 (n,), normalised as the checkpoint wants it and at least `receptive_field` long →
    `features` (frames, channels). With a group norm also `mean`, float64 (1, kernel), and
    `covariance`, float64 (kernel, kernel): of the first convolution's windows in the whole utterance."""
    transformer: bytes
    """`features`, those of all frames → `logits`, float32 (frames, classes)."""


def write_graphs(
    architecture: Architecture, weights: Weights, precision: Precision, data: BinaryIO
) -> Graphs:
    """Write the network's large tensors to `data`, a named file, and everything else into the answer.

    An int8 product has int8 weights, and inputs with ranges found at run time; the first and the last are
    always float. How to run the graphs, they say in their metadata: `Session` reads it.

    Raises:
        UnsupportedCheckpoint: a tensor is missing or has not the shape that `architecture` says.
    """
    convolutions = _Writer(weights, data, precision)
    features = _feature_encoder(convolutions, architecture)
    inputs = [_value("samples", TensorProto.FLOAT, "n")]
    metadata = {
        "samples_per_frame": architecture.samples_per_frame,
        "receptive_field": architecture.receptive_field,
    }
    if not architecture.conv_layer_norm:
        kernel = architecture.conv_kernels[0]
        inputs += [
            _value("mean", TensorProto.DOUBLE, 1, kernel),
            _value("covariance", TensorProto.DOUBLE, kernel, kernel),
        ]
        metadata |= {"window": kernel, "window_stride": architecture.conv_strides[0]}

    transformer = _Writer(weights, data, precision)
    hidden = _feature_projection(transformer, architecture, "features")
    hidden = _transformer(transformer, architecture, hidden)
    logits = transformer.exact_linear(hidden, "lm_head")
    logits = transformer.node(
        "Squeeze", [transformer.cast(logits, TensorProto.FLOAT), transformer.integers(0)]
    )
    between = _value("features", convolutions.float_type, "frames", architecture.conv_dims[-1])
    result = _value("logits", TensorProto.FLOAT, "frames", "classes")
    return Graphs(
        convolutions.finish(inputs, features, between, metadata),
        transformer.finish([between], logits, result, {}),
    )


def _value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _feature_encoder(writer: _Writer, architecture: Architecture) -> str:
    """The convolutions: samples (n,) → (frames, channels)."""
    kernel, stride = architecture.conv_kernels[0], architecture.conv_strides[0]
    hop, field, spare = (
        architecture.samples_per_frame,
        architecture.receptive_field,
        architecture.spare_frames,
    )
    length = writer.node("Shape", ["samples"])
    frames = writer.node(
        "Div", [writer.node("Sub", [length, writer.integers(field - hop)]), writer.integers(hop)]
    )
    end = writer.node("Mul", [writer.node("Add", [frames, writer.integers(spare)]), writer.integers(hop)])
    samples = writer.cast("samples", writer.float_type)
    padded = writer.node("Pad", [samples, writer.integers(0, (spare + 1) * hop)])
    windows = _windows(writer, writer.slice(padded, 0, end, axis=0), kernel, stride)
    name = "wav2vec2.feature_extractor.conv_layers.0"
    weight = writer.tensor(f"{name}.conv.weight", architecture.conv_dims[0], 1, kernel)[:, 0].T
    if architecture.conv_layer_norm:
        x = writer.exact_product(windows, weight, writer.bias(f"{name}.conv"))
        x = writer.layer_norm(x, f"{name}.layer_norm", _CONV_NORM_EPSILON)
    else:
        x = _group_normed_product(writer, windows, weight, f"{name}.layer_norm")
    x = writer.gelu(x)

    for index in range(1, len(architecture.conv_dims)):
        name = f"wav2vec2.feature_extractor.conv_layers.{index}"
        before, after = architecture.conv_dims[index - 1 : index + 1]
        weight = writer.tensor(f"{name}.conv.weight", after, before, architecture.conv_kernels[index])
        x = _convolution(writer, x, weight, architecture.conv_strides[index], writer.bias(f"{name}.conv"))
        if architecture.conv_layer_norm:
            x = writer.layer_norm(x, f"{name}.layer_norm", _CONV_NORM_EPSILON)
        x = writer.gelu(x)
    return writer.slice(x, 0, frames, axis=0)


def _convolution(
    writer: _Writer,
    x: str,
    weight: NDArray[np.float32],
    stride: int,
    bias: NDArray[np.float32] | None,
) -> str:
    """(rows, before) → (rows / stride, after); `weight` is (after, before, kernel)."""
    after, before, kernel = weight.shape
    matrix = weight.transpose(2, 1, 0).reshape(kernel * before, after)
    blocks = writer.node("Reshape", [x, writer.integers(-1, stride * before)])
    product = writer.product(blocks, matrix[: stride * before], bias)
    if kernel == stride:
        return product
    # The rest of a window is the beginning of the next block; after the last are zeros.
    unseen = writer.integers(0, 0, 0, (kernel - 2 * stride) * before)
    overlap = writer.product(
        blocks, matrix[stride * before :], None, cut=lambda rows: writer.node("Pad", [rows, unseen])
    )
    return writer.node("Add", [product, writer.node("Pad", [overlap, writer.integers(-1, 0, 1, 0)])])


def _windows(writer: _Writer, samples: str, kernel: int, stride: int) -> str:
    """Windows of `kernel` samples every `stride`, each a row; beyond the end are zeros."""
    blocks = writer.node("Reshape", [samples, writer.integers(-1, stride)])
    if kernel == stride:
        return blocks
    overlap = writer.node("Pad", [blocks, writer.integers(-1, 0, 1, kernel - 2 * stride)])
    return writer.node("Concat", [blocks, overlap], axis=1)


def _group_normed_product(writer: _Writer, windows: str, weight: NDArray[np.float32], norm: str) -> str:
    """`windows @ weight`, each column normalised by its mean and variance over the whole utterance.

    Both are had without the product: the mean is `mean @ weight`, the variance
    `diag(weight.T @ covariance @ weight)`. In float64: some filters leave little of loud lows.
    """
    columns = writer.constant(weight.astype(np.float64))
    spread = writer.node("Mul", [columns, writer.node("MatMul", ["covariance", columns])])
    variance = writer.node("ReduceSum", [spread, writer.integers(0)], keepdims=1)
    epsilon = writer.constant(np.float64(_CONV_NORM_EPSILON))
    deviation = writer.node("Sqrt", [writer.node("Add", [variance, epsilon])])
    gain = writer.node(
        "Div", [writer.constant(writer.tensor(f"{norm}.weight").astype(np.float64)), deviation]
    )
    normed = writer.node("Mul", [columns, gain])
    shift = writer.node(
        "Sub",
        [
            writer.constant(writer.tensor(f"{norm}.bias").astype(np.float64)),
            writer.node("MatMul", ["mean", normed]),
        ],
    )
    product = writer.node("MatMul", [windows, writer.cast(normed, writer.float_type)])
    return writer.node("Add", [product, writer.cast(shift, writer.float_type)])


def _feature_projection(writer: _Writer, architecture: Architecture, features: str) -> str:
    """(frames, channels) → (1, frames, hidden): the fused operators of the transformer want a batch."""
    name = "wav2vec2.feature_projection"
    normed = writer.layer_norm(features, f"{name}.layer_norm", architecture.norm_epsilon)
    return writer.linear(writer.node("Unsqueeze", [normed, writer.integers(0)]), f"{name}.projection")


def _transformer(writer: _Writer, architecture: Architecture, hidden: str) -> str:
    """(1, frames, hidden) → the same; both orders of norm are one loop, read from different ends."""
    encoder = "wav2vec2.encoder"
    layers = [f"{encoder}.layers.{index}" for index in range(architecture.layers)]
    norms = [f"{layer}.{norm}" for layer in layers for norm in ("layer_norm", "final_layer_norm")]
    last = f"{encoder}.layer_norm"
    norms = [*norms, last] if architecture.norm_first else [last, *norms]

    following = iter(norms)
    epsilon = architecture.norm_epsilon
    x, total = writer.add_and_norm(hidden, _positions(writer, architecture, hidden), next(following), epsilon)
    for layer in layers:
        for block in (_attention, _feed_forward):
            residual = total if architecture.norm_first else x
            x, total = writer.add_and_norm(
                residual, block(writer, architecture, layer, x), next(following), epsilon
            )
    return x


def _positions(writer: _Writer, architecture: Architecture, hidden: str) -> str:
    """The convolution that tells frames where they are, its weight norm multiplied out."""
    name = "wav2vec2.encoder.pos_conv_embed.conv"
    length = writer.either(f"{name}.weight_g", f"{name}.parametrizations.weight.original0")
    direction = writer.either(f"{name}.weight_v", f"{name}.parametrizations.weight.original1")
    weight = direction * (length / np.sqrt(np.sum(direction**2, axis=(0, 1), keepdims=True)))
    kernel = weight.shape[2]
    # An even kernel gives one frame too many, which Transformers cuts off at the end: pad one less there.
    # As a picture of one row: ONNX Runtime's fast convolutions have two dimensions.
    x = writer.node("Unsqueeze", [writer.node("Transpose", [hidden], perm=[0, 2, 1]), writer.integers(2)])
    x = writer.node(
        "Conv",
        [x, writer.constant(weight[:, :, None]), writer.constant(writer.tensor(f"{name}.bias"))],
        pads=[0, kernel // 2, 0, (kernel - 1) // 2],
        group=architecture.position_groups,
    )
    x = writer.node("Squeeze", [x, writer.integers(2)])
    return writer.gelu(writer.node("Transpose", [x], perm=[0, 2, 1]))


def _attention(writer: _Writer, architecture: Architecture, layer: str, x: str) -> str:
    projected = [writer.linear(x, f"{layer}.attention.{part}_proj") for part in "qkv"]
    heard = writer.node("MultiHeadAttention", projected, domain=_FUSED, num_heads=architecture.heads)
    return writer.linear(heard, f"{layer}.attention.out_proj")


def _feed_forward(writer: _Writer, architecture: Architecture, layer: str, x: str) -> str:  # noqa: ARG001
    wide = writer.gelu(writer.linear(x, f"{layer}.feed_forward.intermediate_dense"))
    return writer.linear(wide, f"{layer}.feed_forward.output_dense")


class _Writer:
    """Collects nodes and constants; knows how a matrix product is written in each precision."""

    def __init__(self, weights: Weights, data: BinaryIO, precision: Precision) -> None:
        self._in_bytes = precision == "int8"
        self.float_type = TensorProto.FLOAT16 if precision == "float16" else TensorProto.FLOAT
        self._weights = weights
        self._data = data
        self._data_name = Path(data.name).name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._integers: dict[tuple[int, ...], str] = {}
        self._quantised: dict[str, tuple[str, str]] = {}

    def finish(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        result: str,
        output: onnx.ValueInfoProto,
        metadata: Mapping[str, int],
    ) -> bytes:
        """The ONNX model that gives `result` under the name of `output`."""
        graph = helper.make_graph(
            [*self._nodes, helper.make_node("Identity", [result], [output.name])],
            "wav2vec2",
            list(inputs),
            [output],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=_OPSETS, ir_version=_IR_VERSION)
        helper.set_model_props(model, {name: str(value) for name, value in metadata.items()})
        return bytes(model.SerializeToString())

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """The checkpoint's tensor; with a `shape` it must have that one."""
        if (found := self._weights(name)) is None:
            raise UnsupportedCheckpoint(f"it has no {name}")
        if shape and found.shape != shape:
            raise UnsupportedCheckpoint(f"its {name} has the shape {found.shape}, not {shape}")
        return found

    def either(self, old: str, new: str) -> NDArray[np.float32]:
        """A tensor that PyTorch once called `old` and now calls `new`."""
        found = self._weights(old)
        return self.tensor(new) if found is None else found

    def bias(self, layer: str) -> NDArray[np.float32] | None:
        return self._weights(f"{layer}.bias")

    def node(self, operator: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name, domain=domain, **attributes))
        return name

    def constant(self, array: NDArray[Any] | np.generic) -> str:
        name = f"c{len(self._constants)}"
        if array.dtype == np.float32:
            array = array.astype(helper.tensor_dtype_to_np_dtype(self.float_type), copy=False)
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
        if len(tensor.raw_data) >= _DATA_FROM:
            self._move_to_data(tensor)
        self._constants.append(tensor)
        return name

    def integers(self, *values: int) -> str:
        if values not in self._integers:
            self._integers[values] = self.constant(np.array(values, np.int64))
        return self._integers[values]

    def cast(self, x: str, kind: int) -> str:
        return self.node("Cast", [x], to=kind)

    def slice(self, x: str, start: int, end: str, axis: int) -> str:
        return self.node("Slice", [x, self.integers(start), end, self.integers(axis)])

    def gelu(self, x: str) -> str:
        return self.node("Gelu", [x], domain=_FUSED)

    def layer_norm(self, x: str, name: str, epsilon: float) -> str:
        return self.node("LayerNormalization", [x, *self._norm(name)], axis=-1, epsilon=epsilon)

    def add_and_norm(self, residual: str, x: str, name: str, epsilon: float) -> tuple[str, str]:
        """The normed sum, and the sum itself."""
        total = self.node("Add", [residual, x])
        return self.layer_norm(total, name, epsilon), total

    def linear(self, x: str, name: str) -> str:
        return self.product(x, self.tensor(f"{name}.weight").T, self.bias(name))

    def exact_linear(self, x: str, name: str) -> str:
        return self.exact_product(x, self.tensor(f"{name}.weight").T, self.bias(name))

    def product(
        self,
        x: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        *,
        cut: Callable[[str], str] = lambda x: x,
    ) -> str:
        """`cut(x) @ weight + bias`; `cut` takes values away from each row, which it may do as bytes."""
        if not self._in_bytes:
            return self.exact_product(cut(x), weight, bias)
        values, steps = self._quantise(x)
        largest = np.maximum(np.abs(weight).max(axis=0), np.finfo(np.float32).tiny)
        inputs = [
            cut(values),
            self.constant(np.rint(weight * (127 / largest)).astype(np.int8)),
            self.constant(np.float32(1)),
            self.constant(largest / 127),
            self.constant(_MIDDLE),
        ]
        product = self.node("MatMulIntegerToFloat", inputs, domain=_FUSED)
        return self._with_bias(self.node("Mul", [product, steps]), bias)

    def exact_product(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None) -> str:
        return self._with_bias(self.node("MatMul", [x, self.constant(weight)]), bias)

    def _with_bias(self, product: str, bias: NDArray[np.float32] | None) -> str:
        return product if bias is None else self.node("Add", [product, self.constant(bias)])

    def _quantise(self, x: str) -> tuple[str, str]:
        """Bytes around `_MIDDLE` and the step of each row, (…, rows, 1); once for all products of `x`."""
        if x not in self._quantised:
            last = self.integers(-1)
            most = self.node("ReduceMax", [x, last], keepdims=1)
            least = self.node("Neg", [self.node("ReduceMin", [x, last], keepdims=1)])
            largest = self.node("Max", [most, least, self.constant(np.float32(_SMALLEST))])
            steps = self.node("Mul", [largest, self.constant(np.float32(1 / 127))])
            each = self.node("Reshape", [steps, last])
            middle = self.node(
                "ConstantOfShape",
                [self.node("Shape", [each])],
                value=helper.make_tensor("middle", TensorProto.UINT8, [1], [int(_MIDDLE)]),
            )
            self._quantised[x] = self.node("QuantizeLinear", [x, each, middle], axis=-2), steps
        return self._quantised[x]

    def _norm(self, name: str) -> list[str]:
        return [self.constant(self.tensor(f"{name}.{part}")) for part in ("weight", "bias")]

    def _move_to_data(self, tensor: onnx.TensorProto) -> None:
        self._data.write(b"\0" * (-self._data.tell() % _PAGE))
        offset = self._data.tell()
        self._data.write(tensor.raw_data)
        onnx.external_data_helper.set_external_data(
            tensor, location=self._data_name, offset=offset, length=len(tensor.raw_data)
        )
        tensor.ClearField("raw_data")
