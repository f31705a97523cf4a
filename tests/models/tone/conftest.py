"""The shipped model, loaded once."""

from __future__ import annotations

import pytest

from models.tone.model import ToneModel


@pytest.fixture(scope="package")
def model() -> ToneModel:
    return ToneModel.load(threads=2)
