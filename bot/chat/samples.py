"""The voice notes that ship with the project."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.verdict import Seconds

__all__ = ["SAMPLES", "Sample", "samples"]

SAMPLES = Path(__file__).parents[1] / "samples"
OPUS_RATE = 48_000
"""OGG counts Opus in this many samples a second, whatever was recorded."""


@dataclass(frozen=True, slots=True)
class Sample:
    file: str
    language: str
    """ISO 639-1."""
    tone: str
    transcript: str

    @property
    def data(self) -> bytes:
        """OGG/Opus, as Telegram's own apps record."""
        return (SAMPLES / self.file).read_bytes()

    @property
    def seconds(self) -> Seconds:
        """As the last page of the OGG says."""
        last = self.data.rindex(b"OggS")
        return int.from_bytes(self.data[last + 6 : last + 14], "little") / OPUS_RATE


@cache
def samples() -> tuple[Sample, ...]:
    with (SAMPLES / "samples.tsv").open(encoding="utf-8", newline="") as table:
        return tuple(Sample(**row) for row in csv.DictReader(table, delimiter="\t"))
