"""Does it keep its promises under load and faults?

    python scripts/chaos.py [SCENARIO …]    # all of them without a name; `--list` tells what each does

The real bot as a process of its own, a Telegram beside it, and people who go on sending notes while things
break. Prints one JSON object a line, and a table at the end. Exit code 1 if a promise was broken: a note
lost, more warnings twice than processes killed, a warning before that of an earlier note, words on the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.chaos_lab.scenarios import SCENARIOS as FAULTS
from scripts.chaos_lab.scenarios import Impossible, Row
from scripts.chaos_lab.soak import soak

SCENARIOS = FAULTS | {soak.__name__: soak}
COLUMNS = ("name", "notes", "kills", "lost", "twice", "out_of_order", "p50", "p95", "slowest", "held")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--list", action="store_true", help="what each does")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(SCENARIOS):
        parser.error(f"no scenario of the name {', '.join(sorted(unknown))}")
    if arguments.list:
        print("\n".join(f"{name:10} {scenario.__doc__}" for name, scenario in SCENARIOS.items()))
        return 0
    rows = [play(name) for name in arguments.names or SCENARIOS]
    print(table(rows), file=sys.stderr)
    return 0 if all(row["held"] is not False for row in rows) else 1


def play(name: str) -> Row:
    """One scenario in a folder of its own. `held` is None where this machine cannot play it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            row = asyncio.run(SCENARIOS[name](Path(folder)))
        except Impossible as why:
            row = {"held": None, "skipped": str(why)}
    row = {"name": name, **row, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(row), flush=True)
    return row


def table(rows: list[Row]) -> str:
    cells = [COLUMNS, *([str(row.get(column, "")) for column in COLUMNS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)) for line in cells)


if __name__ == "__main__":
    sys.exit(main())
