"""Answers to presses, inline queries and guest mentions; the business connection behind a message."""

from __future__ import annotations

import re
from typing import Any

from bot.emulator import wire
from bot.emulator.api import Request, bad, checked_markup, formatted, method
from bot.emulator.world import Query

Json = dict[str, Any]
MAX_CALLBACK_TEXT = 200
MAX_INLINE_RESULTS = 50
_START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


@method
async def answer_callback_query(request: Request) -> bool:
    query = _open_query(request, request.callback_query_id)
    if len(request.text or "") > MAX_CALLBACK_TEXT:
        raise bad("MESSAGE_TOO_LONG")
    _answer(request, query)
    return True


@method
async def answer_inline_query(request: Request) -> bool:
    query = _open_query(request, request.inline_query_id)
    results = request.results or []
    if len(results) > MAX_INLINE_RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    for result in results:
        _text_of(result)
        checked_markup(result.get("reply_markup"), None)
    button = request.button
    if button and not _START_PARAMETER.fullmatch(button.get("start_parameter", "")):
        raise bad("START_PARAM_INVALID")
    _answer(request, query)
    return True


@method
async def answer_guest_query(request: Request) -> Json:
    """Post the answer into a chat that the bot is not in; it can be edited later by its inline id."""
    world = request.world
    query = _open_query(request, request.guest_query_id)
    if query.message is None:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    chat = query.message.chat
    text, entities = _text_of(request.result or {})
    inline_id = f"inline_{query.id}"
    world.inline_messages[inline_id] = world.post(
        chat,
        world.bot,
        {"text": text, "guest_bot_caller_user": wire.user(query.user)}
        | wire.given(entities=entities or None),
        reply_to=query.message,
        markup=checked_markup(request.result.get("reply_markup"), None),
        sent_by_bot=True,
        inline_id=inline_id,
    )
    _answer(request, query)
    return {"inline_message_id": inline_id}


@method
async def get_business_connection(request: Request) -> Json:
    connection = request.world.connections.get(request.business_connection_id)
    if not connection:
        raise bad("business connection not found")
    return wire.connection(connection)


def _open_query(request: Request, query_id: str) -> Query:
    query = request.world.queries.get(query_id)
    if not query or query.answer is not None:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    return query


def _answer(request: Request, query: Query) -> None:
    query.answer = request.params
    request.world.changed.notify()


def _text_of(result: Json) -> tuple[str, list[Json]]:
    if not result.get("id") or len(str(result["id"]).encode()) > 64:
        raise bad("RESULT_ID_INVALID")
    if result.get("type") == "article" and not result.get("title"):
        raise bad("ARTICLE_TITLE_EMPTY")
    content = result.get("input_message_content") or {}
    text, entities = formatted(
        content.get("message_text"), content.get("entities"), content.get("parse_mode")
    )
    if not text:
        raise bad("message text is empty")
    return text, entities
