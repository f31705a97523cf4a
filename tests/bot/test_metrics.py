"""What can be seen of the bot from outside, and followed in its log."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot import health
from bot.hearing import Ear
from bot.notes import Note
from bot.settings import ConfigurationError, load_settings
from bot.store import ChatSettings, ShowTranscript
from tests.bot.conftest import OFFLINE
from tests.bot.conversation import sample
from tests.telegram import BotProcess

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HEARD = 30.0


class Outside:
    """Whoever watches the bot: a scraper, a probe."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"

    async def see(self, page: str) -> tuple[int, str]:
        """Status and text; 0 where nobody listens."""
        async with httpx.AsyncClient(timeout=10) as client:
            try:
                answer = await client.get(f"http://{self.address}/{page}")
            except httpx.ConnectError:
                return 0, ""
        return answer.status_code, answer.text

    async def until(self, page: str, status: int) -> str:
        """What the page says once it has this status."""
        async with asyncio.timeout(HEARD):
            while True:
                seen, text = await self.see(page)
                if seen == status:
                    return text
                await asyncio.sleep(0.1)

    async def scrape(self) -> dict[str, float]:
        """`name{label=value}` → number."""
        found = {}
        for family in text_string_to_metric_families(await self.until("metrics", 200)):
            for one in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
                found[f"{one.name}{{{labels}}}"] = one.value
        return found


@pytest.mark.slow
async def test_a_note_is_seen_from_outside(telegram, tmp_path, unused_tcp_port):
    """One process, for it takes seconds to start."""
    anna = telegram.user("Anna", language_code="en")
    chat = telegram.private(anna)
    outside = Outside(unused_tcp_port)
    env = OFFLINE | {"FOREWARN_METRICS_LISTEN": outside.address, "FOREWARN_LOG_FORMAT": "json"}
    async with BotProcess(telegram, tmp_path, env=env) as bot:
        # Alive before it is ready: the models are still to be loaded.
        assert await outside.until("healthz", 200) == "ok\n"
        assert await outside.see("readyz") == (503, "starting, or stopping\n")
        await bot.wait_ready()
        assert await outside.until("readyz", 200) == "ok\n"

        hold = telegram.fail("getFile", status=502, delay=2)
        telegram.fail("sendMessage", status=429, retry_after=1)
        note = chat.voice(anna, sample("negative"))
        await telegram.until(lambda: hold.hits, HEARD, "the note to be fetched")
        seen = await outside.scrape()
        assert seen["forewarn_queue_notes{}"] == 1
        assert 0 < seen["forewarn_queue_oldest_seconds{}"] < HEARD
        assert "negative" in (await note.reply(within=HEARD)).text
        await chat.voice(anna, b"no sound").reply(within=HEARD)

        await telegram.until(lambda: bot.log().count("note done") == 2, HEARD, "both notes to end")
        seen = await outside.scrape()
        assert {name: value for name, value in seen.items() if value and "_notes" in name} == {
            "forewarn_notes_total{outcome=warned}": 1,
            "forewarn_notes_total{outcome=unusable}": 1,
        }
        assert seen["forewarn_queue_oldest_seconds{}"] == 0
        assert seen["forewarn_updates_total{}"] == 2
        for kind in ("429", "network"):
            assert seen[f"forewarn_retries_total{{kind={kind}}}"] == 1
        stages = {"queue": 2, "fetch": 2, "listen": 1, "send": 2, "whole": 1}
        for stage, times in stages.items():
            assert seen[f"forewarn_stage_seconds_count{{stage={stage}}}"] == times, stage
        assert seen["forewarn_stage_seconds_sum{stage=fetch}"] > 2
        assert seen["forewarn_stage_seconds_sum{stage=send}"] > 1
        assert seen["forewarn_heard_seconds_total{}"] == pytest.approx(6, abs=2)
        assert 0 < seen["forewarn_work_seconds_total{}"] <= seen["forewarn_stage_seconds_sum{stage=listen}"]
        assert time.time() - HEARD < seen["forewarn_last_poll_timestamp_seconds{}"] < time.time()
        assert seen[f"forewarn_build_info{{engine=whisper,version={version('forewarn')}}}"] == 1
        _, scrape = await outside.see("metrics")
        for private in (telegram.token, telegram.token.partition(":")[2], str(anna.id), "forewarn_bot"):
            assert private not in scrape
        for file in ("grafana-dashboard.json", "alerts.yaml"):
            assert_exist(named_in(DEPLOY / file), scrape)

        # In the log, the note is one thread from the door to its end, the calls to Telegram included.
        lines = [json.loads(line) for line in bot.log().splitlines() if line.startswith("{")]
        story = [
            f"{line['event']} {line.get('stage', '')}".strip()
            for line in lines
            if line.get("job") == job(note)
        ]
        assert story == [
            "note queued",
            "stage done queue",
            "telegram not reached",
            "stage done fetch",
            "stage done listen",
            "telegram asks to wait",
            "stage done send",
            "stage done whole",
            "note done",
        ]

        # The database is held by somebody else, then Telegram is gone; both pass.
        holder = sqlite3.connect(tmp_path / "forewarn.db")
        holder.execute("BEGIN IMMEDIATE")
        assert "database cannot be used" in await outside.until("readyz", 503)
        holder.close()
        await outside.until("readyz", 200)
        outage = telegram.fail("getUpdates", status=502, times=None)
        chat.text(anna, "hello")
        assert "Telegram does not answer" in await outside.until("readyz", 503)
        assert (await outside.see("healthz"))[0] == 200
        outage.lift()
        chat.text(anna, "hello again")
        await outside.until("readyz", 200)

        assert await bot.terminate() == 0
        assert "Traceback" not in bot.log()
        assert await outside.see("healthz") == (0, "")
        del bot.env["FOREWARN_METRICS_LISTEN"]
        await bot.start()
        await bot.wait_ready()
        assert listening(bot) == []


def job(note) -> str:
    return f"{note.state.chat.id}:{note.id:010}"


def named_in(file: Path) -> set[str]:
    return set(re.findall(r"\b(?:forewarn|process)_\w+", file.read_text(encoding="utf-8")))


def assert_exist(names: set[str], scrape: str) -> None:
    assert names
    there = {one.name for family in text_string_to_metric_families(scrape) for one in family.samples}
    assert names - there == set()


def listening(bot: BotProcess) -> list[object]:
    """Sockets on which the process waits for others to call."""
    connections = psutil.Process(bot._alive().pid).net_connections("inet")
    return [one.laddr for one in connections if one.status == psutil.CONN_LISTEN]


def test_the_dashboard_and_the_alerts_can_be_read():
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    alerts = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in rules)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("127.0.0.1:9100", ("127.0.0.1", 9100)),
        ("localhost:1", ("localhost", 1)),
        ("[::1]:9100", ("::1", 9100)),
        ("9100", None),
        (":9100", None),
        ("localhost:", None),
        ("localhost:http", None),
        ("localhost:0", None),
        ("localhost:65536", None),
    ],
)
def test_where_to_listen(monkeypatch, tmp_path, written, meant):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWARN_METRICS_LISTEN", written)
    if meant is not None:
        assert load_settings().metrics_listen == meant
        return
    with pytest.raises(ConfigurationError, match=r"^FOREWARN_METRICS_LISTEN: .*host:port"):
        load_settings()


async def test_a_listener_that_hangs_is_noticed_however_many_notes_come_after(monkeypatch):
    monkeypatch.setattr(health, "STUCK", 0.2)
    analyzer = Hung()
    ear = Ear(analyzer, SimpleNamespace(fetch=nothing), SimpleNamespace(), 2**20)
    window = health.Window(health.Polls())
    with window.showing(SimpleNamespace(), SimpleNamespace(), ear, analyzer):
        assert not window.is_stuck()
        tasks = []
        for number in range(6):
            tasks.append(
                asyncio.create_task(ear.hear(a_note(number), ChatSettings(transcript=ShowTranscript.SHOWN)))
            )
            await asyncio.sleep(0.05)
        assert window.is_stuck()
        analyzer.tell(1.0, 2.0)
        assert not window.is_stuck()
        await asyncio.sleep(0.25)
        assert window.is_stuck()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        assert not window.is_stuck()


class Hung:
    """An analyzer whose models never come back."""

    engine, version, done = "hung", "hung/1", SimpleNamespace(sound=0.0, work=0.0)

    async def listen(self, data, language, hint, heard, *, explain):
        self.tell = heard
        await asyncio.Event().wait()


async def nothing(*_):
    return b""


def a_note(number: int) -> Note:
    return Note(
        chat_id=1,
        message_id=number,
        sent_at=0,
        file_id=str(number),
        file_unique_id=str(number),
        file_size=None,
        duration=None,
        speaker_id=None,
        reply_to=number,
        thread_id=None,
        private=True,
        asked=False,
        language_code=None,
    )
