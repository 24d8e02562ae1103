"""Checkpoints: written and read, by their own detector only."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import decision_threshold, detector_of, read_checkpoint, write_checkpoint


def test_a_checkpoint_survives_the_disk(tmp_path):
    path = tmp_path / "model.safetensors"
    arrays = {"b": np.arange(6.0).reshape(2, 3).T, "a": np.zeros(1, np.float32), "threshold": np.array([0.25])}
    write_checkpoint("linear", arrays, path)
    assert detector_of(path) == "linear"
    read = read_checkpoint(path, "linear")
    assert read.keys() == arrays.keys()
    assert all(np.array_equal(values, arrays[name]) for name, values in read.items())
    assert decision_threshold(path) == 0.25
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode  # safetensors alone would give 0600
    before = path.read_bytes()
    write_checkpoint("linear", dict(reversed(arrays.items())), path)
    assert path.read_bytes() == before


def test_checkpoints_without_a_threshold_and_released_weights_have_none(tmp_path):
    write_checkpoint("linear", {"a": np.zeros(1)}, tmp_path / "model.safetensors")
    assert decision_threshold(tmp_path / "model.safetensors") == 0.0
    assert decision_threshold(tmp_path / "weights.h5") == 0.0


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    for read in (lambda: read_checkpoint(path, "linear"), lambda: detector_of(path)):
        with pytest.raises(KinesicsError, match=r"model.safetensors: no such file"):
            read()
    path.write_bytes(b"no tensors")
    for read in (lambda: read_checkpoint(path, "linear"), lambda: detector_of(path), lambda: decision_threshold(path)):
        with pytest.raises(KinesicsError, match=r"model.safetensors: not a model"):
            read()
    save_file({"a": np.zeros(1)}, path)
    with pytest.raises(KinesicsError, match=r"learned by 'something else', not by detector 'linear'"):
        read_checkpoint(path, "linear")
