"""The linear probe learns from tokens, and refuses features and checkpoints that are not its own."""

import pytest

from kinesics.detectors import chance, probe
from kinesics.errors import KinesicsError
from kinesics.io.checkpoints import write_checkpoint


def test_the_probe_learns_from_the_tokens(tmp_path, annotated):
    recordings, truth = annotated
    checkpoint = probe.fit(recordings[:2], [truth], 0)
    assert {name for name in checkpoint if name.endswith(".weight")} == {"happy.weight"}
    write_checkpoint("probe", checkpoint, tmp_path / "model.safetensors")
    events, _ = probe.detect(recordings[2], tmp_path / "model.safetensors")
    true = truth[truth["video"] == "c"].iloc[0]
    assert events["label"].tolist() == ["happy"]
    assert events.loc[0, ["start_s", "end_s"]].tolist() == pytest.approx([true["start_s"], true["end_s"]], abs=0.8)


def test_features_of_another_size_are_refused(tmp_path, annotated):
    recordings, truth = annotated
    checkpoint = probe.fit(recordings[:2], [truth], 0)
    write_checkpoint("probe", checkpoint | {"mean": checkpoint["mean"][:5]}, tmp_path / "model.safetensors")
    with pytest.raises(KinesicsError, match=r"model.safetensors: learned on 5 numbers an instant, but .* 'c' have 16"):
        probe.detect(recordings[2], tmp_path / "model.safetensors")


def test_the_checkpoint_of_another_detector_is_refused(tmp_path, annotated):
    recordings, truth = annotated
    write_checkpoint("chance", chance.fit(recordings[:2], [truth], 0), tmp_path / "model.safetensors")
    with pytest.raises(KinesicsError, match=r"model.safetensors: learned by 'chance', not by detector 'probe'"):
        probe.detect(recordings[2], tmp_path / "model.safetensors")
