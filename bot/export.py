"""`forewarn export`: the corrections that people gave for training, one JSON object a line.

Only of those who said yes, and nothing of who, where and when: what the models thought, in which language,
and what a person heard: enough to fit a calibration to. With the key, also the text where it was given.
"""

from __future__ import annotations

import json
import sys

from bot.given import open_safe
from bot.settings import Settings
from bot.store import Store, StoreError

__all__ = ["run"]


async def run(settings: Settings) -> int:
    """Print the corrections; returns the exit code.

    Raises:
        ConfigurationError: the key for given words is none.
    """
    safe = open_safe(settings)
    try:
        store = await Store.open(settings.store_url())
    except StoreError as error:
        print(f"forewarn: {error}", file=sys.stderr)
        return 1
    try:
        for given in await store.people.given():
            judged = given.correction.judged
            row = {
                "said": judged.said,
                "label": given.correction.meant,
                "scores": judged.scores,
                "language": judged.language,
            }
            words = safe.unlock(given.words) if safe and given.words else None
            print(json.dumps(row if words is None else {"text": words, **row}, ensure_ascii=False))
    finally:
        await store.close()
    return 0
