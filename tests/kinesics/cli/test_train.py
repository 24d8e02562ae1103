"""The command `train`: a configuration that cannot be is refused before anything is read."""

import re

import pytest


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, r"train.yaml: No such file"),
        ("detector: [", r"train.yaml: not YAML"),
        ("seed: 1\n", r'train.yaml: .*"detector" is a required property'),
        ("detector: rules\ntracks: [t]\ntruth: [e]\n", r"train.yaml: detector 'rules' does not learn"),
    ],
)
def test_a_wrong_configuration_gives_one_line_and_leaves_nothing(tmp_path_factory, refusal, config, message):
    path = tmp_path_factory.mktemp("config") / "train.yaml"
    if config is not None:
        path.write_text(config)
    assert re.search(message, refusal(["train", "--config", str(path), "--out", "model.safetensors"]))


def test_the_configuration_is_not_overwritten(refusal):
    assert "text.mp4 would be overwritten" in refusal(["train", "--config", "text.mp4", "--out", "text.mp4"])
