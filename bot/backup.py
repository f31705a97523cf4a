"""`forewarn backup FOLDER`: the databases as they are at one moment, while the bot goes on.

The files alone, copied while it runs, would be torn: what was written last is in another file. SQLite copies
one moment of them, and only what is not deleted. The jobs come last, so that a note that ends meanwhile has
ended in the copy too, and is not answered twice after a restore.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bot.settings import Settings

__all__ = ["run"]

DATABASES = ("forewarn.db", "jobs.db")
BUSY_SECONDS = 5


def run(settings: Settings, folder: Path) -> int:
    """Copy both databases into a folder, over an earlier backup there; returns the exit code."""
    if settings.database_url is not None:
        print("forewarn: the database is PostgreSQL; pg_dump makes the backup", file=sys.stderr)
        return 1
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in DATABASES:
            _copy(settings.data_dir / name, folder / name)
            print(folder / name)
    except (OSError, sqlite3.Error) as error:
        print(f"forewarn: no backup: {error}", file=sys.stderr)
        return 1
    return 0


def _copy(database: Path, copy: Path) -> None:
    """Whole or not at all, and for nobody else to read."""
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    part.touch(0o600)
    source = f"{database.resolve().as_uri()}?mode=rw"  # never makes one
    with closing(sqlite3.connect(source, uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(copy)
