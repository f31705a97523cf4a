"""The page: what a visitor sees."""

from __future__ import annotations

import gradio

from bot.settings import Settings
from models.analyzer import Analyzer

__all__ = ["page"]


def page(analyzer: Analyzer, settings: Settings) -> gradio.Blocks:  # noqa: ARG001
    """The tabs and what they ask the analyzer."""
    blocks = gradio.Blocks(title="forewarn")
    with blocks:
        gradio.Markdown("# forewarn")
    return blocks
