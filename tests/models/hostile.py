"""Files from people who mean harm, made anew for each run: nothing of this lies on a disk or is fetched.

`corpus` gives them by name, each with what must become of it: the reasons it may be refused for, or the most
seconds of sound that it may give, or both where it depends on how ffmpeg reads it.
"""

from __future__ import annotations

import functools
import io
import itertools
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from models.verdict import Unusable

__all__ = ["DAMAGE", "LONGEST", "Attack", "Bases", "corpus", "edited", "naming"]

MB = 2**20
LONGEST = 60
"""Seconds of the longest note that the tests allow; an hour would only take longer."""
REFUSED = frozenset({Unusable.NOT_AUDIO, Unusable.DAMAGED, Unusable.EMPTY, Unusable.NO_SOUND_TRACK})
NOT_AUDIO = frozenset({Unusable.NOT_AUDIO})
BROKEN = REFUSED - NOT_AUDIO
TOO_MUCH = frozenset({Unusable.TOO_LONG, Unusable.TOO_SLOW})


@dataclass(frozen=True)
class Bases:
    """Real notes of two seconds, to be spoilt."""

    ogg: bytes
    m4a: bytes
    mkv: bytes
    mp3: bytes
    wav: bytes
    avi: bytes


@dataclass(frozen=True)
class Attack:
    make: Callable[[], bytes]
    reasons: frozenset[Unusable] = frozenset()
    """Why it may be refused; empty: it must be heard."""
    seconds: float | None = None
    """The most seconds of sound that it may give; None: it must be refused."""


def corpus(bases: Bases, path: str, url: str) -> dict[str, Attack]:
    """All of them. `path` and `url` are what those that name something name."""
    named = {f"names {kind}": Attack(make, REFUSED, 3) for kind, make in naming(bases, path, url).items()}
    return {**_bombs(), **named, **_containers(bases), **_headers(bases), **_no_sound(), **_noise(bases)}


def _bombs() -> dict[str, Attack]:
    """Small files that would be hours, or gigabytes."""
    return {
        "FLAC of 12 hours in 80 KB": Attack(lambda: _flac(5400), TOO_MUCH),
        "Opus of 3 hours in 290 KB": Attack(lambda: _opus([b"\x1b\x02"] * 90_000), TOO_MUCH),
        "MP3 of 2 hours of nothing": Attack(lambda: _MP3_FRAME * 100_000, TOO_MUCH),
        "WAV at 1 Hz": Attack(lambda: _wav(rate=1, data=bytes(2 * MB)), TOO_MUCH | BROKEN, 30),
        "MP4 whose index unpacks to 60 MB": Attack(lambda: _packed_index(60 * MB, 60 * MB), BROKEN),
        "MP4 whose index says it unpacks to 4 GB": Attack(lambda: _packed_index(MB, 2**32 - 1), BROKEN),
    }


def naming(bases: Bases, path: str, url: str) -> dict[str, Callable[[], bytes]]:
    """Files that name a file or an address for the decoder to open."""
    texts = {
        "HLS, a file": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n",
        "HLS, an address": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
        "HLS, a key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:9,\n{path}\n',
        "concat, a file": f"ffconcat version 1.0\nfile '{path}'\n",
        "concat, an address": f"ffconcat version 1.0\nfile '{url}'\n",
        "DASH": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
            f'<AdaptationSet mimeType="audio/mp4"><Representation id="1"><BaseURL>{url}</BaseURL>'
            f"<BaseURL>{path}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        ),
        "SDP": (
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
            f"m=audio {url.rpartition(':')[2]} RTP/AVP 0\n"
        ),
        "PLS": f"[playlist]\nFile1={url}\nFile2={path}\nNumberOfEntries=2\nVersion=2\n",
        "ASX": f'<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
        "XSPF": f"<playlist><trackList><track><location>{url}</location></track></trackList></playlist>",
        "a cue sheet": f'FILE "{path}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
        "an RTSP redirect": f"RTSPtext\r\n{url}\r\n",
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>',
    }
    playlist = texts["HLS, a file"].encode() + texts["HLS, an address"].encode()
    files: dict[str, Callable[[], bytes]] = {kind: text.encode for kind, text in texts.items()}
    return files | {
        "HLS after an Ogg's first bytes": lambda: b"OggS" + playlist,
        "HLS after an ID3 tag": lambda: _id3(b"") + playlist,
        "HLS inside a RIFF": lambda: b"RIFF" + struct.pack("<I", len(playlist) + 4) + b"WAVE" + playlist,
        "HLS after an MP4's first box": lambda: _box(b"ftyp", b"isom") + playlist,
        "an MP4 whose sound is elsewhere, a file": lambda: _elsewhere(bases.m4a, f"file://{path}"),
        "an MP4 whose sound is elsewhere, an address": lambda: _elsewhere(bases.m4a, url),
        "an MP4 whose sound is elsewhere, an alias": lambda: _elsewhere(bases.m4a, path, alias=True),
        "a Matroska with subtitles that are a playlist": lambda: _attached(bases.mkv, playlist),
    }


def _containers(bases: Bases) -> dict[str, Attack]:
    """Containers whose structure lies."""
    return {
        "MP4 with 3,000 tracks": Attack(lambda: _many_tracks(bases.m4a, 3000), BROKEN, 3),
        "MP4 with boxes 20,000 deep": Attack(lambda: _deep(20_000), BROKEN),
        "MP4 with a box of no size": Attack(
            lambda: bases.m4a.replace(b"\0\0\0\x08free", bytes(4) + b"free"), BROKEN, 3
        ),
        "MP4 with 4 billion samples": Attack(lambda: _patched(bases.m4a, b"stsz", 8, b"\xff" * 4), BROKEN, 3),
        "MP4 with an empty timescale": Attack(lambda: _patched(bases.m4a, b"mdhd", 12, bytes(4)), BROKEN, 3),
        "MP4 of 68 years": Attack(lambda: _patched(bases.m4a, b"mdhd", 16, b"\x7f\xff\xff\xff"), BROKEN, 3),
        "MP4 with samples beyond its end": Attack(
            lambda: _patched(bases.m4a, b"stco", 8, b"\x7f\xff\xff\xff"), BROKEN, 3
        ),
        "Matroska with a 200 MB attachment that is not there": Attack(
            lambda: _attached(bases.mkv, b"", 200 * MB), BROKEN, 3
        ),
        "Matroska with a 5 MB attachment": Attack(lambda: _attached(bases.mkv, bytes(5 * MB)), BROKEN, 3),
        "Matroska of the greatest size": Attack(
            lambda: bases.mkv[:4] + _ebml(2**56 - 2) + bases.mkv[5:], BROKEN, 3
        ),
        "Matroska of elements within elements": Attack(
            lambda: bases.mkv[:40] + _UNKNOWN_SEGMENT + (b"\xa0\x01" + b"\xff" * 7) * 50_000, BROKEN, 3
        ),
        "Ogg with 3,000 streams": Attack(
            lambda: b"".join(_page([_OPUS_HEAD], 0, 0, serial=serial) for serial in range(3000)), BROKEN
        ),
        "Ogg of pages without packets": Attack(
            lambda: bases.ogg[:200] + _page([], 1, 0) * 100_000, BROKEN, 3
        ),
        "Ogg that ends at the end of time": Attack(lambda: _opus(_SILENCE, granule=2**63 - 1), BROKEN, 3),
        "Ogg cut in the middle of a page": Attack(lambda: bases.ogg[: len(bases.ogg) // 2 + 7], seconds=2),
        "Ogg cut in its first page": Attack(lambda: bases.ogg[:40], BROKEN),
        "Ogg with its pages in disorder": Attack(lambda: _shuffled(bases.ogg), BROKEN, 3),
        "Ogg with a wrong sum in every page": Attack(lambda: _wrong_sums(bases.ogg), BROKEN, 3),
        "AVI with subtitles that are a playlist": Attack(
            lambda: bases.avi.replace(b"movi", b"movi02tx\x28\0\0\0" + b"GAB2\0\2\0".ljust(40, b"#")),
            BROKEN,
            3,
        ),
        "AVI with an index to nowhere": Attack(
            lambda: bases.avi.replace(b"idx1", b"idx1" + b"\xff" * 64), BROKEN, 3
        ),
        "WMA with an object of 16 exabytes": Attack(
            lambda: _ASF + b"\xff" * 8 + bytes(range(256)) * 20, BROKEN
        ),
        "MPEG of start codes alone": Attack(lambda: b"\0\0\x01\xba" * 200_000, BROKEN),
    }


def _headers(bases: Bases) -> dict[str, Attack]:
    """Sound that says absurd things about itself."""
    rates = {f"WAV at {rate:,} Hz": {"rate": rate} for rate in (0, 3, 2**31, 2**32 - 1)}
    channels = {f"WAV with {count} channels": {"channels": count} for count in (0, 255, 65535)}
    bits = {f"WAV of {width} bits": {"bits": width} for width in (0, 1, 64, 65535)}
    lies = {
        "WAV that says 4 GB": {"says": 2**32 - 1},
        "WAV that says nothing is in it": {"says": 0},
        "WAV with blocks of no size": {"block": 0},
        "WAV of a codec nobody knows": {"codec": 0x7777},
        "WAV with a video inside": {"codec": 0x3334},
    }
    spoilt: dict[str, dict[str, int]] = rates | channels | bits | lies
    wavs = {
        name: Attack(functools.partial(_wav, **how), BROKEN | TOO_MUCH, LONGEST)
        for name, how in spoilt.items()
    }
    return wavs | {
        "Opus with 255 channels": Attack(
            lambda: _opus(_SILENCE, head=_opus_head(255, 255, 255, 0)), BROKEN, 3
        ),
        "Opus with channels from nowhere": Attack(
            lambda: _opus(_SILENCE, head=_opus_head(2, 1, 1, 0, b"\x40\x50")), BROKEN, 3
        ),
        "Opus of no streams": Attack(lambda: _opus(_SILENCE, head=_opus_head(2, 1, 0, 0)), BROKEN, 3),
        "Opus of no channels": Attack(lambda: _opus(_SILENCE, head=_opus_head(0, 0)), BROKEN, 3),
        "Opus that skips all of itself": Attack(
            lambda: _opus(_SILENCE, head=_OPUS_HEAD[:10] + b"\xff\xff" + _OPUS_HEAD[12:]), BROKEN, 3
        ),
        "Opus with 4 billion comments": Attack(
            lambda: _opus(_SILENCE, tags=b"OpusTags" + b"\xff" * 8), BROKEN, 3
        ),
        "Opus with 200 KB of comments": Attack(lambda: _opus(_SILENCE, tags=_comments(200_000)), BROKEN, 3),
        "Opus of packets of noise": Attack(
            lambda: _opus([random.Random(n).randbytes(300) for n in range(200)]), BROKEN, 30
        ),
        "FLAC at 0 Hz": Attack(lambda: _flac(20, rate=0), BROKEN | TOO_MUCH, LONGEST),
        "FLAC with a 16 MB picture that is not there": Attack(
            lambda: b"fLaC\x86\xff\xff\xff" + bytes(5000), BROKEN
        ),
        "MP3 after a 5 MB picture": Attack(
            lambda: _id3(b"APIC" + struct.pack(">IH", 5 * MB, 0) + bytes(5 * MB)) + bases.mp3, BROKEN, 3
        ),
        "MP3 after a tag of 256 MB that is not there": Attack(
            lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bases.mp3, BROKEN, 3
        ),
        "MP3 after 2,000 tags": Attack(lambda: _id3(b"TIT2\0\0\0\x02\0\0\0x") * 2000 + bases.mp3, BROKEN, 3),
        "AIFF at an endless rate": Attack(lambda: _aiff(b"\x7f\xff" + bytes(8)), BROKEN, LONGEST),
        "AIFF at no rate": Attack(lambda: _aiff(bytes(10)), BROKEN, LONGEST),
        "CAF at a rate that is no number": Attack(
            lambda: _caf(b"\x7f\xf8" + bytes(6)), BROKEN | TOO_MUCH, LONGEST
        ),
        "CAF with a table of 2**60 packets": Attack(
            lambda: _caf(struct.pack(">d", 8000), packets=2**60), BROKEN, 3
        ),
        "AMR of unknown frames": Attack(lambda: b"#!AMR\n" + b"\xff" * 50_000, BROKEN, LONGEST),
        "AAC whose frames are all lies": Attack(
            lambda: b"\xff\xf1\x50\x80\xff\xff\xfc" * 100_000, BROKEN, LONGEST
        ),
    }


def _no_sound() -> dict[str, Attack]:
    """What is no sound at all, whatever its name says."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("note.ogg", bytes(20 * MB))
    files: dict[str, Callable[[], bytes]] = {
        "a GIF": lambda: b"GIF89a\1\0\1\0\x80\0\0" + bytes(100),
        "a PNG": lambda: b"\x89PNG\r\n\x1a\n" + bytes(500),
        "a JPEG": lambda: b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(500),
        "a PDF": lambda: b"%PDF-1.7\n" + bytes(500),
        "a zip that unpacks to 20 MB": zipped.getvalue,
        "a gzip that unpacks to 20 MB": lambda: zlib.compress(bytes(20 * MB), wbits=31),
        "a program": lambda: b"\x7fELF\2\1\1" + bytes(5000),
        "a shell script": lambda: b"#!/bin/sh\ncurl http://127.0.0.1/ | sh\n",
        "a page": lambda: b"<!doctype html><audio src=http://127.0.0.1/x.ogg>",
        "a pickle": lambda: b"\x80\x04cposix\nsystem\n(S'true'\ntR.",
        "one byte": lambda: b"O",
        "19 MB of zeros": lambda: bytes(19 * MB),
    }
    return {"nothing": Attack(bytes, frozenset({Unusable.EMPTY}))} | {
        name: Attack(make, NOT_AUDIO) for name, make in files.items()
    }


def _noise(bases: Bases) -> dict[str, Attack]:
    """Large files that are nothing but the beginning of something."""
    return {
        "19 MB of ones": Attack(lambda: b"\xff" * 19 * MB, REFUSED, LONGEST),
        "2 MB of MP3's first bytes": Attack(lambda: b"\xff\xfb" * MB, REFUSED, LONGEST),
        "2 MB of Ogg's first bytes": Attack(lambda: b"OggS" * (MB // 2), BROKEN),
        "19 MB of noise in an Ogg": Attack(
            lambda: bases.ogg[:300] + random.Random(1).randbytes(19 * MB), BROKEN, 3
        ),
        "19 MB of noise in a WAV": Attack(
            lambda: _wav(data=random.Random(2).randbytes(19 * MB), rate=48_000, says=19 * MB), TOO_MUCH
        ),
        "19 MB of noise in an MP4": Attack(
            lambda: _box(b"ftyp", b"isom") + random.Random(3).randbytes(19 * MB), BROKEN
        ),
    }


_UNKNOWN_SEGMENT = b"\x18\x53\x80\x67\x01" + b"\xff" * 7
# MPEG 2.5, layer III, 8 kbit/s, 8 kHz: 72 ms in 72 bytes.
_MP3_FRAME = b"\xff\xe3\x18\xc4" + bytes(68)
_SILENCE = [b"\xf8\xff\xfe"] * 50
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The same after some damage: what, where (0..1 of the length), and a number to do it with (0..255)."""
    for what, where, number in edits:
        at = int(where * len(data))
        data = what(data, at, number)
    return data


Edit = tuple[Callable[[bytes, int, int], bytes], float, int]

DAMAGE: list[Callable[[bytes, int, int], bytes]] = [
    lambda data, at, number: data[:at] + bytes([number]) + data[at + 1 :],
    lambda data, at, number: data[:at] + struct.pack(">I", _EXTREMES[number % 8]) + data[at + 4 :],
    lambda data, at, number: data[:at] + struct.pack("<Q", _EXTREMES[number % 8]) + data[at + 8 :],
    lambda data, at, number: data[:at] + data[at + number :],
    lambda data, at, number: data[: at + number] + data[at:],
    lambda data, at, number: data[:at] + bytes(number) + data[at:],
    lambda data, at, number: data[:at] if number > 240 else data,
]
"""A byte, a length, a time; something lost, twice, or put in; the end."""
_EXTREMES = (0, 1, 2**7, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)


def _wav(
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    block: int | None = None,
    codec: int = 1,
    says: int | None = None,
    data: bytes = bytes(range(256)) * 200,
) -> bytes:
    size = len(data) if says is None else says
    block = channels * bits // 8 if block is None else block
    head = struct.pack("<HHIIHH", codec, channels, rate, rate * block % 2**32, block % 2**16, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(len(body), 2**32 - 1)) + body


def _aiff(rate: bytes) -> bytes:
    comm = b"COMM" + struct.pack(">IHIH", 18, 1, 2000, 16) + rate
    body = b"AIFF" + comm + b"SSND" + struct.pack(">III", 4008, 0, 0) + bytes(range(250)) * 16
    return b"FORM" + struct.pack(">I", len(body)) + body


def _caf(rate: bytes, packets: int | None = None) -> bytes:
    desc = b"desc" + struct.pack(">Q", 32) + rate + b"lpcm" + struct.pack(">5I", 0, 2, 1, 1, 16)
    table = b"" if packets is None else b"pakt" + struct.pack(">QQQII", 24, packets, packets, 0, 0)
    return b"caff\0\1\0\0" + desc + table + b"data" + struct.pack(">QI", 4004, 0) + bytes(range(250)) * 16


def _id3(frames: bytes) -> bytes:
    size = len(frames)
    return b"ID3\x04\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames


def _flac(frames: int, rate: int = 8000) -> bytes:
    """Silence in frames of 65,535 equal samples, 20 bytes each."""
    about = (
        struct.pack(">HH", 65535, 65535) + bytes(6) + (rate << 44 | 15 << 36).to_bytes(8, "big") + bytes(16)
    )
    coded = []
    for number in range(frames):
        # One block size for all, 16 bits after the frame's number; mono; 16 bits a sample.
        head = b"\xff\xf8\x70\x08" + chr(number).encode("utf-8", "surrogatepass") + b"\xff\xfe"
        frame = head + bytes([_crc(head, 8, 0x07)]) + bytes(3)
        coded.append(frame + _crc(frame, 16, 0x8005).to_bytes(2, "big"))
    return b"fLaC\x80\0\0\x22" + about + b"".join(coded)


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    crc = 0
    for byte in data:
        crc = crc << 8 & (1 << bits) - 1 ^ _crc_table(bits, polynomial)[crc >> bits - 8 ^ byte]
    return crc


@functools.cache
def _crc_table(bits: int, polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 & 1 else 0)
            crc &= (1 << bits) - 1
        table.append(crc)
    return table


# Ogg and Opus


def _opus_head(
    channels: int, family: int, streams: int | None = None, coupled: int = 0, order: bytes = b""
) -> bytes:
    head = b"OpusHead\1" + struct.pack("<BHIHB", channels, 312, 48_000, 0, family)
    return head if streams is None else head + bytes([streams, coupled]) + (order or bytes(range(channels)))


_OPUS_HEAD = _opus_head(1, 0)


def _comments(size: int) -> bytes:
    return b"OpusTags" + struct.pack("<III", 0, 1, size) + b"T=" + b"x" * (size - 2)


def _opus(
    packets: list[bytes], *, head: bytes = _OPUS_HEAD, tags: bytes = b"", granule: int | None = None
) -> bytes:
    pages = [_page([head], 0, 0)]
    pages += _pages_of(tags or _comments(2), 1)
    for number, some in enumerate(_batched(packets)):
        at = (number + 1) * 120 * 5760 if granule is None else granule
        pages.append(_page(list(some), len(pages), at))
    return b"".join(pages)


def _batched(packets: list[bytes]) -> Iterator[list[bytes]]:
    return (packets[start : start + 120] for start in range(0, len(packets), 120))


def _page(packets: list[bytes], number: int, granule: int, *, serial: int = 0) -> bytes:
    """One page; `packets` of less than 255 · 255 bytes together."""
    lacing = b"".join(b"\xff" * (len(one) // 255) + bytes([len(one) % 255]) for one in packets)
    return _raw_page(lacing, b"".join(packets), 0 if number else 2, granule, serial, number)


def _raw_page(lacing: bytes, body: bytes, flags: int, granule: int, serial: int, number: int) -> bytes:
    head = (
        struct.pack("<4sBBQIII", b"OggS", 0, flags, granule, serial, number, 0)
        + bytes([len(lacing)])
        + lacing
    )
    return head[:22] + struct.pack("<I", _crc(head + body, 32, 0x04C11DB7)) + head[26:] + body


def _pages_of(packet: bytes, number: int) -> list[bytes]:
    """A packet that may need many pages."""
    lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
    starts = range(0, len(lacing), 255)
    return [
        _raw_page(
            lacing[start : start + 255],
            packet[start * 255 : (start + 255) * 255],
            bool(start),
            0,
            0,
            number + i,
        )
        for i, start in enumerate(starts)
    ]


def _ogg_pages(data: bytes) -> list[bytes]:
    """The pages of a well-made Ogg."""
    starts = [start for start in range(len(data)) if data.startswith(b"OggS\0", start)]
    return [data[start:end] for start, end in itertools.pairwise([*starts, len(data)])]


def _shuffled(ogg: bytes) -> bytes:
    head, *pages = _ogg_pages(ogg)
    random.Random(4).shuffle(pages)
    return b"".join([head, *pages])


def _wrong_sums(ogg: bytes) -> bytes:
    return b"".join(page[:22] + b"\0\0\0\1" + page[26:] for page in _ogg_pages(ogg))


# MP4 and Matroska

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl")


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4, or of one that holds others: kind and body."""
    start = 0
    while start < len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, data[start + 8 : start + size]
        start += size


def _rewritten(data: bytes, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """Every box as `change` gives it, from the inside out, with the sizes right again."""
    return b"".join(
        change(kind, _rewritten(body, change) if kind in _PARENTS else body) for kind, body in _boxes(data)
    )


def _patched(mp4: bytes, kind: bytes, at: int, value: bytes) -> bytes:
    return _rewritten(
        mp4,
        lambda this, body: _box(this, body[:at] + value + body[at + len(value) :] if this == kind else body),
    )


def _elsewhere(mp4: bytes, location: str, *, alias: bool = False) -> bytes:
    """The same MP4, its samples said to lie in another file."""
    if alias:
        # As classic Mac OS writes it: an alias record with the path in its tail.
        tail = (
            struct.pack(">hH", 18, len(location))
            + location.encode()
            + bytes(len(location) % 2)
            + b"\xff\xff\0\0"
        )
        reference = _box(b"alis", bytes(4) + bytes(150) + tail)
    else:
        reference = _box(b"url ", bytes(4) + location.encode() + b"\0")
    drefs = bytes(4) + struct.pack(">I", 1) + reference
    return _rewritten(mp4, lambda kind, body: _box(kind, drefs if kind == b"dref" else body))


def _many_tracks(mp4: bytes, count: int) -> bytes:
    return _rewritten(mp4, lambda kind, body: _box(kind, body) * (count if kind == b"trak" else 1))


def _deep(levels: int) -> bytes:
    data = b""
    for _ in range(levels):
        data = _box(b"moov", data)
    return _box(b"ftyp", b"isom") + data


def _packed_index(size: int, says: int) -> bytes:
    packed = zlib.compress(bytes(size))
    cmov = _box(b"dcom", b"zlib") + _box(b"cmvd", struct.pack(">I", says) + packed)
    return _box(b"ftyp", b"qt  ") + _box(b"moov", _box(b"cmov", cmov))


def _attached(mkv: bytes, data: bytes, says: int | None = None) -> bytes:
    """The same Matroska with an attached file at its end; its segment is of unknown size then."""
    size = len(data) if says is None else says
    content = b"\x46\x6e\x85x.srt" + b"\x46\x60\x8atext/plain" + b"\x46\x5c" + _ebml(size) + data
    file = b"\x61\xa7" + _ebml(len(content) + size - len(data)) + content
    segment = mkv.index(_UNKNOWN_SEGMENT[:4])
    unknown = mkv[:segment] + _UNKNOWN_SEGMENT + mkv[segment + 12 :]
    return unknown + b"\x19\x41\xa4\x69" + _ebml(len(file) + size - len(data)) + file


def _ebml(size: int) -> bytes:
    return (size | 1 << 56).to_bytes(8, "big")
