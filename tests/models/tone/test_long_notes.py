"""Notes of five minutes, as people record them: one bad or good minute among calm ones is not lost.

What `windows` promises of any words at all is in test_windows.py; here are whole notes, in both languages
and as two kinds of recogniser write them, and what must hold between the timeline and the verdict.
"""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.speech.transcript import Word
from models.tone.model import Judgement, ToneModel
from models.tone.text import normalise
from models.tone.windows import LEAST, MOST, WHOLE, Reading, read
from models.verdict import EMOTIONS, LANGUAGES, TONES, Language, Seconds, Tone
from scripts.training.asr_style import asr_style

WORD: Seconds = 0.4
"""What a word takes, at 120 words a minute with pauses."""
BREATH: Seconds = 1.2
"""The pause between two sentences."""
FALSE_ALARMS = 0.08
"""Of plain facts, at most; measured: .026 and .053 in English (written, heard), .067 and .044 in Russian."""
STYLES = ("written", "heard", "breathless")
"""As Whisper writes, with punctuation; as wav2vec2 does, without; and that with no pause to cut at."""
Style = Literal["written", "heard", "breathless"]

CALM: dict[Language, list[str]] = {
    "en": [
        "Hi, it's me, I'm walking to the station, so I'll tell you about the week.",
        "On Monday I was at the office from nine to five, and in the evening I did the laundry.",
        "The new desks came, they are grey, and they stand along the window now.",
        "Mark is on the second floor this month because they are painting his room.",
        "On Tuesday the man from the gas company read the meter and left a paper for you.",
        "I put it in the drawer in the hall, under the phone book.",
        "Then I went to the shop and bought rice, two onions and a packet of tea.",
        "They've moved the bread to the other end, next to the drinks.",
        "The bus stop is on the other side of the road until the end of June.",
        "If you come by car, take the second exit at the roundabout and go straight on.",
        "The house has a green gate and the number is on the left.",
        "Your parcel is with the neighbour on the first floor, she's in after six.",
        "I've written the appointment into the calendar, it's on Thursday at quarter past three.",
        "You need the card and the form with the signature on the back.",
        "The form is on the kitchen table, it's the one with the blue line at the top.",
        "My sister takes the train at ten and changes in York.",
        "She has one suitcase and a bag, so we go by bus from there.",
        "On Wednesday I cut the hedge and swept the path in front of the garage.",
        "The ladder is back in the shed, behind the bikes.",
        "In the afternoon I called the bank and they sent the papers by post.",
        "There are two copies, one for you and one for the file.",
        "The class is in room fourteen now and starts half an hour later.",
        "We read the next chapter and write one page about it by Friday.",
        "The book is in the library, on the shelf by the stairs.",
        "I changed the bulb in the bathroom and put the old one in the box.",
        "The recycling goes out on Thursdays, paper this week and glass the week after.",
        "For the soup you need carrots, a leek and half a litre of stock.",
        "Cook it for twenty minutes and add the noodles at the end.",
        "Dad has the car until Saturday, then it goes to the garage for the check.",
        "They open at eight, and it takes about two hours.",
        "The key for the cellar is on the hook next to the mirror.",
        "I'm at the crossing now, the train leaves from platform four.",
        "I'll be in the second carriage from the front.",
        "Tomorrow I work from home in the morning and go in at one.",
        "The meeting about the timetable is at two, in the small room.",
        "Write down which days you want, and I'll hand in the list.",
        "The shelf is eighty centimetres wide and fits between the door and the bed.",
        "I measured it twice, the screws are in the bag with the label.",
    ],
    "ru": [
        "Привет, это я, иду к метро, расскажу пока, что было на неделе.",
        "В понедельник я с девяти до шести сидел в конторе, а вечером запустил стирку.",
        "Привезли новые столы, серые, они теперь стоят вдоль окна.",
        "Марк этот месяц на втором этаже, потому что у него в кабинете красят стены.",
        "Во вторник приходил человек из горгаза, снял показания и оставил для тебя бумагу.",
        "Я положил её в ящик в коридоре, под телефонный справочник.",
        "Потом зашёл в магазин, взял рис, две луковицы и пачку чая.",
        "Хлеб у них теперь в другом конце зала, рядом с водой.",
        "Остановку до конца июня перенесли на другую сторону улицы.",
        "Если поедешь на машине, на кольце второй съезд и дальше прямо.",
        "Дом с зелёной калиткой, номер слева на столбе.",
        "Твоя посылка у соседки на первом этаже, она дома после шести.",
        "Приём я записал в календарь, это четверг, пятнадцать минут четвёртого.",
        "С собой нужны карта и бланк с подписью на обороте.",
        "Бланк лежит на кухонном столе, он с синей полосой сверху.",
        "Сестра едет десятичасовым поездом с пересадкой в Твери.",
        "У неё один чемодан и сумка, поэтому оттуда поедем на автобусе.",
        "В среду я подстриг кусты и подмёл дорожку перед гаражом.",
        "Лестница снова в сарае, за велосипедами.",
        "Днём позвонил в банк, документы они отправили почтой.",
        "Там два экземпляра, один тебе, второй в папку.",
        "Занятие теперь в четырнадцатой аудитории и начинается на полчаса позже.",
        "К пятнице читаем следующую главу и пишем по ней одну страницу.",
        "Книга есть в библиотеке, на полке у лестницы.",
        "В ванной я поменял лампочку, старая лежит в коробке.",
        "Мусор вывозят по четвергам, на этой неделе бумагу, на следующей стекло.",
        "Для супа нужны морковь, лук-порей и пол-литра бульона.",
        "Варить двадцать минут, лапшу добавить в конце.",
        "Машина до субботы у отца, потом её надо отогнать на осмотр.",
        "Открываются они в восемь, занимает это часа два.",
        "Ключ от подвала висит на крючке возле зеркала.",
        "Я сейчас на переходе, поезд отправляется с четвёртого пути.",
        "Сяду во второй вагон от головы состава.",
        "Завтра с утра работаю из дома, а к часу поеду в контору.",
        "Собрание по расписанию в два, в маленькой комнате.",
        "Напиши, какие дни тебе нужны, список сдаю я.",
        "Полка шириной восемьдесят сантиметров, встаёт между дверью и кроватью.",
        "Размеры я снял дважды, шурупы в пакете с биркой.",
        "Вечером переписал номера счётчиков на листок и прикрепил его к холодильнику.",
        "Квитанция за свет придёт до десятого числа, её можно оплатить в терминале.",
        "У подъезда меняют плитку, поэтому заходим со двора, через арку.",
        "Код на двери старый, четыре цифры и решётка.",
        "В пятницу к одиннадцати подъедет мастер, ему надо показать счётчик на кухне.",
        "На обратном пути заеду на склад и заберу коробки, их шесть штук.",
        "Сложу их в прихожей у стены, потом разберём.",
        "Ну вот, подхожу к турникетам, дальше напишу из вагона.",
    ],
}
ANGRY: dict[Language, list[str]] = {
    "en": [
        "And then he shouted at me in front of the whole team, I was so humiliated.",
        "I'm furious, I've never been so angry with anybody in my life.",
        "He lied to my face and he lied to my boss, it's disgusting.",
        "I hate the way he talks to people, as if we were dirt.",
        "She just stood there and laughed at me, can you believe how cruel that is?",
        "I've had enough of these horrible people, I can't bear it a day longer.",
        "They ruined months of my work and now they blame me for it.",
        "It makes me sick, I sat in the toilet and cried with rage.",
        "Don't tell me to calm down, it's a disgrace and he should be ashamed.",
        "I swear I never want to see that awful man again.",
    ],
    "ru": [
        "И тут он наорал на меня при всём отделе, такое унижение.",
        "Я в бешенстве, я в жизни ни на кого так не злилась.",
        "Он врал мне в глаза, врал начальству, это просто мерзость.",
        "Ненавижу, как он разговаривает с людьми, будто мы грязь под ногами.",
        "А она стояла и смеялась надо мной, представляешь, какая подлость?",
        "С меня хватит этих отвратительных людей, не могу больше их терпеть.",
        "Угробили полгода моей работы и меня же во всём обвинили.",
        "Меня трясёт от злости, я сидела в туалете и ревела от обиды.",
        "И не надо меня успокаивать, это позор, как ему не стыдно.",
        "Клянусь, видеть больше не хочу этого гада, он мне противен.",
        "Как же меня всё это бесит, сил моих больше нет.",
    ],
}
GLAD: dict[Language, list[str]] = {
    "en": [
        "Oh, and I have to tell you the most wonderful news, we're having a baby!",
        "I'm so happy, I've been smiling all day like a fool.",
        "Mum cried for joy when I told her, it was such a beautiful moment.",
        "And everybody was so kind, they brought me flowers and a huge cake.",
        "I love them all, I really have the best friends in the world.",
        "The doctor says that everything is perfect, I'm so relieved and grateful.",
        "We danced in the kitchen, it was the loveliest evening of the year.",
        "Thank you so much for being there for me, you're amazing.",
        "I can't wait to hug you, this is the best summer of my life.",
        "I'm so excited, everything is simply fantastic right now!",
    ],
    "ru": [
        "Ой, и у меня же потрясающая новость, у нас будет малыш!",
        "Я такая счастливая, целый день хожу и улыбаюсь как дурочка.",
        "Мама расплакалась от радости, когда узнала, это было так трогательно.",
        "Все такие добрые, подарили мне цветы и огромный торт, так приятно.",
        "Я их всех обожаю, у меня лучшие друзья на свете.",
        "Врач сказал, что всё просто отлично, я так рада и благодарна.",
        "Мы танцевали на кухне, это был самый прекрасный вечер за весь год.",
        "Спасибо тебе огромное за поддержку, ты чудо.",
        "Жду не дождусь, когда тебя обниму, это лучшее лето в моей жизни.",
        "Я в восторге, всё сейчас складывается просто замечательно!",
        "Как же здорово жить, когда рядом такие люди, люблю вас!",
    ],
}


def spoken(sentences: list[str], language: Language, style: Style) -> list[Word]:
    """The words of a recording of `sentences` as a recogniser of this `style` gives them."""
    words, now = [], 0.0
    for sentence in sentences:
        for text in (sentence if style == "written" else asr_style(sentence, language)).split():
            words.append(Word(text, now, now + WORD))
            now += WORD
        now += 0 if style == "breathless" else BREATH
    return words


def note(
    language: Language, minute: dict[Language, list[str]], style: Style, at: float
) -> tuple[list[Word], int, int]:
    """The calm note with `minute` put in after a share `at` of it; the indices of its first and last word."""
    calm = CALM[language]
    cut = round(at * len(calm))
    words = spoken([*calm[:cut], *minute[language], *calm[cut:]], language, style)
    first = len(spoken(calm[:cut], language, style))
    return words, first, first + len(spoken(minute[language], language, style)) - 1


CASES = [
    (ANGRY, "negative", "written", 0.5),
    (ANGRY, "negative", "heard", 0.0),
    (ANGRY, "negative", "heard", 0.5),
    (ANGRY, "negative", "heard", 1.0),
    (ANGRY, "negative", "breathless", 0.5),
    (GLAD, "positive", "written", 0.5),
    (GLAD, "positive", "breathless", 0.5),
]
"""The minute and its tone, how the note is written down, and where in it the minute is, 0..1."""
INSIDE = 2 / 3
"""Share of the minute's windows that must have its tone."""
OUTSIDE = 0.1
"""Share of all other windows that may have any tone but neutral."""


@pytest.mark.parametrize("style", ["written", "heard"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_facts_raise_few_false_alarms(model: ToneModel, language: Language, style: str) -> None:
    texts = [asr_style(text, language) if style == "heard" else text for text in CALM[language]]
    judged = model.judge(texts, [language] * len(texts))
    wrong = [text for text, one in zip(texts, judged, strict=True) if one.tone != "neutral"]
    assert len(wrong) <= FALSE_ALARMS * len(texts), wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notes_are_five_minutes_and_the_minutes_one(language: Language) -> None:
    for sentences, least, most in ((CALM, 220, 270), (ANGRY, 50, 70), (GLAD, 50, 70)):
        assert least <= spoken(sentences[language], language, "written")[-1].end <= most


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_calm_note_is_neutral(model: ToneModel, language: Language, style: Style) -> None:
    reading = read(model, spoken(CALM[language], language, style), language)
    assert (reading.whole.tone, reading.whole.unsure) == ("neutral", False)
    assert sum(one.tone != "neutral" for one in reading.timeline) <= OUTSIDE * len(reading.timeline)


@pytest.mark.parametrize(
    ("minute", "tone", "style", "at"), CASES, ids=[f"{tone} {style} {at}" for _, tone, style, at in CASES]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_one_minute_in_five_is_heard_and_found(
    model: ToneModel,
    language: Language,
    minute: dict[Language, list[str]],
    tone: Tone,
    style: Style,
    at: float,
) -> None:
    words, first, last = note(language, minute, style, at)
    reading = read(model, words, language)
    assert reading.whole.tone == tone

    start, end = words[first].start, words[last].end
    inside = [one for one in reading.timeline if start <= one.start and one.end <= end]
    outside = [one for one in reading.timeline if one.end <= start or end <= one.start]
    assert sum(one.tone == tone for one in inside) >= INSIDE * len(inside) > 0
    assert sum(one.tone != "neutral" for one in outside) <= OUTSIDE * len(outside)
    # At most one window at either edge is partly of the minute.
    assert len(reading.timeline) - len(inside) - len(outside) <= 2


class Scripted:
    """A judge that says what it is told of each window and remembers what it was asked."""

    def __init__(self, model: ToneModel, says: list[Judgement]) -> None:
        self.says, self.asked = says, list[str]()
        self.conclude = model.conclude

    def judge(self, texts: list[str], languages: list[Language]) -> list[Judgement]:
        self.asked = list(texts)
        assert len(texts) == len(languages)
        return [self.says[i % len(self.says)] for i in range(len(texts))]


def judgement(model: ToneModel, scores: list[float], emotions: list[float]) -> Judgement:
    """Any positive numbers for the tones, made to sum to 1, and probabilities of the emotions."""
    parts = np.array(scores, dtype=np.float32)
    return model.conclude(parts / parts.sum(), np.array(emotions, dtype=np.float32), "en")


_parts = st.lists(st.floats(0.001, 1), min_size=len(TONES), max_size=len(TONES))
_chances = st.lists(st.floats(0, 1), min_size=len(EMOTIONS), max_size=len(EMOTIONS))
_window = st.tuples(st.integers(LEAST, MOST), _parts, _chances)
"""Its number of words, its tones, its emotions."""
_windows = st.lists(_window, min_size=WHOLE // LEAST + 1, max_size=25)


def read_scripted(
    model: ToneModel, said: list[tuple[int, list[float], list[float]]]
) -> tuple[Reading, list[Judgement], list[int]]:
    """A note of one window for each of `said`: its reading, the windows' judgements, their words."""
    judged = [judgement(model, scores, emotions) for _, scores, emotions in said]
    sizes = [size for size, _, _ in said]
    words = spoken([" ".join(["word"] * size) for size in sizes], "en", "written")
    reading = read(cast(ToneModel, Scripted(model, judged)), words, "en")
    assert len(reading.timeline) == len(said)
    return reading, judged, sizes


@given(said=_windows)
def test_the_verdict_and_the_timeline_are_of_the_same_numbers(
    model: ToneModel, said: list[tuple[int, list[float], list[float]]]
) -> None:
    reading, judged, sizes = read_scripted(model, said)
    assert [(one.tone, one.confidence) for one in reading.timeline] == [
        (one.tone, one.confidence) for one in judged
    ]
    close = 1e-5
    for whole, parts in (
        (reading.whole.scores, [one.scores for one in judged]),
        (reading.whole.emotions, [one.emotions for one in judged]),
    ):
        for name, value in whole.items():
            of = [part[name] for part in parts]
            assert min(of) - close <= value <= max(of) + close
    # Calm words never drown what is said among them: no more neutral than the plain mean of all words.
    calm = [one.scores["neutral"] for one in judged]
    assert reading.whole.scores["neutral"] <= np.average(calm, weights=sizes) + close


@given(said=_windows, tone=st.sampled_from(TONES))
def test_where_all_windows_agree_the_verdict_does(
    model: ToneModel, said: list[tuple[int, list[float], list[float]]], tone: Tone
) -> None:
    best = TONES.index(tone)
    agreed = [
        (size, [*scores[:best], max(scores) + 0.01, *scores[best + 1 :]], emotions)
        for size, scores, emotions in said
    ]
    reading, _, _ = read_scripted(model, agreed)
    assert {one.tone for one in reading.timeline} == {tone} == {reading.whole.tone}


@given(st.data(), st.sampled_from(["negative", "positive"]))
def test_a_fifth_that_is_certain_decides_wherever_it_is(
    model: ToneModel, data: st.DataObject, tone: Tone
) -> None:
    count = data.draw(st.integers(5, 40))
    moved = data.draw(st.sets(st.integers(0, count - 1), min_size=-(-count // 5), max_size=count))
    scores = {True: [0.95 if one == tone else 0.025 for one in TONES], False: [0.025, 0.95, 0.025]}
    reading, _, _ = read_scripted(model, [(20, scores[i in moved], [0.5] * 7) for i in range(count)])
    assert reading.whole.tone == tone
    assert [i for i, one in enumerate(reading.timeline) if one.tone == tone] == sorted(moved)


_said = st.sampled_from(["so", "ну", "well.", "—", "…", "https://example.org"])


@given(st.lists(st.tuples(_said, st.sampled_from([0.0, BREATH])), max_size=200))
def test_every_word_is_judged_once_and_stands_in_one_moment(
    model: ToneModel, said: list[tuple[str, float]]
) -> None:
    now, words = 0.0, []
    for text, pause in said:
        words.append(Word(text, now, now + WORD))
        now += WORD + pause
    judge = Scripted(model, [judgement(model, [1, 1, 2], [0.5] * 7)])
    lettered = [word for word in words if normalise(word.text)]
    if not lettered:
        with pytest.raises(ValueError, match="without words"):
            read(cast(ToneModel, judge), words, "en")
        return
    timeline = read(cast(ToneModel, judge), words, "en").timeline
    for word in lettered:
        assert sum(one.start <= word.start and word.end <= one.end for one in timeline) == 1
    judged = " ".join(judge.asked).split()
    assert [text for text in judged if normalise(text)] == [word.text for word in lettered]
