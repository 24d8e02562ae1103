"""MediaPipe's task bundles: the same bytes each time, the same poses without the mask, and other files refused."""

import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.perception.mediapipe_bundles import BUNDLES, build_bundles, check_bundle, without_mask


def test_the_pose_is_the_same_without_the_mask(source):
    from ai_edge_litert.interpreter import Interpreter

    network = source("mediapipe").with_name("pose_landmark_full.tflite").read_bytes()
    image = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    outputs = []
    for content in (network, without_mask(network)):
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        outputs.append([interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()])
    assert [one.shape for one in outputs[1]] == [one.shape for one in outputs[0]]
    for full, pruned in zip(*outputs, strict=True):
        if full.shape == (1, 256, 256, 1):
            assert full.any()
            assert not pruned.any()
        else:
            assert full.any()
            assert np.array_equal(full, pruned)


def test_bundles_repeat_and_refuse_other_files(source, bundles, tmp_path):
    for name in BUNDLES:
        assert (bundles / name).read_bytes()[:2] == b"PK"
    (tmp_path / "mesh.tflite").write_text("no network")
    with pytest.raises(KinesicsError, match=r"mesh\.tflite: not a TFLite network"):
        build_bundles(*[tmp_path / "mesh.tflite"] * 6, tmp_path)
    with pytest.raises(KinesicsError, match=r"missing\.tflite: cannot be read"):
        build_bundles(*[tmp_path / "missing.tflite"] * 6, tmp_path)


def test_whole_bundles_pass_the_check(bundles, tmp_path):
    for name in BUNDLES:
        check_bundle(bundles / name)
    with pytest.raises(KinesicsError, match=r"face\.task: no such file"):
        check_bundle(tmp_path / "face.task")
