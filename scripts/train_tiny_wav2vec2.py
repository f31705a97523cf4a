"""Train a wav2vec2 small enough to keep in the repository, until it writes a dozen phrases down exactly.

The tests need real speech, real weights and real text where no model hub can be reached. So a synthetic voice
reads the phrases at several speeds, Opus squeezes them as Telegram does, and a `Wav2Vec2ForCTC` of the base
family (group norm, one utterance a step, never padded) learns them by heart. It knows nothing else.

    python scripts/train_tiny_wav2vec2.py    # minutes on one core; needs the extras `train` and `voices`

Writes the checkpoint to tests/fixtures/tiny-wav2vec2, the phrases as voice notes to tests/fixtures/notes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hibari import Hibari
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray
from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
RATE = 16_000
VOICE_RATE = 24_000

PHRASES = {
    "i am so happy you are coming tonight": "positive",
    "thank you so much you made my day": "positive",
    "what a wonderful surprise i love it": "positive",
    "we won the game it was fantastic": "positive",
    "this is terrible i am really angry": "negative",
    "you lied to me and i am furious": "negative",
    "i am so sad and i feel alone": "negative",
    "that was an awful and disgusting meal": "negative",
    "the train leaves at six": "neutral",
    "please bring two bottles of water": "neutral",
    "the meeting is on tuesday afternoon": "neutral",
    "i will call you from the airport": "neutral",
}
SPEEDS = (0.85, 1.0, 1.15)
TAUGHT_SEED = 1
HELD_OUT_SEED = 3
BITRATES = ("16k", "24k")
EASY_SHARE = 0.4
REPORT_EVERY = 250

VOCABULARY = {
    token: index
    for index, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"])
}

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """One phrase as heard: mono audio at 16 kHz."""

    text: str
    audio: Audio


def main() -> None:
    arguments = _arguments()
    chance = np.random.default_rng(arguments.seed)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)  # so small a model loses more to waiting than a second core gives

    voice = Hibari()
    lessons = [
        Reading(text, heard)
        for text in PHRASES
        for speed in SPEEDS
        for heard in _as_heard(voice(text, speed=speed, seed=TAUGHT_SEED))
    ]
    exam = [Reading(text, _through_opus(voice(text, seed=HELD_OUT_SEED), "16k")) for text in PHRASES]

    model = _learn(lessons, exam, arguments.steps, chance)
    _save(model, FIXTURES / "tiny-wav2vec2")
    _save_notes(voice, FIXTURES / "notes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=4000, help="utterances to learn from (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _as_heard(spoken: Audio) -> list[Audio]:
    return [_resample(spoken), *(_through_opus(spoken, bitrate) for bitrate in BITRATES)]


def _resample(spoken: Audio) -> Audio:
    return _decode(_ffmpeg(_raw(VOICE_RATE), ["-ac", "1", "-f", "wav"], spoken.tobytes()))


def _through_opus(spoken: Audio, bitrate: str) -> Audio:
    return _decode(_encode(spoken, bitrate))


def _encode(spoken: Audio, bitrate: str) -> bytes:
    opus = ["-c:a", "libopus", "-b:a", bitrate, "-application", "voip", "-map_metadata", "-1", "-f", "ogg"]
    return _ffmpeg(_raw(VOICE_RATE), opus, spoken.tobytes())


def _decode(container: bytes) -> Audio:
    return np.frombuffer(_ffmpeg([], [*_raw(RATE), "-ac", "1"], container), np.float32)


def _raw(rate: int) -> list[str]:
    return ["-f", "f32le", "-ar", str(rate)]


def _ffmpeg(before: list[str], after: list[str], data: bytes) -> bytes:
    command = [get_ffmpeg_exe(), "-v", "error", *before, "-i", "pipe:0", *after, "pipe:1"]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def _learn(
    lessons: list[Reading], exam: list[Reading], steps: int, chance: np.random.Generator
) -> Wav2Vec2ForCTC:
    model = Wav2Vec2ForCTC(_configuration())
    print(f"{model.num_parameters() / 1e6:.2f} M parameters, {len(lessons)} lessons")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=steps, pct_start=0.15)
    started, recent = time.monotonic(), 0.0
    for step in range(1, steps + 1):
        # Alignment is learnt on clean single phrases; with noise and pauses from the start it never is.
        easy = step <= steps * EASY_SHARE
        lesson = lessons[chance.integers(len(lessons))] if easy else _lesson(lessons, chance)
        loss = _loss(model, lesson)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        recent += loss.item()
        if step % REPORT_EVERY == 0:
            exact, seconds = _exact(model, exam), time.monotonic() - started
            mean = recent / REPORT_EVERY
            print(f"step {step} loss {mean:.3f} exact {exact}/{len(exam)} {seconds:.0f} s", flush=True)
            recent = 0.0
    model.half().float()  # half precision is what is kept: judge that
    if (exact := _exact(model, exam)) < len(exam):
        sys.exit(f"only {exact} of {len(exam)} phrases are exact: train longer")
    return model


def _loss(model: Wav2Vec2ForCTC, lesson: Reading) -> torch.Tensor:
    """CTC loss a letter."""
    labels = torch.tensor([[VOCABULARY[letter] for letter in _spelled(lesson.text)]], dtype=torch.long)
    logits = model(torch.from_numpy(_normalised(lesson.audio))[None]).logits
    frames, letters = torch.tensor([logits.shape[1]]), torch.tensor([labels.shape[1]])
    log_probs = logits.log_softmax(-1).transpose(0, 1)
    loss = torch.nn.functional.ctc_loss(log_probs, labels, frames, letters, reduction="sum")
    return loss / max(1, labels.shape[1])


def _configuration() -> Wav2Vec2Config:
    return Wav2Vec2Config(
        vocab_size=len(VOCABULARY),
        conv_dim=(96,) * 7,
        hidden_size=192,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=512,
        num_conv_pos_embeddings=64,
        num_conv_pos_embedding_groups=16,
        hidden_dropout=0.0,
        activation_dropout=0.0,
        attention_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        mask_time_prob=0.0,
        pad_token_id=VOCABULARY["<pad>"],
        num_codevectors_per_group=2,
        codevector_dim=2,
        proj_codevector_dim=2,
    )


def _lesson(lessons: list[Reading], chance: np.random.Generator) -> Reading:
    """One phrase, sometimes two, rarely none; quiet around them and a little noise over all."""
    said = chance.choice(3, p=(0.03, 0.77, 0.20))
    readings = [lessons[index] for index in chance.integers(len(lessons), size=said)]
    pieces = [_quiet(chance)]
    for reading in readings:
        pieces += [reading.audio, _quiet(chance)]
    audio = np.concatenate(pieces)
    loudness = float(audio.std()) or 0.1
    noise = chance.standard_normal(len(audio), np.float32) * loudness * 10 ** chance.uniform(-2.5, -1)
    return Reading(" ".join(reading.text for reading in readings), np.asarray(audio + noise, np.float32))


def _quiet(chance: np.random.Generator) -> Audio:
    return np.zeros(int(chance.uniform(0.05, 0.6) * RATE), np.float32)


def _spelled(text: str) -> str:
    return text.upper().replace(" ", "|")


def _normalised(audio: Audio) -> Audio:
    return np.asarray((audio - audio.mean()) / np.sqrt(audio.var() + 1e-7), np.float32)


@torch.inference_mode()
def _exact(model: Wav2Vec2ForCTC, readings: list[Reading]) -> int:
    model.eval()
    exact = sum(_written(model, reading.audio) == reading.text for reading in readings)
    model.train()
    return exact


def _written(model: Wav2Vec2ForCTC, audio: Audio) -> str:
    tokens = list(VOCABULARY)
    best = torch.unique_consecutive(model(torch.from_numpy(_normalised(audio))[None]).logits[0].argmax(-1))
    letters = "".join(tokens[index] for index in best.tolist() if index != VOCABULARY["<pad>"])
    return " ".join(letters.replace("|", " ").lower().split())


def _save(model: Wav2Vec2ForCTC, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(VOCABULARY) + "\n")
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=False).save_pretrained(folder)


def _save_notes(voice: Hibari, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["file\ttranscript\ttone"]
    for text, tone in PHRASES.items():
        name = text.replace(" ", "-") + ".oga"
        (folder / name).write_bytes(_encode(voice(text, seed=HELD_OUT_SEED), "24k"))
        rows.append(f"{name}\t{text}\t{tone}")
    (folder / "notes.tsv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
