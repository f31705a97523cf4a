"""The rows of figures are there and add up; how good they are is for a quiet machine to say."""

from __future__ import annotations

import pytest

from scripts.benchmarks import parts, subjects, whole
from scripts.benchmarks.measure import Options

TINY = {
    "hidden_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 384,
    "conv_dim": [96] * 7,
}


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "SHAPE", TINY)
        yield Options(threads=1, runs=1, folder=tmp_path_factory.mktemp("benchmark"))


@pytest.mark.slow
def test_wav2vec2_is_compared_with_transformers(options):
    rows = list(parts.wav2vec2(options))
    assert [row["seconds"] for row in rows] == [3, 10, 30]
    for row in rows:
        assert row["name"] == "wav2vec2"
        assert row["ratio"] == pytest.approx(row["reference"] / row["ours"], rel=0.1)
        assert row["per_second"] == pytest.approx(row["ours"] / row["seconds"], abs=1e-4)
        assert {"precision", "threads"} < set(row)


@pytest.mark.slow
def test_a_whole_note_is_listened_to_and_judged(options):
    own, packaged = whole.whole(options)
    assert (own["engine"], packaged["engine"]) == ("wav2vec2", "whisper")
    assert 0 < own["ours"] < 60
    with subjects.opened("wav2vec2", options.folder) as listener:
        verdict = listener.run(listener.analyzer.listen(subjects.note(5, options), "en"))
    assert verdict.tone == "negative"
    assert 10 <= len(verdict.words) <= 20


def test_the_floor_is_counted_from_the_network_itself():
    from transformers import Wav2Vec2Config

    assert parts._gflop(Wav2Vec2Config().to_dict(), seconds=10) / 10 == pytest.approx(13.9, abs=0.2)
