"""What a group's admins can ask the bot: is all well here, and how did it sound lately."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from bot.chart import COLOURS
from tests.bot.conversation import choose, sample

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HEARD = 30.0


def faults(answer):
    return [line for line in answer.text.splitlines() if line.startswith("⚠️")]


# --- /doctor


async def test_the_doctor_finds_nothing_in_a_group_where_all_is_well(tg, family, anna, max_):
    answer = await family.says("How I am doing", after=family.text(anna, "/doctor"))
    assert faults(answer) == []
    assert "I see this group's voice notes." in answer.text
    assert "I may react here with all that I need." in answer.text
    assert "a note is heard at once" in answer.text
    assert "I listen with" in answer.text
    refused = await family.says("Only this group's admins", after=family.text(max_, "/doctor"))
    assert refused.id > answer.id


async def test_the_doctor_says_what_to_do_about_what_is_wrong(tg, bot, anna):
    strict = tg.group("Strict", admins=[anna], available_reactions=["👍", "❤"])
    strict.add_bot(by=anna)
    [blind] = faults(await strict.says("How I am doing", after=strict.text(anna, "/doctor")))
    assert "/setprivacy" in blind
    await choose(strict, anna, "Style: reaction only")
    after = strict.text(anna, "/doctor")
    refused = next(line for line in faults(await strict.says("How I am", after=after)) if "Reactions" in line)
    assert "😢" in refused
    assert "❤" not in refused


async def test_a_group_without_any_reactions_is_not_one_with_all(tg, bot, anna):
    plain = tg.group("Plain", admins=[anna], available_reactions=[])
    plain.add_bot(by=anna, admin=True)
    answer = await plain.says("How I am doing", after=plain.text(anna, "/doctor"))
    assert "Some reactions are not allowed here" in answer.text


async def test_an_admin_of_a_group_where_the_bot_may_not_write_hears_so_in_private(tg, bot, anna, olga):
    group = tg.group("Quiet", admins=[olga])
    group.add_bot(by=olga)
    await group.says()
    group.mute_bot(by=olga)
    group.text(olga, "/doctor")
    [*_, mute] = faults(await tg.private(olga).says("Как у меня здесь дела"))
    assert "Писать здесь мне нельзя" in mute


async def test_in_private_the_doctor_speaks_of_the_bot_alone(tg, bot, anna):
    chat = tg.private(anna)
    [privacy] = faults(await chat.says("How I am doing", after=chat.text(anna, "/doctor")))
    assert "/setprivacy" in privacy


# --- /stats and heat


async def test_stats_are_a_picture_and_figures_of_this_chat_alone(tg, family, olga, anna, max_):
    family.join(olga, admin=True)
    assert "no notes here" in (await family.says("days", after=family.text(anna, "/stats"))).text
    for tone in ("negative", "negative", "positive", "neutral"):
        await family.voice(max_, sample(tone)).reply(within=HEARD)
    shown = await family.says("The last 14 days", after=family.text(anna, "/stats"))
    assert "4 notes" in shown.text
    assert "🟧 2 negative · ⬜ 1 neutral · 🟦 1 positive" in shown.text
    assert re.search(r"Most on \d\d\.\d\d: 4", shown.text)
    [photo] = tg.calls_of("sendPhoto", chat=family)[-1].files.values()
    picture = Image.open(io.BytesIO(photo)).convert("RGB")
    today = round(picture.width * 0.94)
    column = {picture.getpixel((today, y)) for y in range(picture.height)}
    assert {tuple(bytes.fromhex(colour[1:])) for _, colour in COLOURS.values()} <= column
    russian = await family.says("За последние 14 дней", after=family.text(olga, "/stats"))
    assert "4 записи" in russian.text
    assert "2 негативных" in russian.text
    refused = await family.says("Only this group's admins", after=family.text(max_, "/stats"))
    assert not refused.state.content.get("photo")


@pytest.mark.parametrize(
    ("choice", "lines", "figures"),
    [("trial", 0, "I would have spoken up once"), ("calm line", 1, "I spoke up once")],
)
async def test_heated_notes_get_one_calm_line_if_the_group_wants_it(
    tg, family, anna, max_, choice, lines, figures
):
    await choose(family, anna, f"Heated notes: {choice}")
    for tone in ("negative", "positive", "negative", "negative"):
        await family.voice(max_, sample(tone)).reply(within=HEARD)
    assert not [said for said in family.from_bot if "sound tense" in said.text]
    for _ in range(2):
        await family.voice(max_, sample("negative")).reply(within=HEARD)
    shown = await family.says("The last 14 days", after=family.text(anna, "/stats"))
    assert figures in shown.text
    assert len([said for said in family.from_bot if "sound tense" in said.text]) == lines


async def test_heat_is_a_topic_of_groups_and_off_until_chosen(tg, family, anna):
    chat = tg.private(anna)
    settings = await family.says("Settings", after=family.text(anna, "/settings"))
    assert [button for button in settings.buttons if "Heated notes: say nothing" in button]
    menu = await chat.says("Settings", after=chat.text(anna, "/settings"))
    assert not [button for button in menu.buttons if "Heated" in button]


# --- who is offered what


async def test_commands_are_published_for_those_who_may_use_them(tg, bot):
    def offered(scope, language=""):
        return {command["command"] for command in tg.world.profile.get(("commands", scope, language), [])}

    await tg.until(lambda: offered("all_chat_administrators", "ru"), HEARD, "the commands")
    for_admins = {"doctor", "stats"}
    assert for_admins <= offered("all_chat_administrators")
    assert for_admins <= offered("all_private_chats", "ru")
    assert not for_admins & offered("all_group_chats")
    assert offered("all_group_chats") < offered("all_chat_administrators")
    everything = [commands for key, commands in tg.world.profile.items() if key[0] == "commands"]
    assert "admin" not in {command["command"] for commands in everything for command in commands}
