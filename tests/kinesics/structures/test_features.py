"""The features file: what is written is read, byte for byte the same, and other files are refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from kinesics.errors import KinesicsError
from kinesics.structures.features import CropFeatures, Features, read_features, write_features


def features() -> Features:
    random = np.random.default_rng(0)
    crops = {
        crop: CropFeatures(np.arange(4) / 2, np.array([0, 1, 0, 1], np.int32), random.random((4, 3), np.float32))
        for crop in ("person", "face")
    }
    return Features("v", "fer", 2.0, crops)


def test_features_survive_the_disk(tmp_path):
    written = features()
    write_features(written, tmp_path / "a.safetensors")
    read = read_features(tmp_path / "a.safetensors")
    assert (read.video, read.encoder, read.rate_hz, sorted(read.crops)) == ("v", "fer", 2.0, ["face", "person"])
    times, tokens = read.crops["face"].of(1)
    assert times.tolist() == [0.5, 1.5]
    np.testing.assert_array_equal(tokens, written.crops["face"].tokens[[1, 3]])
    write_features(read, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_other_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(KinesicsError, match="no such file; make it with: kinesics encode"):
        read_features(path)
    save_file({"x": np.zeros(1)}, path)
    with pytest.raises(KinesicsError, match="not a features file of kinesics"):
        read_features(path)
    short = CropFeatures(np.zeros(3), np.zeros(2, np.int32), np.zeros((3, 2), np.float32))
    write_features(Features("v", "fer", 2.0, {"face": short}), path)
    with pytest.raises(KinesicsError, match="damaged: not one time, person and token each of 'face'"):
        read_features(path)
    infinite = CropFeatures(np.zeros(1), np.zeros(1, np.int32), np.full((1, 2), np.inf, np.float32))
    write_features(Features("v", "fer", 2.0, {"face": infinite}), path)
    with pytest.raises(KinesicsError, match="damaged: a token or a time of 'face'"):
        read_features(path)
