"""What is kept because people decided it, and that all of it can be seen and deleted."""

import json
import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from bot import export
from bot.given import Safe
from bot.settings import ConfigurationError, Settings
from bot.store import Consent, Correction, Judged, Owner, Sensitivity, people
from bot.store.chat import ChatLanguage
from bot.store.people import WHOSE, Given
from bot.store.tables import metadata
from bot.warnings import texts_for
from bot.warnings.feedback import consent_buttons, consent_text

ANNA, MAX = 7, 8
FAMILY, SUPERGROUP = -42, -1001234567890
SCORES = {"negative": 0.6, "neutral": 0.3, "positive": 0.1}


def correction(note=1, meant="neutral"):
    return Correction(Judged(note, "negative", SCORES, "en"), meant)


async def test_an_opt_out_holds_until_the_same_person_takes_it_back(store):
    for _ in range(2):
        await store.people.opt_out(ANNA)
    assert await store.people.has_opted_out(ANNA)
    assert not await store.people.has_opted_out(MAX)
    await store.people.forget(ANNA)
    assert await store.people.has_opted_out(ANNA)
    await store.people.opt_in(ANNA)
    assert not await store.people.has_opted_out(ANNA)


async def test_one_voice_for_each_person_and_note_and_the_last_one_counts(store):
    for person in (ANNA, MAX):
        await store.people.correct(FAMILY, person, correction())
    await store.people.correct(FAMILY, ANNA, correction(meant="positive"))
    await store.people.correct(FAMILY + 1, ANNA, correction())
    assert await store.people.corrections(FAMILY) == [correction(meant="positive"), correction()]
    await store.people.unlearn(FAMILY)
    assert await store.people.corrections(FAMILY) == []
    assert await store.people.corrections(FAMILY + 1) == [correction()]


async def test_only_the_last_corrections_count(store, monkeypatch):
    monkeypatch.setattr(people, "LAST_COUNT", 3)
    for note in range(5):
        await store.people.correct(FAMILY, ANNA, correction(note))
    assert [one.judged.note_id for one in await store.people.corrections(FAMILY)] == [4, 3, 2]


async def test_corrections_and_sensitivity_move_with_a_supergroup(store):
    await store.choose(FAMILY, sensitivity="lower")
    await store.people.correct(FAMILY, ANNA, correction())
    for _ in range(2):
        await store.move_chat(FAMILY, SUPERGROUP)
        assert await store.people.corrections(SUPERGROUP) == [correction()]
    assert await store.people.corrections(FAMILY) == []
    assert (await store.chat(SUPERGROUP)).sensitivity is Sensitivity.LOWER


async def test_only_corrections_of_those_who_agreed_are_given(store):
    assert await store.people.ask_once(ANNA)
    assert not await store.people.ask_once(ANNA)
    for person, note in ((ANNA, 1), (MAX, 2)):
        await store.people.correct(FAMILY, person, correction(note))
    assert await store.people.given() == []
    await store.people.agree(ANNA, Consent(corrections=True))
    assert await store.people.given() == [Given(correction(1), None)]
    await store.people.agree(ANNA, Consent())
    assert await store.people.given() == []


@pytest.mark.parametrize("answer", [None, Consent(), Consent(corrections=True)])
def test_without_a_key_nobody_is_asked_for_words(answer):
    texts = texts_for(ChatLanguage.EN, None)
    rows = consent_buttons(answer, texts, words_welcome=False)
    assert [button.callback_data for row in rows for button in row] == ["consent:yes", "consent:no"]
    assert "word" not in consent_text(answer or Consent(), texts, words_welcome=False)


async def test_words_are_kept_while_they_are_given_and_no_longer(store, tmp_path):
    for person in (ANNA, MAX):
        await store.people.correct(FAMILY, person, correction())
        await store.people.agree(person, Consent(corrections=True, words=person == ANNA))
        await store.people.give_words(FAMILY, person, 1, "locked")
    assert [given.words for given in await store.people.given()] == ["locked", None]
    await store.people.correct(FAMILY, ANNA, correction(meant="positive"))
    assert [given.words for given in await store.people.given()] == [None, "locked"]
    await store.people.agree(ANNA, Consent(corrections=True))
    assert [given.words for given in await store.people.given()] == [None, None]


async def test_the_operator_gets_what_was_given_and_not_from_whom(store, store_url, tmp_path, capsys):
    url = None if "sqlite" in store_url else store_url
    await store.people.correct(FAMILY, ANNA, correction())
    await store.people.correct(FAMILY, MAX, correction(meant="positive"))
    await store.people.agree(ANNA, Consent(corrections=True, words=True))
    key = Fernet.generate_key().decode()
    await store.people.give_words(FAMILY, ANNA, 1, Safe(key).lock("Опять опоздал"))
    row = {"said": "negative", "label": "neutral", "scores": SCORES, "language": "en"}
    for used, text in ((key, {"text": "Опять опоздал"}), (Fernet.generate_key().decode(), {}), (None, {})):
        assert await export.run(Settings(data_dir=tmp_path, database_url=url, given_key=used)) == 0
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [text | row]
    with pytest.raises(ConfigurationError, match="FOREWARN_GIVEN_KEY is no key"):
        await export.run(Settings(data_dir=tmp_path, given_key="no key"))


def test_without_a_database_the_operator_gets_one_clear_line(tmp_path):
    command = [sys.executable, "-m", "bot", "export"]
    environment = {**os.environ, "FOREWARN_DATA_DIR": str(tmp_path / "nowhere")}
    failed = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith("forewarn: the database cannot be used")
    assert len(failed.stderr.splitlines()) == 1


async def test_all_that_is_kept_of_a_person_is_shown_and_deleted_and_nothing_of_others(store):
    await store.connect("c1", Owner(ANNA, ANNA, "en"))
    await store.mute(ANNA, 42)
    for person in (ANNA, MAX):
        await store.choose(person, style="brief")
        await store.people.opt_out(person)
        await store.people.ask_once(person)
        await store.people.correct(FAMILY, person, correction())
        await store.people.correct(person, person, correction())
    about = {table: len(rows) for table, rows in (await store.people.about(ANNA)).items() if rows}
    assert about == {"chats": 1, "connections": 1, "mutes": 1, "optouts": 1, "consents": 1, "corrections": 2}
    others = await store.people.about(MAX)
    await store.forget_chat(ANNA)
    await store.people.forget(ANNA)
    left = {table: rows for table, rows in (await store.people.about(ANNA)).items() if rows}
    assert left == {"optouts": [{"user_id": ANNA}]}
    assert await store.people.about(MAX) == others


def test_every_table_says_whose_its_rows_are():
    nobodys = [table.name for table in metadata.sorted_tables if not {*WHOSE} & {*table.c.keys()}]
    assert nobodys == ["members", "updates"]


async def test_with_a_connection_go_the_corrections_of_its_contacts_notes(store):
    await store.connect("c1", Owner(ANNA, ANNA, "en"))
    for note in (5, -5):
        await store.people.correct(ANNA, ANNA, correction(note))
    await store.disconnect("c1")
    assert await store.people.corrections(ANNA) == [correction(5)]
