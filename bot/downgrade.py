"""`forewarn downgrade REVISION`: the way back from an upgrade, while the newer version is still installed.

Only the newer version knows how to undo what it did. Settings and verdicts that both versions know are kept,
also those made since, which a restored backup would not have.
"""

from __future__ import annotations

import sys

from bot.settings import Settings
from bot.store import Store, StoreError

__all__ = ["run"]


async def run(settings: Settings, revision: str) -> int:
    """Undo the schema's steps after this one; returns the exit code."""
    try:
        store = await Store.open(settings.store_url())
        try:
            await store.downgrade(revision)
        finally:
            await store.close()
    except StoreError as error:
        print(f"forewarn: {error}", file=sys.stderr)
        return 1
    print(f"The database is now at {revision}. Do not start this version again: it would upgrade it.")
    return 0
