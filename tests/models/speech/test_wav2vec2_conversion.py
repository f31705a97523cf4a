"""The network that ONNX Runtime runs is the network that was published."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.speech.checkpoint import Checkpoint
from models.speech.conversion import babble, converted
from models.speech.network import CONVOLUTIONS, DATA, TRANSFORMER, Network, Session
from models.speech.transcript import EngineUnavailable
from models.speech.wav2vec2_graph import Architecture, Precision, write_graphs

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TINY = Path(__file__).parents[2] / "fixtures" / "tiny-wav2vec2"

BASE: dict[str, Any] = {}
XLSR: dict[str, Any] = {
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "num_hidden_layers": 3,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "conv_bias": True,
    "vocab_size": 41,
}


def random_model(shape: dict[str, Any]) -> Any:
    """Random weights; norms and biases too, whose initial zeros and ones would hide mistakes."""
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(**shape)
    model = transformers.Wav2Vec2ForCTC._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.1 * torch.randn_like(parameter)
    return model


def our_network(model: Any, precision: Precision, folder: Path) -> Session:
    return write(
        model, {name: tensor.numpy() for name, tensor in model.state_dict().items()}, precision, folder
    )


def write(model: Any, tensors: dict[str, np.ndarray], precision: Precision, folder: Path) -> Session:
    folder.mkdir()
    with (folder / DATA).open("wb") as data:
        graphs = write_graphs(Architecture.of(model.config.to_dict()), tensors.get, precision, data)
    (folder / CONVOLUTIONS).write_bytes(graphs.convolutions)
    (folder / TRANSFORMER).write_bytes(graphs.transformer)
    return Session(folder, threads=0)


def their_logits(model: Any, samples: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        logits: np.ndarray = model(torch.from_numpy(samples)[None]).logits[0].numpy()
    return logits


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [BASE, XLSR], ids=["base", "xlsr"])
def test_full_size_networks_equal_transformers(tmp_path: Path, shape: dict[str, Any]) -> None:
    model = random_model(shape)
    kinds: tuple[Precision, ...] = ("float32", "int8", "float16")
    speech = babble(4.1)
    # One frame, one sample short of two, two, and lengths on neither side of a window.
    audio = [speech[:length] for length in (400, 719, 720, 16_001, len(speech))]
    exact, fast, half = (our_network(model, kind, tmp_path / kind) for kind in kinds)
    for samples in audio:
        ours, theirs = exact.logits(samples), their_logits(model, samples)
        assert ours.shape == theirs.shape
        assert difference(ours, theirs) < 1e-4
    assert difference(fast.logits(speech), exact.logits(speech)) < 0.06
    # What a GPU gets; here its float16 is only stored, not computed with.
    assert difference(half.logits(speech), exact.logits(speech)) < 0.01
    assert len(exact.logits(speech[:399])) == 0


def test_both_spellings_of_the_weight_norm_are_read(tmp_path: Path) -> None:
    """PyTorch renamed the tensors; most checkpoints on the hub have the old names."""
    model = transformers.Wav2Vec2ForCTC.from_pretrained(TINY, dtype=torch.float32)
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    stem = "wav2vec2.encoder.pos_conv_embed.conv"
    new = {
        f"{stem}.weight_g": f"{stem}.parametrizations.weight.original0",
        f"{stem}.weight_v": f"{stem}.parametrizations.weight.original1",
    }
    renamed = {old: tensors.pop(now) for old, now in new.items()} | tensors
    ours = write(model, renamed, "float32", tmp_path / "renamed").logits(babble(1))
    assert difference(ours, their_logits(model, babble(1))) < 1e-4


def test_a_loud_low_hum_does_not_upset_the_group_norm(tmp_path: Path) -> None:
    """Its statistics come from a covariance, where the hum outweighs the voice a thousand times."""
    model = transformers.Wav2Vec2ForCTC.from_pretrained(TINY, dtype=torch.float32)
    hum = 30 * np.sin(2 * np.pi * 20 * np.arange(32_000) / 16_000)
    samples = (babble(2) + hum).astype(np.float32)
    ours = our_network(model, "float32", tmp_path / "float32").logits(samples)
    assert difference(ours, their_logits(model, samples)) < 1e-3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    cache = tmp_path_factory.mktemp("cache")
    return converted(Checkpoint.find(str(TINY), cache), cache, threads=1)


def test_a_network_that_eight_bits_would_upset_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.speech.conversion._INT8_ERROR", 0.0)
    assert converted(Checkpoint.find(str(TINY), tmp_path), tmp_path, threads=1).precision == "float32"


def test_eight_bits_hear_the_same(network: Network) -> None:
    assert network.precision == "int8"
    model = transformers.Wav2Vec2ForCTC.from_pretrained(TINY, dtype=torch.float32)
    ours = Session(network.folder, 1).logits(babble())
    theirs = their_logits(model, babble())
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.97


def test_nothing_is_converted_twice(tmp_path: Path) -> None:
    checkpoint = Checkpoint.find(str(TINY), tmp_path)
    steps: list[tuple[str, float]] = []
    first = converted(checkpoint, tmp_path, threads=1, progress=lambda *step: steps.append(step))
    assert steps
    assert all(0 <= share <= 1 for _, share in steps)
    assert {file.name for file in first.folder.iterdir()} == {CONVOLUTIONS, TRANSFORMER, DATA, "network.json"}
    steps.clear()
    assert converted(checkpoint, tmp_path, progress=lambda *step: steps.append(step)) == first
    assert not steps


def test_a_changed_checkpoint_is_converted_anew(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    before = Checkpoint.find(str(folder), tmp_path).fingerprint
    os.utime(folder / "model.safetensors", (0, 0))
    assert Checkpoint.find(str(folder), tmp_path).fingerprint != before


def test_two_that_convert_at_once_end_with_the_same_whole_network(tmp_path: Path) -> None:
    checkpoint = Checkpoint.find(str(TINY), tmp_path)
    with ThreadPoolExecutor(2) as pool:
        networks = list(pool.map(lambda _: converted(checkpoint, tmp_path, threads=1), range(2)))
    assert networks[0] == networks[1]
    assert [entry.name for entry in tmp_path.iterdir()] == [networks[0].folder.name]


def test_a_failed_conversion_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.speech.conversion._FLOAT_ERROR", 0.0)
    with pytest.raises(EngineUnavailable, match="differs from Transformers"):
        converted(Checkpoint.find(str(TINY), tmp_path), tmp_path, threads=1)
    assert not list(tmp_path.iterdir())


def test_pickled_weights_are_read_too(tmp_path: Path, network: Network) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    (folder / "model.safetensors").unlink()
    model = transformers.Wav2Vec2ForCTC.from_pretrained(TINY)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    pickled = converted(Checkpoint.find(str(folder), tmp_path), tmp_path / "cache", threads=1)
    assert (pickled.folder / "model.data").read_bytes() == (network.folder / "model.data").read_bytes()
