"""The analyzer as this process's settings want it, and a word to the operator while it gets ready."""

from __future__ import annotations

import sys

from bot.settings import Settings
from models.analyzer import AnalyzerOptions

__all__ = ["Progress", "analyzer_options"]


def analyzer_options(settings: Settings) -> AnalyzerOptions:
    return AnalyzerOptions(
        engine=settings.engine,
        wav2vec2_model=settings.wav2vec2_model,
        wav2vec2_model_ru=settings.wav2vec2_model_ru,
        language_model=settings.language_model,
        language_model_ru=settings.language_model_ru,
        cache_dir=settings.data_dir / "models",
    )


class Progress:
    """Says on stderr what takes its time, and how much of it is done, in steps of a quarter."""

    def __init__(self) -> None:
        self._said: set[tuple[str, int]] = set()

    def __call__(self, what: str, share: float = 0.0) -> None:
        quarter = min(4, int(4 * share))
        if (what, quarter) in self._said:
            return
        self._said.add((what, quarter))
        done = f" {25 * quarter}%" if quarter else ""
        print(f"forewarn: {what} …{done}", file=sys.stderr, flush=True)
