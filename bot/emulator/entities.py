"""Text as Telegram reads it: HTML to plain text with entities, offsets and lengths in UTF-16 units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Entity = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-time": "date_time",
}
_TAG = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*)\s*>"
)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
_ESCAPE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d+)|#[xX]([0-9a-fA-F]+));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]])"
    r"|(?<![\w/])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?<![\w.@])(?P<mention>@[A-Za-z0-9_]{4,32})\b"
    r"|(?<!\w)(?P<hashtag>#\w*[^\W\d]\w*)"
)


class ParseError(Exception):
    """The text after "can't parse entities: " in the server's answer."""


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, entity: Entity) -> str:
    """The part of `text` that the entity covers."""
    start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
    return text.encode("utf-16-le")[start:end].decode("utf-16-le")


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return the plain text and its entities. Raises `ParseError` where the real server answers 400."""
    text, position = "", 0
    entities: list[Entity] = []
    open_tags: list[tuple[str, Entity, int]] = []
    while (start := source.find("<", position)) >= 0:
        text += _unescape(source[position:start])
        tag = _TAG.match(source, start)
        at = len(source[:start].encode())
        if not tag:
            raise ParseError(f"Unclosed start tag at byte offset {at}")
        name, position = tag[2].lower(), tag.end()
        if tag[1]:
            entities += _close(open_tags, name, text, at)
        else:
            open_tags.append((name, _opened(name, tag[3], at), units(text)))
    if open_tags:
        raise ParseError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    text += _unescape(source[position:])
    return text, _sorted(_merge_pre(entities))


def finish(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Trim the text as the server does and add the entities that it finds itself (commands, links, …)."""
    trimmed = text.rstrip()
    lead = units(trimmed) - units(trimmed.lstrip())
    trimmed = trimmed.lstrip()
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, units(trimmed))
        if end > start:
            kept.append(entity | {"offset": start, "length": end - start})
    taken = [
        (e["offset"], e["offset"] + e["length"]) for e in kept if e["type"] in ("code", "pre", "text_link")
    ]
    found = [
        entity
        for entity in _find(trimmed)
        if not any(
            start < entity["offset"] + entity["length"] and entity["offset"] < end for start, end in taken
        )
    ]
    return trimmed, _sorted(kept + found)


def _find(text: str) -> Iterator[Entity]:
    for match in _FOUND.finditer(text):
        kind = match.lastgroup
        yield {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}


def _opened(name: str, attributes: str, at: int) -> Entity:
    if name not in _TAGS:
        raise ParseError(f'Unsupported start tag "{name}" at byte offset {at}')
    values = {m[1].lower(): _unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(attributes)}
    if name == "span" and values.get("class") != "tg-spoiler":
        raise ParseError(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    if name == "a":
        return {"type": "text_link", "url": values.get("href", "")}
    if name == "tg-emoji":
        return {"type": "custom_emoji", "custom_emoji_id": values.get("emoji-id", "")}
    if name == "tg-time":
        if not values.get("unix", "").isdigit():
            raise ParseError(f'Tag "tg-time" must have a valid attribute "unix" at byte offset {at}')
        return {
            "type": "date_time",
            "unix_time": int(values["unix"]),
            "date_time_format": values.get("format", ""),
        }
    if name == "blockquote" and "expandable" in values:
        return {"type": "expandable_blockquote"}
    if name == "code" and values.get("class", "").startswith("language-"):
        return {"type": "code", "language": values["class"].removeprefix("language-")}
    return {"type": _TAGS[name]}


def _close(open_tags: list[tuple[str, Entity, int]], name: str, text: str, at: int) -> list[Entity]:
    if not open_tags:
        raise ParseError(f"Unexpected end tag at byte offset {at}")
    expected, entity, offset = open_tags.pop()
    if name != expected:
        raise ParseError(
            f'Unmatched end tag at byte offset {at}, expected "</{expected}>", found "</{name}>"'
        )
    entity = entity | {"offset": offset, "length": units(text) - offset}
    if not entity["length"]:
        return []
    if entity["type"] == "text_link" and not _is_link(entity, text):
        return []
    return [entity]


def _is_link(entity: Entity, text: str) -> bool:
    entity["url"] = entity["url"] or cut(text, entity)
    return bool(re.match(r"(https?|tg|ton)://|[\w-]+\.\w", entity["url"]))


def _merge_pre(entities: list[Entity]) -> list[Entity]:
    """`<pre><code class="language-x">` is one entity; nothing lives inside code, and quotes don't nest."""
    spans = {(e["offset"], e["length"]): e for e in entities if e["type"] == "code"}
    solid = [e for e in entities if e["type"] in ("pre", "code")]
    result = []
    for entity in entities:
        key = (entity["offset"], entity["length"])
        if entity["type"] == "pre" and "language" in (inner := spans.get(key, {})):
            entity = entity | {"language": inner["language"]}
        if not any(other is not entity and _inside(entity, other) for other in solid):
            result.append(entity)
    for entity in result:
        if entity["type"] == "code":
            entity.pop("language", None)
    quotes = [e for e in result if e["type"].endswith("blockquote")]
    return [e for e in result if e not in quotes or not any(o is not e and _inside(e, o) for o in quotes)]


def _inside(entity: Entity, other: Entity) -> bool:
    """Strictly within `other`, or the same span while `other` is the stronger `pre`."""
    span = entity["offset"], entity["offset"] + entity["length"]
    other_span = other["offset"], other["offset"] + other["length"]
    if span == other_span:
        return bool(other["type"] == "pre" != entity["type"])
    return bool(other_span[0] <= span[0] and span[1] <= other_span[1])


def _sorted(entities: list[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: (e["offset"], -e["length"]))


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1]:
            return _NAMED[match[1]]
        return chr(int(match[2]) if match[2] else int(match[3], 16))

    return _ESCAPE.sub(one, text)
