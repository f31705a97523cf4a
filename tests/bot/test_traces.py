"""A note as a collector of traces sees it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.bot.stub_models import STUBBED, note_of
from tests.telegram import BotProcess

HEARD = 30.0


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Where it listens, and what it got."""
    got: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(
                ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
        finally:
            server.shutdown()


async def test_a_note_is_one_trace_from_the_queue_to_its_end(telegram, tmp_path):
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    with collector() as (url, got):
        env = {"FOREWARN_TRACES_URL": url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        async with BotProcess(telegram, tmp_path, env=env, command=STUBBED) as bot:
            await bot.wait_ready()
            note = chat.voice(anna, note_of("negative I told you so"))
            await note.reply(within=HEARD)
            other = chat.voice(anna, note_of("neutral so it is"))
            await other.reply(within=HEARD)
            await telegram.until(lambda: bot.log().count("note done") == 2, HEARD, "both notes to end")
            assert await bot.terminate() == 0  # what was not sent yet is sent now
    resources = [resource for request in got for resource in request.resource_spans]
    assert {
        one.value.string_value
        for resource in resources
        for one in resource.resource.attributes
        if one.key == "service.name"
    } == {"forewarn"}
    spans = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    notes = sorted(
        (span for span in spans if span.name == "note"), key=lambda span: span.start_time_unix_nano
    )
    assert [told(span) for span in notes] == [
        {"job": f"{anna.id}:{note.id:010}", "outcome": "warned"},
        {"job": f"{anna.id}:{other.id:010}", "outcome": "warned"},
    ]
    for root in notes:
        within = sorted(
            (span for span in spans if span.parent_span_id == root.span_id),
            key=lambda span: span.end_time_unix_nano,
        )
        assert [span.name for span in within] == ["queue", "fetch", "listen", "send"]
        for span in within:
            assert span.trace_id == root.trace_id
            assert root.start_time_unix_nano <= span.start_time_unix_nano + 1_000_000
            assert span.start_time_unix_nano <= span.end_time_unix_nano <= root.end_time_unix_nano
            assert not span.attributes
    everything = str(got)
    for private in ("told", "negative", telegram.token, "Anna", "File", "Error"):
        assert private not in everything


def told(span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


async def test_a_collector_that_is_not_there_holds_nothing_up(telegram, tmp_path, unused_tcp_port):
    anna = telegram.user("Anna", language_code="en")
    env = {"FOREWARN_TRACES_URL": f"http://127.0.0.1:{unused_tcp_port}/v1/traces"}
    async with BotProcess(telegram, tmp_path, env=env, command=STUBBED) as bot:
        await bot.wait_ready()
        note = telegram.private(anna).voice(anna, note_of("negative I told you so"))
        assert "negative" in (await note.reply(within=HEARD)).text
        assert await bot.terminate() == 0
    assert "I told you" not in bot.log()


def test_nothing_of_it_is_imported_where_it_is_off():
    program = (
        "import sys, bot.app; raise SystemExit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
