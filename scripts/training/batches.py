"""Rows → batches of token ids; the same step of the same recipe always gets the same batch.

That makes a run resumable without saving where it was: the step says it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from models.tone.text import normalise
from models.verdict import Language
from scripts.training.asr_style import asr_style, mishear, name_people
from scripts.training.datasets import Row

BUCKET = 40
"""Batches sorted by length together: little padding, and still well mixed."""
MISHEARD = 0.5
"""Share of the texts in a recogniser's style that also get its errors."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids and mask (texts, tokens), tones (texts,), emotions (texts, 7); UNKNOWN as it says."""

    ids: torch.Tensor
    mask: torch.Tensor
    tones: torch.Tensor
    emotions: torch.Tensor


def collate(rows: Sequence[Row], encoded: Sequence[Sequence[int]], pad: int) -> Batch:
    """Pad to the longest and attach the labels."""
    longest = max(map(len, encoded))
    ids = torch.full((len(encoded), longest), pad)
    mask = torch.zeros_like(ids)
    for i, tokens in enumerate(encoded):
        ids[i, : len(tokens)] = torch.tensor(tokens)
        mask[i, : len(tokens)] = 1
    tones = torch.tensor([row.tone for row in rows])
    return Batch(ids, mask, tones, torch.tensor([row.emotions for row in rows], dtype=torch.float32))


def shown(text: str, language: Language, asr_share: float, chance: random.Random) -> str:
    """One way to write `text`, decided anew each time."""
    if chance.random() < 0.5:
        text = name_people(text, language, chance)
    if chance.random() >= asr_share:
        return normalise(text, language)
    text = asr_style(text, language)
    if chance.random() < MISHEARD:
        text = mishear(text, language, chance)
    return normalise(text, language)


class Epochs:
    """The endless stream of training batches."""

    def __init__(
        self,
        rows: Sequence[Row],
        weights: Mapping[str, float],
        tokenizer: Tokenizer,
        pad: int,
        batch: int,
        asr_share: float,
        seed: int,
    ) -> None:
        self._rows, self._weights, self._tokenizer, self._pad = rows, weights, tokenizer, pad
        self._batch, self._asr_share, self._seed = batch, asr_share, seed

    def _epoch(self, epoch: int) -> list[Row]:
        chance = random.Random(f"{self._seed} epoch {epoch}")  # noqa: S311
        rows = []
        for row in self._rows:
            whole, part = divmod(self._weights[row.source], 1)
            rows += [row] * (int(whole) + (chance.random() < part))
        chance.shuffle(rows)
        return rows

    def __len__(self) -> int:
        """Batches in an epoch (the last, smaller one is left out)."""
        return len(self._epoch(0)) // self._batch

    def start(self, step: int) -> Iterator[Batch]:
        """Batches from `step` on."""
        epoch, first = 0, 0
        while True:
            rows = self._epoch(epoch)
            size = self._batch * BUCKET
            for at in range(0, len(rows) - self._batch + 1, size):
                chunk = rows[at : at + size]
                count = len(chunk) // self._batch
                if first + count > step:
                    chance = random.Random(f"{self._seed} epoch {epoch} chunk {at}")  # noqa: S311
                    yield from self._chunk(chunk, chance)[max(0, step - first) :]
                first += count
            epoch += 1

    def _chunk(self, rows: Sequence[Row], chance: random.Random) -> list[Batch]:
        texts = [shown(row.text, row.language, self._asr_share, chance) or "…" for row in rows]
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda i: len(encoded[i]))
        batches = []
        for at in range(0, len(order) - self._batch + 1, self._batch):
            chosen = order[at : at + self._batch]
            batches.append(collate([rows[i] for i in chosen], [encoded[i] for i in chosen], self._pad))
        chance.shuffle(batches)
        return batches


def label_weights(rows: Sequence[Row], weights: Mapping[str, float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Square-root class weights: (3,) for the tones, mean 1; (7,) for the presence of each emotion.

    Full inverse frequency drowns the common labels in noise of the rare ones; none forgets the rare ones.
    """
    share = np.array([weights[row.source] for row in rows])
    tones = np.array([row.tone for row in rows])
    count = np.array([share[tones == tone].sum() for tone in range(3)])
    tone_weights = np.sqrt(count.mean() / np.maximum(count, 1))
    emotions = np.array([row.emotions for row in rows])
    present = (share[:, None] * (emotions == 1)).sum(0)
    absent = (share[:, None] * (emotions == 0)).sum(0)
    emotion_weights = np.sqrt(absent / np.maximum(present, 1)).clip(1, 5)
    return (
        torch.tensor(tone_weights / tone_weights.mean(), dtype=torch.float32),
        torch.tensor(emotion_weights, dtype=torch.float32),
    )
