"""Checkpoints of temporal models: their labels, and weights and arrays that do not fit."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.toy import LABELS, untrained

from kinesics.detectors import budgeted, linear
from kinesics.errors import KinesicsError
from kinesics.models.temporal_model import build_network, read_model_checkpoint, settings_bytes, settings_of
from kinesics.structures.events import check_events


@pytest.mark.slow
def test_the_labels_are_those_of_the_truth(training):
    recordings, truth = training
    renamed = check_events(truth.assign(label=truth["label"].replace({"happy": "grin"}), family=""))
    checkpoint = untrained(linear.MODEL, recordings[:1], renamed)
    assert settings_of(checkpoint)["labels"] == sorted({"grin", *LABELS} - {"happy"})


@pytest.mark.slow
def test_weights_of_another_width_are_refused(training):
    recordings, truth = training
    checkpoint = untrained(budgeted.MODEL, recordings[:1], truth)
    settings = checkpoint["settings"].tobytes().replace(b'"width": 16', b'"width": 32')
    with pytest.raises(KinesicsError, match=r"is \(16,\), not \(32,\): it was learned by another version"):
        build_network(budgeted.MODEL, checkpoint | {"settings": np.frombuffer(settings, np.uint8)})


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("threshold", lambda values: np.ones(2), r"threshold is \(2,\), not \(1,\)"),
        ("calibration", lambda values: np.ones(3), r"calibration is \(3,\), not \(5,\)"),
        ("scaling.descriptor_mean", lambda values: values[:-1], "scaling.descriptor_mean is "),
        ("network.out.bias", lambda values: values * np.nan, "network.out.bias is not finite"),
        ("scaling.token_mean", None, "scaling.token_mean"),
    ],
)
def test_damaged_checkpoints_are_refused(training, tmp_path, name, change, message):
    recordings, truth = training
    checkpoint, path = untrained(linear.MODEL, recordings[:1], truth), tmp_path / "model.safetensors"
    save_file(checkpoint, path, {"detector": "linear"})
    assert read_model_checkpoint(linear.MODEL, path).keys() == checkpoint.keys()
    changed = {key: values for key, values in checkpoint.items() if key != name}
    if change:
        changed[name] = np.ascontiguousarray(change(checkpoint.get(name)))
    save_file(changed, path, {"detector": "linear"})
    with pytest.raises(KinesicsError, match=f"model.safetensors: damaged, or of another version.*{message}"):
        read_model_checkpoint(linear.MODEL, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"signed": 0}, "budgeted has no option 'signed'"), ({"use_text": None}, "it lacks the option 'use_text'")],
)
def test_checkpoints_with_other_options_are_refused(training, tmp_path, change, message):
    recordings, truth = training
    checkpoint, path = untrained(budgeted.MODEL, recordings[:1], truth), tmp_path / "model.safetensors"
    settings = {key: value for key, value in (settings_of(checkpoint) | change).items() if value is not None}
    save_file(checkpoint | {"settings": settings_bytes(settings)}, path, {"detector": "budgeted"})
    with pytest.raises(KinesicsError, match=f"^{path}: damaged, or of another version, train it again: {message}$"):
        read_model_checkpoint(budgeted.MODEL, path)
