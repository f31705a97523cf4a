"""From samples to words."""

from models.speech.transcript import Span, Transcriber, Transcript, Word

__all__ = ["Span", "Transcriber", "Transcript", "Word"]
