"""DINOv3 and DINOv2 on tiny random networks: features of transformers itself, and patch tokens."""

import numpy as np
import pytest
import torch
from support.foundation import assert_features_of_transformers

from kinesics.encoders import dino, pretrained
from kinesics.encoders.base import encoder_shape


@pytest.mark.parametrize("kind", ["dinov3", "convnext", "dinov2", "dinov2_registers"])
def test_features_are_those_of_transformers_for_the_same_frames(kind, tiny, gradient, tmp_path):
    assert_features_of_transformers(kind, tiny(kind), gradient, tmp_path)


@pytest.mark.parametrize(
    ("kind", "registers"), [("dinov3", 4), ("convnext", 0), ("dinov2", 0), ("dinov2_registers", 4)]
)
def test_patch_tokens_come_without_class_and_register_tokens(kind, registers, tiny):
    network, side = pretrained.load_pretrained(tiny(kind), dino.NETWORKS), encoder_shape(kind).input[0]
    stride = {"dinov3": 16, "convnext": 32}.get(kind, 14)
    images = torch.randn(2, 3, side, side + 2 * stride)
    with torch.inference_mode():
        pooled, patches = dino.tokens(network, images)
        out = network(images).last_hidden_state
    assert patches.shape == (2, side // stride, side // stride + 2, 16)
    assert out.shape[1] == 1 + registers + patches.shape[1] * patches.shape[2]
    assert torch.equal(patches.flatten(1, 2), out[:, 1 + registers :])
    assert torch.equal(pooled, out[:, 0])


def test_similarity_is_the_cosine_to_a_token():
    patches = np.array([[[3, 0], [0, 2]], [[1, 1], [-5, 0]]], float)
    np.testing.assert_allclose(dino.similarity(patches, np.array([2, 0])), [[1, 0], [0.5**0.5, -1]], atol=1e-12)
