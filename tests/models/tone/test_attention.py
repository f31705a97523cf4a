"""What the model looks at: the very attention that its verdicts are made with."""

import numpy as np
import pytest

from models.analyzer import Analyzer, AnalyzerOptions
from models.tone.attention import Attention, AttentionModel

TEXTS = {
    "en": "You forgot my birthday again. I am so angry with you!",
    "ru": "Спасибо тебе огромное! Это был замечательный вечер, я очень счастлив.",
}


@pytest.fixture(scope="module")
def attention_model(model):
    return AttentionModel(model)


@pytest.fixture(params=TEXTS)
def attention(request, attention_model):
    return attention_model.look(TEXTS[request.param], request.param)


def test_every_head_of_every_layer_spends_one_on_each_token(attention):
    layers, heads, rows, columns = attention.heads.shape
    assert (layers, heads) == (12, 12)
    assert rows == columns == len(attention.tokens)
    np.testing.assert_allclose(attention.heads.sum(-1), 1, atol=1e-5)
    assert attention.heads.min() >= 0
    # Heads differ, or the graph's outputs were mixed up.
    assert np.ptp(attention.heads.reshape(144, -1), axis=0).max() > 0.5


def test_the_verdict_is_the_plain_models(model, attention_model):
    for language, text in TEXTS.items():
        plain, _ = model._logits([text], [language])
        np.testing.assert_allclose(attention_model.look(text, language).tone, plain[0], atol=1e-4)


def test_rollout_is_the_product_of_its_layers(attention):
    np.testing.assert_allclose(attention.rollout.sum(-1), 1, atol=1e-4)
    expected = np.eye(len(attention.tokens))
    for layer in attention.heads:
        mixed = layer.mean(0) + np.eye(len(expected))
        expected = (mixed / mixed.sum(-1, keepdims=True)) @ expected
    np.testing.assert_allclose(attention.rollout, expected, atol=1e-4)


def test_rollout_by_hand():
    def looks(*heads):
        return Attention(("a", "b"), np.array(heads, np.float32), np.zeros(3, np.float32), ("ab",), (0, 0))

    first, second = [[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]
    # One layer of two heads: the mean sees both tokens alike, and each token keeps half of itself.
    np.testing.assert_allclose(looks([first, second]).rollout, [[0.75, 0.25], [0.25, 0.75]])
    # Two layers: what the second takes from b holds what the first had brought there from a.
    np.testing.assert_allclose(looks([first], [second]).rollout, [[0.75, 0.25], [0.5, 0.5]])


def test_words_are_put_together_from_their_tokens(attention_model):
    attention = attention_model.look("Hello 😀 unbelievably  bad", "en")
    assert attention.words == ("Hello", "grinning", "face", "unbelievably", "bad")
    assert attention.word_of[0] is attention.word_of[-1] is None
    spelt = [
        "".join(t for t, at in zip(attention.tokens, attention.word_of, strict=True) if at == word)
        for word in range(len(attention.words))
    ]
    assert [word.replace("▁", "") for word in spelt] == list(attention.words)
    assert 0 < attention.words_looked_at.sum() <= 1
    marks = attention.looked_at[[0, -1]].sum()
    assert attention.words_looked_at.sum() + marks == pytest.approx(1, abs=1e-4)


def test_a_text_longer_than_the_model_reads(attention_model):
    attention = attention_model.look("word " * 500, "en")
    assert len(attention.tokens) == 128
    assert len(attention.words) == 126


async def test_the_analyzer_sets_attention_beside_what_words_do():
    async with await Analyzer.open(AnalyzerOptions(listens=False)) as analyzer:
        insight = await analyzer.look_inside(TEXTS["en"])
        assert insight.tone == "negative"
        assert len(insight.effects) == len(insight.attention.words)
        heaviest = insight.attention.words[int(np.argmax(insight.effects))]
        assert heaviest == "angry"
        with pytest.raises(ValueError, match="without words"):
            await analyzer.look_inside("…")
