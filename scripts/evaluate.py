"""How good the tone model is on labelled texts: a table of figures by set, as written and in asr style.

scripts/evaluate.py --data FOLDER [--sets meld tweeteval …] [--table NAME=FILE.tsv …] [--weights FOLDER]

Measures the development parts of the training sets, and sets that are only for measuring. A table of
one's own is tab-separated with the columns text, language, tone, emotions.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from models.tone.model import WEIGHTS, ToneModel
from scripts.training.datasets import MEASURING, READERS, Row, read_table, split
from scripts.training.evaluation import judge_all, table, thin


def rows_of(name: str, folder: Path) -> list[Row]:
    """What may be measured of the set `name`: nothing that was learned from."""
    if name in MEASURING:
        return list(MEASURING[name](folder))
    return split(*READERS[name](folder)).dev[name]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data/text"), help="folder of the labelled sets")
    parser.add_argument("--sets", nargs="*", default=[*READERS, *MEASURING], help="default: all known")
    parser.add_argument("--table", nargs="*", default=[], metavar="NAME=FILE", help="tables of one's own")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--limit", type=int, default=2000, help="texts of a set at most, evenly spread")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    sets = {name: rows_of(name, options.data / name) for name in options.sets}
    for named in options.table:
        name, _, path = named.partition("=")
        sets[name] = list(read_table(Path(path), name))
    model = ToneModel.load(options.weights, options.threads)
    print(table(judge_all(model, {name: thin(rows, options.limit) for name, rows in sets.items()})))


if __name__ == "__main__":
    main()
