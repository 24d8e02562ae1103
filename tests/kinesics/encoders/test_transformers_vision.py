"""Vision encoders from transformers on tiny random networks: features of transformers itself, and the order of patches."""

import pytest
import torch
from support.foundation import assert_features_of_transformers, unfolded

from kinesics.encoders.transformers_vision import pack_patches


@pytest.mark.parametrize("kind", ["siglip", "videoprism", "vjepa2", "videomae", "qwen3_vl"])
def test_features_are_those_of_transformers_for_the_same_frames(kind, tiny, gradient, tmp_path):
    assert_features_of_transformers(kind, tiny(kind), gradient, tmp_path)


def test_patches_are_packed_square_by_square():
    clip = torch.randn(4, 3, 56, 84, generator=torch.Generator().manual_seed(0))
    for tubelet in (1, 2):
        patches, grid = pack_patches(clip, 14, 2, tubelet)
        assert torch.equal(patches, unfolded(clip, 14, tubelet))
        assert grid.tolist() == [[4 // tubelet, 4, 6]]
    assert torch.equal(pack_patches(clip[:3], 14, 2, 2)[0][-24:], unfolded(clip[[2, 2]], 14, 2))
