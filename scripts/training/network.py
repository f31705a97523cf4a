"""The encoder and its two heads, in PyTorch."""

from __future__ import annotations

import torch
from torch import nn
from transformers import AutoModel

from models.verdict import EMOTIONS, TONES


class ToneNetwork(nn.Module):
    """Mean of the encoder's token vectors → logits of the tones and of the emotions."""

    def __init__(self, encoder: nn.Module, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        width: int = encoder.config.hidden_size  # type: ignore[union-attr,assignment]
        self.tone = nn.Linear(width, len(TONES))
        self.emotion = nn.Linear(width, len(EMOTIONS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """ids, mask: (texts, tokens) int64 → (texts, 3), (texts, 7)."""
        vectors = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(vectors.dtype)
        mean = (vectors * weight).sum(1) / weight.sum(1)
        mean = self.dropout(mean)
        return self.tone(mean), self.emotion(mean)


def build(base: str, dropout: float) -> ToneNetwork:
    """The network over the encoder `base` (folder or hub id), word vectors frozen.

    Frozen word vectors save a third of the time and keep rare words where the base put them.
    """
    encoder = AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False)
    encoder.embeddings.word_embeddings.requires_grad_(False)
    return ToneNetwork(encoder, dropout)


def parameter_groups(
    network: ToneNetwork, encoder_rate: float, layer_decay: float, head_rate: float, weight_decay: float
) -> list[dict[str, object]]:
    """What the optimiser moves: lower layers slower, no decay for biases and norms."""
    layers = network.encoder.config.num_hidden_layers  # type: ignore[union-attr]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if not name.startswith("encoder."):
            rate = head_rate
        elif ".layer." in name:
            depth = int(name.split(".layer.")[1].split(".")[0]) + 1
            rate = encoder_rate * layer_decay ** (layers - depth)
        else:
            rate = encoder_rate * layer_decay**layers
        decay = weight_decay if parameter.dim() > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": p, "lr": r, "peak": r, "weight_decay": d} for (r, d), p in groups.items()]
