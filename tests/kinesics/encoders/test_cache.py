"""The cache of features: what its keys depend on, and files that are none."""

import numpy as np
import pytest

from kinesics.encoders import cache
from kinesics.encoders.loading import load_encoder
from kinesics.errors import KinesicsError


def test_a_damaged_cache_is_named(tmp_path):
    (tmp_path / "cache").write_text("not a database, but long enough to be looked at" * 30)
    with pytest.raises(KinesicsError, match=r"cache: not a cache of features: .*; delete it"):
        cache.with_cache(len, b"key", tmp_path / "cache")


def test_the_key_depends_on_weights_and_pixels(tiny, tmp_path):
    weights = tiny("dinov3")
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    first = cache.cache_key("dinov3", weights)
    encode = cache.with_cache(load_encoder("dinov3", weights), first, tmp_path / "c")
    features = encode(images)
    without_network = cache.with_cache(None, first, tmp_path / "c")
    assert without_network(images[::-1]).tobytes() == features[::-1].tobytes()
    with pytest.raises(TypeError):
        without_network(images + 1)
    (weights / "preprocessor_config.json").write_text('{"image_mean": [0.4, 0.4, 0.4], "image_std": [0.2, 0.2, 0.2]}')
    try:
        assert cache.cache_key("dinov3", weights) != first
        other = load_encoder("dinov3", weights)(images)
    finally:
        (weights / "preprocessor_config.json").unlink()
    assert np.abs(other - features).max() > 1e-3, "the folder's own normalisation is not used"
