"""Which detector, checkpoint and labels a run has, and what is refused before any work."""

import numpy as np
import pytest

from kinesics.api.method import DEFAULT_DETECTOR, prepare_method
from kinesics.detectors import packaged, ranked
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import write_checkpoint


def prepare(detector=None, model=None, labels=(), budget=1.0, policy=None):
    return prepare_method(detector, model, labels, 10.0, budget, policy)


def test_the_default_runs_with_the_packaged_checkpoint_and_its_labels():
    method = prepare()
    assert (method.name, method.model) == (DEFAULT_DETECTOR, packaged.packaged_model("ranked"))
    assert method.labels == packaged.default_labels("ranked")
    assert set(method.labels) < set(ranked.LABELS)


def test_labels_that_are_off_are_turned_on_by_name():
    off = next(label for label, entry in packaged.label_accuracies("ranked").items() if not entry.on)
    assert prepare(labels=["happy", off]).labels == ("happy", off)


def test_a_model_of_ones_own_keeps_all_its_labels(tmp_path):
    path = tmp_path / "own.safetensors"
    write_checkpoint("ranked", {"threshold": np.zeros(1)}, path)
    method = prepare(model=path)
    assert (method.name, method.model, method.labels) == ("ranked", path, ())
    assert prepare("rules").model is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": "happy"}, "labels are a list of names, not the text 'happy'"),
        ({"labels": ["joy"]}, "'joy' is not a label. The labels are "),
        ({"detector": "rules", "labels": ["sad"]}, "detector 'rules' never detects sad: its labels are happy, "),
        ({"detector": "linear"}, "detector 'linear' has to be trained: give its checkpoint with --model FILE"),
        ({"budget": 0.5}, "detector 'ranked' takes no --budget"),
    ],
)
def test_wrong_choices_are_refused(given, message):
    with pytest.raises(KinesicsError, match=message.replace("(", r"\(")):
        prepare(**given)
