"""Speak the sample voice notes that ship in bot/samples, as Telegram would deliver them.

What these voices say is free to pass on: hibari (Apache-2.0; extra `voices`), flite's `rms` (BSD-like) and
Festival's Russian one (BSD-like). On Debian: apt-get install flite festival festvox-ru

    python scripts/make_samples.py
"""

from __future__ import annotations

import asyncio
import csv
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from models.audio import find_ffmpeg
from models.verdict import Language, Tone

FOLDER = Path(__file__).parents[1] / "bot" / "samples"
# As Telegram's apps record: one channel, 48 kHz, Opus made for voice.
VOICE_NOTE = ["-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "24k", "-application", "voip"]
ANONYMOUS = ["-map_metadata", "-1", "-bitexact"]


class Sample(NamedTuple):
    file: str
    language: Language
    tone: Tone
    transcript: str


SAMPLES = (
    Sample(
        "new_job.oga",
        "en",
        "positive",
        "Guess what, I got the job! I am so happy. Thank you so much for your help, you are wonderful!",
    ),
    Sample(
        "birthday.oga",
        "en",
        "negative",
        "You forgot my birthday again. I am so angry with you, and you did not even say sorry.",
    ),
    Sample("train.oga", "en", "neutral", "The train leaves at ten past nine from platform four."),
    Sample(
        "bad_day.oga", "en", "negative", "This was a terrible day. I feel so sad and alone, I want to cry."
    ),
    Sample(
        "spasibo.oga",
        "ru",
        "positive",
        "Спасибо тебе огромное! Это был замечательный вечер, я очень счастлив.",
    ),
    Sample(
        "obman.oga", "ru", "negative", "Ты меня обманул. Это ужасно, я очень злюсь и не хочу тебя видеть."
    ),
    Sample(
        "vstrecha.oga", "ru", "neutral", "Встреча будет в понедельник, в десять часов утра, в большом зале."
    ),
)
MALE = {"train.oga", "bad_day.oga"}


def main() -> None:
    ffmpeg = str(asyncio.run(find_ffmpeg()))
    for sample in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            spoken = Path(folder, "spoken.wav")
            speak(sample, spoken)
            note = FOLDER / sample.file
            subprocess.run(
                [ffmpeg, "-v", "error", "-y", "-i", str(spoken), *VOICE_NOTE, str(note)], check=True
            )
        print(f"{note.name}: {note.stat().st_size / 1000:.1f} kB")
    with (FOLDER / "samples.tsv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, delimiter="\t", lineterminator="\n")
        writer.writerows([Sample._fields, *SAMPLES])


def speak(sample: Sample, to: Path) -> None:
    if sample.language == "ru":
        voice = ["text2wave", "-eval", "(voice_msu_ru_nsh_clunits)", "-o", str(to)]
        subprocess.run(voice, input=sample.transcript, encoding="utf-8", check=True)
    elif sample.file in MALE:
        subprocess.run(["flite", "-voice", "rms", "-t", sample.transcript, "-o", str(to)], check=True)
    else:
        from hibari import Hibari

        Hibari().save(sample.transcript, str(to))


if __name__ == "__main__":
    main()
