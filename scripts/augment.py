"""More rows from the same texts: a table in, a table of new rows out, with the same labels.

scripts/augment.py synonyms         IN OUT.tsv [--wordnet FOLDER] [--share 0.5]
scripts/augment.py back-translation IN OUT.tsv [--en-ru MODEL] [--ru-en MODEL] [--device cuda]
scripts/augment.py speech-noise     IN OUT.tsv [--snr 0 25] [--most-wrong 0.5] [--engine wav2vec2]

IN is a table as docs/training.md describes it, or the name of a known set with its folder in --data. Rows
held out for measuring are left out. OUT gets new rows alone: name it in a recipe beside IN. A run that was
stopped goes on where it was. What was spoken is also listed in OUT.heard.tsv, for mine_corrections.py.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tqdm import tqdm

from models.verdict import LANGUAGES
from scripts.training.augmented import Growing, Variant, VariantTable, learnable
from scripts.training.back_translation import EN_RU, RU_EN, BackTranslation
from scripts.training.datasets import Row
from scripts.training.speech_noise import Air, Ears, among_others, hear_all, sayable, summary
from scripts.training.synonyms import DEBIAN, Synonyms
from scripts.training.voices import voices

EARS = Ears()
JOURNAL = ("heard", "reference", "language", "wer", "voice", "noise", "snr", "engine", "original", "copy")
Missing = Sequence[tuple[Row, int]]
"""Rows to vary, and the number of the copy."""


def by_synonyms(options: argparse.Namespace, missing: Missing) -> Iterator[Variant]:
    synonyms = Synonyms(options.wordnet)
    for row, copy in missing:
        chance = random.Random(f"{options.seed} {copy} {row.text}")  # noqa: S311
        yield Variant(row, copy, synonyms.vary(row.text, chance, options.share))


def by_back_translation(options: argparse.Namespace, missing: Missing) -> Iterator[Variant]:
    translation = BackTranslation(options.en_ru, options.ru_en, options.temperature, options.device)
    for language in LANGUAGES:
        # Texts of a length together: little padding.
        here = sorted(
            (one for one in missing if one[0].language == language), key=lambda one: len(one[0].text)
        )
        for at in range(0, len(here), options.batch):
            some = here[at : at + options.batch]
            seed = f"{options.seed} {some[0]}"
            said = translation.vary([row.text for row, _ in some], language, seed)
            for (row, copy), text in zip(some, said, strict=True):
                yield Variant(row, copy, text)


def by_speech_noise(options: argparse.Namespace, missing: Missing, rows: Sequence[Row]) -> Iterator[Variant]:
    ears = Ears(options.engine, options.wav2vec2, options.wav2vec2_ru, options.cache)
    said = among_others(missing, rows, options.seed)
    with Growing(options.journal, JOURNAL) as journal:
        for heard in hear_all(said, Air(snr=tuple(options.snr)), ears, options.workers):
            row, copy = heard.said.row, heard.said.copy
            kept = 0 < heard.wer <= options.most_wrong
            yield Variant(row, copy, heard.heard if kept else None)
            # Only now, when the row is in the table.
            journal.add(
                {
                    "heard": heard.heard,
                    "reference": heard.reference,
                    "language": row.language,
                    "wer": round(heard.wer, 3),
                    "voice": heard.voice,
                    "noise": heard.noise,
                    "snr": heard.snr,
                    "engine": heard.engine,
                    "original": row.text,
                    "copy": copy,
                }
            )
    print(summary(_heard(options), options.most_wrong))


def _heard(options: argparse.Namespace) -> list[dict[str, str]]:
    with Growing(options.journal, JOURNAL) as journal:
        return journal.found


def _to_say(options: argparse.Namespace, missing: Missing) -> list[tuple[Row, int]]:
    """What was not yet said, and can be: after a look whether there are voices and ears for it."""

    known = {(row["original"], int(row["copy"])) for row in _heard(options)}
    missing = [(row, copy) for row, copy in missing if (row.text, copy) not in known and sayable(row.text)]
    for language in sorted({row.language for row, _ in missing}):
        print(f"{language}: said by {', '.join(voices(language))}")
    engine = Ears(options.engine, options.wav2vec2, options.wav2vec2_ru, options.cache).open(options.workers)
    print(f"written down by {engine.about}")
    # All workers take the same, whatever the hub does meanwhile.
    options.engine = engine.transcriber.name
    return missing


def main() -> None:
    options = _arguments()
    try:
        rows = learnable(options.source, options.data)
        with VariantTable(options.out, options.way) as table:
            missing = table.missing(rows, options.copies)
            if options.way == "synonyms":
                missing = [one for one in missing if one[0].language == "en"]
                variants = by_synonyms(options, missing)
            elif options.way == "back-translation":
                variants = by_back_translation(options, missing)
            else:
                missing = _to_say(options, missing)
                variants = by_speech_noise(options, missing, rows)
            made = sum(table.add(variant) for variant in tqdm(variants, total=len(missing), unit=" rows"))
    except (OSError, ValueError, RuntimeError) as error:
        # Each of ours is one line that says what to do.
        sys.exit(f"augment.py: {error}")
    print(f"{made} new rows from {len(missing)} tries, {len(table.done)} were there: {options.out}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_subparsers(dest="way", required=True)
    synonyms = _way(ways, "synonyms", "English words for others of the same meaning, by WordNet")
    synonyms.add_argument(
        "--wordnet", type=Path, default=DEBIAN, help="the dictionary's folder (%(default)s)"
    )
    synonyms.add_argument("--share", type=float, default=0.5, help="of the replaceable words (%(default)s)")
    back = _way(ways, "back-translation", "into the other language and back")
    back.add_argument("--en-ru", default=EN_RU, help="hub id or folder (%(default)s)")
    back.add_argument("--ru-en", default=RU_EN, help="hub id or folder (%(default)s)")
    back.add_argument("--temperature", type=float, default=0.7, help="0 translates literally (%(default)s)")
    back.add_argument("--batch", type=int, default=32, help="texts at once (%(default)s)")
    back.add_argument("--device", default="cpu", help="of torch, such as cuda (%(default)s)")
    noise = _way(ways, "speech-noise", "said by a synthetic voice in noise and written down by the bot's ASR")
    noise.add_argument("--snr", type=float, nargs=2, default=(0.0, 25.0), help="lowest and highest, in dB")
    noise.add_argument(
        "--most-wrong",
        type=float,
        default=0.5,
        help="word error rate above which a label may not hold any more (%(default)s)",
    )
    noise.add_argument("--engine", choices=("auto", "wav2vec2", "whisper"), default="auto")
    noise.add_argument("--wav2vec2", default=EARS.wav2vec2, help="English: hub id or folder (%(default)s)")
    noise.add_argument(
        "--wav2vec2-ru", default=EARS.wav2vec2_ru, help="Russian: hub id or folder (%(default)s)"
    )
    noise.add_argument("--cache", type=Path, default=EARS.cache_dir, help="of the ASR's models (%(default)s)")
    noise.add_argument(
        "--workers",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="processes, a core each (%(default)s)",
    )
    options = parser.parse_args()
    options.journal = options.out.with_suffix(".heard.tsv")
    return options


def _way(
    ways: argparse._SubParsersAction[argparse.ArgumentParser], name: str, about: str
) -> argparse.ArgumentParser:
    parser = ways.add_parser(name, help=about, description=about)
    parser.add_argument("source", metavar="IN", help="a table, or the name of a known set")
    parser.add_argument("out", metavar="OUT.tsv", type=Path)
    parser.add_argument(
        "--data", type=Path, default=Path("data/text"), help="folder of the sets (%(default)s)"
    )
    parser.add_argument("--copies", type=int, default=1, help="of each row (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    # As if by Ctrl-C: the workers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the same command goes on from here"))
    main()
