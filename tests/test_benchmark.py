"""The rows of figures are there and add up; how good they are is for a quiet machine to say."""

from __future__ import annotations

import pytest

from models.audio import SAMPLE_RATE
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


@pytest.mark.slow
def test_the_work_is_counted_as_pytorch_counts_it():
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(attn_implementation="eager", apply_spec_augment=False)
    model = Wav2Vec2ForCTC(config).eval().to("meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 10 * SAMPLE_RATE, device="meta"))
    counted = counter.get_total_flops() / 1e9
    assert parts._gflop(config.to_dict(), seconds=10) == pytest.approx(counted, rel=0.01)
