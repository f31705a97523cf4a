"""`forewarn export`: the corrections that people gave for training, one JSON object a line.

Only of those who said yes, and nothing of who, where and when: what the models thought, in which language,
and what a person heard. It is no text to train on, but what a calibration can be fitted to and judged by.
"""

from __future__ import annotations

import json
import sys

from bot.settings import Settings
from bot.store import Store, StoreError

__all__ = ["run"]


async def run(settings: Settings) -> int:
    """Print the corrections; returns the exit code."""
    try:
        store = await Store.open(settings.store_url())
    except StoreError as error:
        print(f"forewarn: {error}", file=sys.stderr)
        return 1
    try:
        for given in await store.people.given():
            judged = given.judged
            row = {
                "said": judged.said,
                "label": given.meant,
                "scores": judged.scores,
                "language": judged.language,
            }
            print(json.dumps(row))
    finally:
        await store.close()
    return 0
