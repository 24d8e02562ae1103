"""The landmarkers: bundles that are missing or damaged, and the assignment of landmarks to people."""

import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.perception.landmarkers import assign, box_around
from kinesics.perception.mediapipe_bundles import BUNDLES
from kinesics.perception.tracking import track


def test_missing_bundle(tmp_path, clip):
    with pytest.raises(KinesicsError, match=r"face\.task: no such file"):
        track(clip("single_face"), tmp_path, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("name", BUNDLES)
def test_a_damaged_bundle_is_named(name, bundles, tmp_path, clip):
    for bundle in BUNDLES:
        (tmp_path / bundle).write_bytes((bundles / bundle).read_bytes())
    whole = (bundles / name).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF  # among the weights
    for content, message in (
        (whole[: len(whole) // 2], "not a task bundle, or damaged: .*; delete it"),
        (b"", "not a task bundle, or damaged: .*; delete it"),
        (flipped, r"damaged: the checksum of \w+\.tflite is wrong; delete it"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(KinesicsError, match=rf"{name.replace('.', '[.]')}: {message}"):
            track(clip("single_face"), tmp_path, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_the_assignment_is_the_cheapest_of_pairs_below_the_limit():
    cost = np.array([[0.1, 0.2, 9.0], [0.2, 0.9, 9.0], [9.0, 9.0, 1.0]])
    assert assign(cost, 1.0) == [(0, 1), (1, 0)]  # 0.2 + 0.2, not 0.1 + 0.9; 1.0 is not below the limit
    assert assign(cost[:, :0], 1.0) == []


def test_a_box_ends_at_the_frame():
    assert box_around(np.array([[-0.2, 0.3, 5.0], [0.4, 1.2, 5.0]])).tolist() == [0.0, 0.3, 0.4, 1.0]
