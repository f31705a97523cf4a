"""The encoder and its two heads, in PyTorch."""

from __future__ import annotations

from typing import Literal, Self

import torch
from torch import nn

from models.verdict import EMOTIONS, TONES
from scripts.training.recipe import Recipe


class ToneNetwork(nn.Module):
    """Mean of the encoder's token vectors → logits of the tones and of the emotions."""

    def __init__(
        self, encoder: nn.Module, dropout: float, head_layers: int = 0, head_width: int = 30
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        width: int = encoder.config.hidden_size  # type: ignore[union-attr,assignment]
        self.tone = _head(width, len(TONES), dropout, head_layers, head_width)
        self.emotion = _head(width, len(EMOTIONS), dropout, head_layers, head_width)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """ids, mask: (texts, tokens) int64 → (texts, 3), (texts, 7)."""
        vectors = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(vectors.dtype)
        mean = (vectors * weight).sum(1) / weight.sum(1)
        mean = self.dropout(mean)
        return self.tone(mean), self.emotion(mean)

    def freeze(self, layers: int | Literal["all"]) -> None:
        """Stop the word vectors and the lowest `layers` from learning."""
        if layers == "all":
            self.encoder.requires_grad_(False)
            return
        embeddings = self.encoder.embeddings
        (embeddings if layers else embeddings.word_embeddings).requires_grad_(False)  # type: ignore[union-attr,operator]
        self.encoder.encoder.layer[:layers].requires_grad_(False)  # type: ignore[index,union-attr,operator]

    def train(self, mode: bool = True) -> Self:
        """As in PyTorch, but an encoder that does not learn has no use for dropout either."""
        super().train(mode)
        if not any(p.requires_grad for p in self.encoder.parameters()):
            self.encoder.eval()
        return self


def _head(width: int, outputs: int, dropout: float, layers: int, hidden: int) -> nn.Module:
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)]
        width = hidden
    last = nn.Linear(width, outputs)
    return nn.Sequential(*parts, last) if parts else last


def parameter_groups(network: ToneNetwork, recipe: Recipe) -> list[dict[str, object]]:
    """What the optimiser moves: lower layers slower, no decay for biases and norms."""
    layers = network.encoder.config.num_hidden_layers  # type: ignore[union-attr]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if not name.startswith("encoder."):
            rate = recipe.head_rate
        else:
            depth = int(name.split(".layer.")[1].split(".")[0]) + 1 if ".layer." in name else 0
            rate = recipe.encoder_rate * recipe.layer_decay ** (layers - depth)  # type: ignore[operator]
        decay = recipe.weight_decay if parameter.dim() > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": p, "lr": r, "peak": r, "weight_decay": d} for (r, d), p in groups.items()]
