"""Train the tone model by a recipe, export it, calibrate it, report.

scripts/train.py configs/train/foundation.toml [--data FOLDER] [--base FOLDER-OR-HUB-ID] [--resume]

Leaves in the recipe's `out`: weights/ (what `ToneModel.load` reads), report.md with pictures, log.jsonl
and checkpoint.pt. A finished run with --resume only exports and reports anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.training.finish import finish
from scripts.training.formats import DataError
from scripts.training.loop import read, train
from scripts.training.recipe import RecipeError, load_recipe


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, help="folder of the labelled sets, instead of the recipe's")
    parser.add_argument("--base", help="encoder to start from, instead of the recipe's")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args()
    try:
        recipe = load_recipe(options.recipe, options.base, options.data)
        data = read(recipe)
        print(finish(recipe, train(recipe, data, options.resume), data))
    except (RecipeError, DataError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
