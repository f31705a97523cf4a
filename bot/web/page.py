"""The page in one language, and what it and programs may ask. Gradio carries questions and answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import gradio
import structlog

from bot.analyze import record
from bot.settings import Settings
from bot.web.drawing import Drawing
from bot.web.listening import Guests, Stage, listen
from bot.web.uploads import Uploads
from models.analyzer import Analyzer, forget_frames
from models.verdict import Seconds, UnusableNote, Verdict

__all__ = ["Desk", "page"]

log = structlog.get_logger(__name__)

_Component = TypeVar("_Component", bound=gradio.components.Component)

ASSETS = Path(__file__).parent / "assets"
PICTURES = Path(__file__).parents[2] / "docs" / "images"
"""In a checkout; what is installed has the tables alone."""
MODEL_CARD = Path(__file__).parents[2] / "models" / "weights" / "README.md"
LONGEST_SENTENCE = 600
"""Letters. The model reads 128 tokens."""
AT_ONCE = 32
"""Notes that may be in the analyzer's hands: each holds its file in memory."""
UNREAD: Seconds = 60.0
"""How long an answer waits in memory for whoever asked and did not come for it."""


class Refusal(Exception):
    """A note that is not heard though nothing is known to be wrong with it; `key`: the sentence of why."""

    def __init__(self, key: str, **values: int) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Desk:
    """Where notes are handed in, by whichever page or program: one for the whole server."""

    def __init__(self, analyzer: Analyzer, settings: Settings) -> None:
        self.settings = settings
        self.uploads = Uploads(settings.max_file_mb * 2**20)
        self.analyzer = analyzer
        self._guests = Guests(settings.limits.notes_per_user_hour)
        self._at_work = 0

    async def hear(self, upload: str | None, client: str) -> AsyncGenerator[Stage | Verdict, None]:
        """The stages of the note, then its verdict.

        Raises:
            Refusal, UnusableNote: there will be none.
        """
        try:
            async with aclosing(self._hear(upload, client)) as stages:
                async for stage in stages:
                    yield stage
        except BaseException as error:
            # Gradio keeps how the last note was given up until the next one comes, and the sound is in there.
            forget_frames(error)
            raise

    async def _hear(self, upload: str | None, client: str) -> AsyncGenerator[Stage | Verdict, None]:
        data = self.uploads.take(upload or "")
        if data is None:
            raise Refusal("web-no-upload")
        if self._at_work >= AT_ONCE:
            raise Refusal("web-busy")
        minutes = self._guests.refusal(client)
        if minutes is not None:
            raise Refusal("limit-user_notes", most=self.settings.limits.notes_per_user_hour, minutes=minutes)
        self._at_work += 1
        try:
            async with aclosing(listen(self.analyzer, data)) as stages:
                async for stage in stages:
                    yield stage
        except UnusableNote:
            raise
        except Exception as error:
            # Its type alone: the message of a failure might quote what was said.
            log.error("note failed", error=type(error).__name__)
            raise Refusal("unusable-failed") from None
        finally:
            self._at_work -= 1


def page(desk: Desk, language: str) -> gradio.Blocks:
    """All tabs in one language, with the endpoints of the API behind them."""
    drawing = Drawing(language)
    blocks = gradio.Blocks(title=f"forewarn: {drawing.say('web-motto')}", analytics_enabled=False)
    with blocks:
        gradio.HTML(drawing.draw("header", language=language), js_on_load=None, apply_default_css=False)
        with gradio.Tabs():
            with gradio.Tab(str(drawing.say("web-tab-listen"))):
                _listen(desk, drawing, blocks)
            with gradio.Tab(str(drawing.say("web-tab-why"))) as why:
                _look_inside(desk, drawing, blocks, why)
            with gradio.Tab(str(drawing.say("web-tab-training"))):
                _training(drawing)
        _api(desk, blocks)
    # Nothing waits for a place in Gradio's queue: the analyzer knows better whose turn it is.
    blocks.queue(default_concurrency_limit=None)
    return blocks


def _listen(desk: Desk, drawing: Drawing, blocks: gradio.Blocks) -> None:
    recorder = _takes_names(
        gradio.HTML(
            html_template=drawing.note(desk.settings),
            js_on_load=_script("note"),
            apply_default_css=False,
        )
    )
    result = gradio.HTML("", js_on_load=_script("result"), apply_default_css=False)

    async def hear(upload: str | None, request: gradio.Request) -> AsyncGenerator[str, None]:
        try:
            async with aclosing(desk.hear(upload, _client(request))) as stages:
                async for stage in stages:
                    yield drawing.stage(stage) if isinstance(stage, Stage) else drawing.verdict(stage)
        except UnusableNote as error:
            yield drawing.sorry("business-unusable", reason=error.reason)
        except Refusal as refusal:
            yield drawing.sorry(refusal.key, **refusal.values)
        finally:
            _forget_unread(blocks, request)

    hearing = recorder.submit(
        hear,
        recorder,
        result,
        show_progress="hidden",
        trigger_mode="multiple",
        api_visibility="private",
    )
    # A press on "Stop", or the next note: what was in work is given up first, and then the page says so.
    gradio.on([recorder.stop, result.stop], None, cancels=hearing, api_visibility="private")
    for stop, shown in ((recorder.stop, ""), (result.stop, drawing.stopped())):
        stop(
            None,
            None,
            result,
            js=f"() => {json.dumps(shown)}",
            show_progress="hidden",
            api_visibility="private",
        )


def _look_inside(desk: Desk, drawing: Drawing, blocks: gradio.Blocks, tab: gradio.Tab) -> None:
    sentence = gradio.Textbox(
        str(drawing.say("web-why-example")),
        label=str(drawing.say("web-why-sentence")),
        elem_id="fw-sentence",
        max_length=LONGEST_SENTENCE,
    )
    with gradio.Row():
        layer, head = (
            gradio.Slider(1, 12, 12, step=1, label=str(drawing.say(f"web-why-{of}")), elem_id=f"fw-{of}")
            for of in ("layer", "head")
        )
    shown = gradio.HTML("", js_on_load=_script("why"), apply_default_css=False)

    async def look(text: str, layer: float, head: float, request: gradio.Request) -> str:
        try:
            insight = await desk.analyzer.look_inside(str(text)[:LONGEST_SENTENCE])
        except ValueError:
            return drawing.sorry("web-why-no-words")
        finally:
            _forget_unread(blocks, request)
        return drawing.insight(insight, int(layer), int(head))

    gradio.on(
        [tab.select, sentence.change, layer.change, head.change],
        look,
        [_takes_names(asked) for asked in (sentence, layer, head)],
        shown,
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )


def _training(drawing: Drawing) -> None:
    pictures = sorted(file.stem for file in PICTURES.glob("training-*.png"))
    gradio.HTML(drawing.draw("training", pictures=pictures), js_on_load=None, apply_default_css=False)
    with gradio.Column(elem_classes="fw-card fw-model-card"):
        gradio.Markdown(MODEL_CARD.read_text(encoding="utf-8"), header_links=False)


def _api(desk: Desk, blocks: gradio.Blocks) -> None:
    """Endpoints without anything to see. Their words are English, as those of `forewarn analyze` are."""
    drawing = Drawing("en")
    note = _takes_names(gradio.File(label="note", visible=False))
    answer = gradio.JSON(label="verdict", visible=False)

    async def stages(
        note: dict[str, Any] | None, request: gradio.Request
    ) -> AsyncGenerator[dict[str, Any], None]:
        """How far the note is, several times: {"stage", "share"}; at last the verdict, as by /predict."""
        try:
            async with aclosing(desk.hear((note or {}).get("path"), _client(request))) as heard:
                async for stage in heard:
                    if isinstance(stage, Verdict):
                        yield record(stage, None)
                    else:
                        yield {"stage": stage.name, "share": round(stage.share, 3)}
        except UnusableNote as error:
            raise gradio.Error(str(error), print_exception=False) from None
        except Refusal as refusal:
            message = drawing.texts(refusal.key, **refusal.values)
            raise gradio.Error(message, print_exception=False) from None
        finally:
            _forget_unread(blocks, request)

    async def predict(note: dict[str, Any] | None, request: gradio.Request) -> dict[str, Any]:
        """The verdict on a note, as `forewarn analyze --json` prints it."""
        async with aclosing(stages(note, request)) as told:
            return [stage async for stage in told][-1]

    gradio.Button(visible=False).click(predict, note, answer, api_name="predict", preprocess=False)
    gradio.Button(visible=False).click(stages, note, answer, api_name="stages", preprocess=False)


def _forget_unread(blocks: gradio.Blocks, request: gradio.Request) -> None:
    """Gradio keeps an answer for whoever asked until they come for it, which may be never."""
    session, unread = request.session_hash, blocks._queue.pending_messages_per_session

    def forget() -> None:
        if session and session in unread and not unread[session].empty():
            del unread[session]

    asyncio.get_running_loop().call_later(UNREAD, forget)


def _takes_names(component: _Component) -> _Component:
    """Give `component` names of uploads, and have nothing copied or fetched for them: Gradio would copy any
    path, and what any address holds, into a folder of its own."""

    async def as_it_is(path: str | Path | None) -> str | None:
        return None if path is None else str(path)

    component.async_move_resource_to_block_cache = as_it_is  # type: ignore[method-assign,assignment]
    return component


def _client(request: gradio.Request) -> str:
    return request.client.host if request.client else ""


def _script(name: str) -> str:
    return (ASSETS / f"{name}.js").read_text(encoding="utf-8")
