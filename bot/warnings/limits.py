"""That one of the operator's limits is reached, and until when."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bot.store import Allowance
from bot.warnings.texts import Texts

__all__ = ["limit_text"]


def limit_text(refusal: Allowance, texts: Texts) -> str:
    """Short enough for an alert, and without markup."""
    minutes = math.ceil((refusal.ends_at - datetime.now(UTC)).total_seconds() / 60)
    return texts(f"limit-{refusal.use}", most=int(refusal.most), minutes=minutes)
