"""What the model looked at, as a picture: shares of attention by word, and one map for every head."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.analyzer import Insight

__all__ = ["Look", "Shown", "look"]

INK = (98, 110, 235)
"""Of a map where a token looks with all it has; seen on a light and on a dark ground."""
MOST_LABELS = 40
"""Tokens of a map that still has their names at its sides."""
THUMB, LARGE = 96, 560
"""Least width of the pictures, in pixels: each cell is a whole number of them."""

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shown:
    """One word, and two answers to what it was worth."""

    word: str
    attention: float
    """Its share of what the model looked at, 0..1."""
    effect: float
    """What leaving it out changes: -1 (it speaks against the tone) .. 1 (for it)."""


@dataclass(frozen=True, slots=True)
class Look:
    """All that the page shows of an insight. Layers and heads count from 1."""

    words: tuple[Shown, ...]
    layers: int
    heads: int
    layer: int
    head: int
    map: str
    """The chosen head's, as a data address."""
    maps: tuple[str, ...]
    """Of all heads of this layer."""
    labels: tuple[str, ...]
    """Tokens at the sides of the map; none where there are too many."""
    strongest: tuple[str, str, float]
    """In this head, who looks at whom the most, and with how much of its attention."""


def look(insight: Insight, layer: int, head: int) -> Look:
    """The pictures of one layer and head; a number beyond the last means the last."""
    attention = insight.attention
    layers, heads, size, _ = attention.heads.shape
    layer, head = min(max(layer, 1), layers), min(max(head, 1), heads)
    chosen = attention.heads[layer - 1]
    names = tuple(token.replace("▁", "") or "·" for token in attention.tokens)
    row, column = np.unravel_index(chosen[head - 1].argmax(), (size, size))
    return Look(
        words=tuple(
            Shown(word, float(share), effect)
            for word, share, effect in zip(
                attention.words, attention.words_looked_at, insight.effects, strict=True
            )
        ),
        layers=layers,
        heads=heads,
        layer=layer,
        head=head,
        map=_picture(chosen[head - 1], LARGE),
        maps=tuple(_picture(one, THUMB) for one in chosen),
        labels=names if size <= MOST_LABELS else (),
        strongest=(names[row], names[column], float(chosen[head - 1, row, column])),
    )


def _picture(shares: _Floats, width: int) -> str:
    """(tokens, tokens) shares as a PNG of squares, the stronger the darker."""
    cell = -(-width // len(shares))
    # The root, or all but a few cells would look empty.
    strength = (255 * np.sqrt(shares)).astype(np.uint8).repeat(cell, 0).repeat(cell, 1)
    pixels = np.empty((*strength.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = INK, strength
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
