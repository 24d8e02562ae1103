"""The shapes that the table declares of encoders."""

import numpy as np
import pytest

from kinesics.encoders.shapes import encoder_shape
from kinesics.errors import KinesicsError


@pytest.mark.parametrize(
    ("name", "kind", "shape", "size"),
    [
        ("fer", "image", (64, 64, 3), 64 * 64 * 3),
        ("videomae_b", "clip", (16, 224, 224, 3), 16 * 224 * 224 * 3),
        ("audio_activity", "sound", (8192,), 4 * 8192),
        ("minilm", "text", (), 1),
    ],
)
def test_shapes_of_each_kind_of_input(name, kind, shape, size):
    declared = encoder_shape(name)
    assert (declared.kind, declared.input, declared.bytes) == (kind, shape, size)
    assert declared.dtype == (np.float32 if kind == "sound" else np.uint8)


def test_an_unknown_name_has_no_shape():
    with pytest.raises(KinesicsError, match="'magic' is not an encoder"):
        encoder_shape("magic")
