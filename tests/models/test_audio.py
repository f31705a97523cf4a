"""Files as they come from phones, from broken uploads and from people who mean harm."""

import asyncio
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from models.audio import SAMPLE_RATE, AudioLimits, decode, find_ffmpeg
from models.verdict import Unusable, UnusableNote

TONE = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=size=64x64:duration=2"]
VOICE = ["-c:a", "libopus", "-b:a", "24k", "-ar", "48000"]

CONTAINERS = {
    "voice.oga": [*TONE, *VOICE],
    "vorbis.ogg": [*TONE, "-c:a", "libvorbis"],
    "music.mp3": [*TONE, "-c:a", "libmp3lame"],
    "cover.mp3": [*TONE, "-c:a", "libmp3lame", "-id3v2_version", "3", "-metadata", "title=" + "x" * 4000],
    "bare.mp3": [*TONE, "-c:a", "libmp3lame", "-id3v2_version", "0", "-write_xing", "0"],
    "audio.m4a": [*TONE, "-c:a", "aac"],
    "index_first.m4a": [*TONE, "-c:a", "aac", "-movflags", "faststart"],
    "stream.aac": [*TONE, "-c:a", "aac"],
    "note.mp4": [*PICTURE, *TONE, "-c:v", "libx264", "-c:a", "aac"],
    "note.webm": [*PICTURE, *TONE, "-c:v", "libvpx", "-c:a", "libopus"],
    "note.mkv": [*TONE, "-c:a", "libopus"],
    "lossless.flac": [*TONE, "-c:a", "flac"],
    "studio.wav": [*TONE, "-ac", "2", "-ar", "44100", "-c:a", "pcm_s24le"],
    "old_phone.amr": [*TONE, "-ac", "1", "-ar", "8000", "-c:a", "libopencore_amrnb"],
    "apple.caf": [*TONE, "-c:a", "pcm_s16be"],
    "apple.aiff": [*TONE, "-c:a", "pcm_s16be"],
    "phone.3gp": [*TONE, "-ac", "1", "-ar", "8000", "-c:a", "libopencore_amrnb"],
    "windows.wma": [*TONE, "-c:a", "wmav2"],
    "camera.avi": [*PICTURE, *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "disc.mpg": [*PICTURE, *TONE, "-r", "25", "-c:v", "mpeg2video", "-c:a", "mp2"],
}


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """Make a file with ffmpeg and give its bytes."""
    ffmpeg = str(asyncio.run(find_ffmpeg()))
    folder = tmp_path_factory.mktemp("audio")

    def run(name: str, *arguments: str) -> bytes:
        path = folder / name
        subprocess.run([ffmpeg, "-v", "error", "-y", *arguments, str(path)], check=True)
        return path.read_bytes()

    return run


async def refusal(data: bytes, limits: AudioLimits | None = None) -> Unusable:
    with pytest.raises(UnusableNote) as caught:
        await decode(data, limits)
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("name", CONTAINERS)
async def test_every_container_gives_the_tone_that_went_in(make, name):
    samples = await decode(make(name, *CONTAINERS[name]))

    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(2 * SAMPLE_RATE, rel=0.06)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)[spectrum.argmax()] == pytest.approx(440, abs=3)


@pytest.mark.parametrize(
    "tag",
    [
        b"ID3\x04\0\x10\0\0\0\x0a" + bytes(10) + b"3DI\x04\0\x10\0\0\0\x0a",
        b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + bytes(3),
        b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + bytes(2000),
    ],
    ids=["with a footer", "and a few zeros", "and padding"],
)
async def test_mp3_after_a_tag(make, tag):
    sound = make("bare.mp3", *CONTAINERS["bare.mp3"])
    assert len(await decode(tag + sound)) == pytest.approx(2 * SAMPLE_RATE, rel=0.06)


async def test_mp4_with_its_index_at_the_end_is_read(make):
    data = make("index_last.mp4", *CONTAINERS["note.mp4"])
    assert data.find(b"moov") > data.find(b"mdat")
    assert len(await decode(data)) > SAMPLE_RATE


async def test_samples_are_finite_and_within_one_whatever_the_file_holds(make):
    loud = make("loud.wav", *TONE, "-af", "volume=60dB", "-c:a", "pcm_f32le")
    poisoned = bytearray(loud)
    poisoned[-4000:] = np.array([np.nan, np.inf, -np.inf, 1e30] * 250, np.float32).tobytes()
    for data in (loud, bytes(poisoned)):
        samples = await decode(data)
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() <= 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Unusable.EMPTY),
        (b"I am a text, renamed to voice.ogg. " * 50, Unusable.NOT_AUDIO),
        ("Я текст в другой кодировке. ".encode("utf-16") * 50, Unusable.NOT_AUDIO),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), Unusable.NOT_AUDIO),
        (b"%PDF-1.7\n" + bytes(500), Unusable.NOT_AUDIO),
        (b"OggS", Unusable.DAMAGED),
        (b"OggS" + bytes(range(256)) * 40, Unusable.DAMAGED),
        (b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10), Unusable.DAMAGED),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(2000), Unusable.DAMAGED),
    ],
)
async def test_what_holds_no_sound_is_refused_with_its_reason(data, reason):
    assert await refusal(data) is reason


async def test_video_without_sound(make):
    silent = make("mute.mp4", *PICTURE, "-c:v", "libx264")
    assert await refusal(silent) is Unusable.NO_SOUND_TRACK


async def test_sound_track_without_samples(make):
    data = make("nothing.wav", *TONE, "-t", "0", "-c:a", "pcm_s16le")
    assert await refusal(data) is Unusable.EMPTY


async def test_of_a_truncated_note_what_is_left_is_used(make):
    data = make("whole.oga", *CONTAINERS["voice.oga"])
    samples = await decode(data[: len(data) // 2])
    assert 0.5 * SAMPLE_RATE < len(samples) < 1.6 * SAMPLE_RATE
    assert await refusal(data[:60]) is Unusable.DAMAGED


async def test_noise_in_the_middle_of_a_note_costs_only_the_middle(make):
    data = bytearray(make("hurt.mp3", *CONTAINERS["music.mp3"]))
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    assert len(await decode(bytes(data))) > 1.5 * SAMPLE_RATE


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{path}</BaseURL></MPD>',
    ],
)
async def test_playlist_never_opens_the_file_that_it_names(make, tmp_path, playlist):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(make("secret.wav", *TONE))
    text = playlist.format(path=secret).encode()
    assert await refusal(text) is Unusable.NOT_AUDIO
    # Nor behind what looks like a file of sound.
    assert await refusal(b"ID3\x04\x00\x00\x00\x00\x00\x00" + text) is Unusable.DAMAGED
    assert await refusal(b"RIFF\xff\xff\x00\x00WAVE" + text) is Unusable.DAMAGED


async def test_longer_than_allowed_is_refused_and_just_long_enough_is_not(make):
    data = make("long.oga", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "60", *VOICE)
    assert await refusal(data, AudioLimits(duration=30)) is Unusable.TOO_LONG
    assert len(await decode(data, AudioLimits(duration=60.5))) > 59 * SAMPLE_RATE


async def test_note_over_the_hour_is_refused(make):
    data = make("hours.oga", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3700", "-c:a", "flac")
    assert await refusal(data) is Unusable.TOO_LONG


async def test_decoder_that_takes_too_long_is_ended(make):
    data = make("slow.flac", "-f", "lavfi", "-i", "sine=duration=600", "-c:a", "flac")
    assert await refusal(data, AudioLimits(wall_time=0.01)) is Unusable.TOO_SLOW
    assert not children()


@pytest.mark.slow
async def test_decoder_that_takes_too_much_of_the_processor_is_ended(make):
    data = make("heavy.flac", "-f", "lavfi", "-i", "sine=duration=3500:sample_rate=48000", "-c:a", "flac")
    assert await refusal(data, AudioLimits(cpu_time=1)) is Unusable.TOO_SLOW


async def test_decoder_that_wants_too_much_memory_is_refused_it(make):
    data = make("fat.oga", *CONTAINERS["voice.oga"])
    assert await refusal(data, AudioLimits(memory=2**26)) is Unusable.DAMAGED


async def test_cancelling_ends_the_decoder(make):
    data = make("cancelled.flac", "-f", "lavfi", "-i", "sine=duration=600", "-c:a", "flac")
    task = asyncio.create_task(decode(data))
    while not children():  # noqa: ASYNC110 - nothing tells of a child's start
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()


async def test_loop_stays_free_and_decoders_run_side_by_side(make):
    data = make("big.wav", "-f", "lavfi", "-i", "sine=duration=600", "-c:a", "pcm_s16le")
    assert len(data) > 2**24
    longest_pause = 0.0
    decoding = asyncio.gather(*(decode(data) for _ in range(3)))
    while not decoding.done():
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        longest_pause = max(longest_pause, time.perf_counter() - before)
    assert [round(len(samples) / SAMPLE_RATE) for samples in await decoding] == [600] * 3
    assert longest_pause < 1.5


async def test_no_descriptor_is_left_open(make):
    data = make("again.oga", *CONTAINERS["voice.oga"])
    await decode(data)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        await decode(data)
        await refusal(b"OggS")
    assert len(os.listdir("/proc/self/fd")) == before


def children() -> list[str]:
    """Decoders that this process started and that live; other tests may have left a server running."""
    me = str(os.getpid())
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if parent == me and state != "Z" and b"f32le" in command:
            found.append(stat.parent.name)
    return found
