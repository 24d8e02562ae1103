"""Sequences: time warps, mirrors, scaling, windows."""

import numpy as np
import pandas as pd
import pytest
from support.networks import random_sequence
from support.toy import RATE

from kinesics.errors import KinesicsError
from kinesics.models.sequences import (
    active,
    annotated_segments,
    fit_scaling,
    labels_of,
    pad_cut,
    person_sequences,
    time_warp,
    window_starts,
)
from kinesics.structures.features import CropFeatures, Features


def test_a_faster_sequence_is_shorter_and_a_mirror_changes_sides():
    one, segments = random_sequence(80), np.array([[10.0, 30.0, 0]])
    fast, moved = time_warp(one, segments, 2.0, False)
    assert len(fast.descriptor) == 40
    assert moved.tolist() == [[5, 15, 0]]
    assert len(fast.observed) == 10
    twice = time_warp(*time_warp(one, segments, 1.0, True), 1.0, True)[0]
    np.testing.assert_array_equal(twice.descriptor, one.descriptor)


@pytest.mark.slow
def test_scaling_whitens_tokens_and_leaves_missing_ones_zero(training):
    sequences = [one for recording in training[0] for one in person_sequences(recording, "vit_s_focus")]
    scaling = fit_scaling(sequences, 4)
    scaled = [scaling.apply(one) for one in sequences]
    observed = np.concatenate([one.tokens[one.observed[:, 0] > 0, 0] for one in scaled])
    assert observed.std(0)[0] == pytest.approx(1, abs=0.05)
    assert all((one.tokens[one.observed == 0] == 0).all() for one in scaled)
    assert scaled[0].tokens.shape[2] == 4


def test_tokens_of_several_sizes_are_refused(training):
    recordings, _ = training
    sequences = [person_sequences(recordings[0], "vit_s_focus")[0], random_sequence(40)]
    with pytest.raises(KinesicsError, match=r"tokens of several sizes \(5 in 'v', 12 in 'v0'\)"):
        fit_scaling(sequences, 4)
    crops = {
        crop: CropFeatures(np.zeros(1), np.zeros(1, int), np.ones((1, size), np.float32))
        for crop, size in (("face", 3), ("person", 4))
    }
    mixed = recordings[0].with_features(Features("v0", "vit_s_focus", 2.0, crops))
    with pytest.raises(KinesicsError, match=r"features of 'vit_s_focus' on 'v0': crops have tokens of sizes \[3, 4\]"):
        person_sequences(mixed, "vit_s_focus")


def test_annotations_become_segments_and_active_frames():
    sequence = random_sequence(40)
    events = pd.DataFrame(
        [("v", 0, "b", 0.5, 1.0), ("v", 1, "b", 0.0, 1.0), ("w", 0, "a", 0.0, 1.0), ("v", 0, "c", 0.0, 1.0)],
        columns=["video", "person", "label", "start_s", "end_s"],
    )
    segments = annotated_segments(sequence, events, ["a", "b"])
    assert segments.tolist() == [[0.5 * RATE, 1.0 * RATE, 1]]
    on = active(segments, 12, 2)
    assert on[:, 0].tolist() == [0] * 12
    assert on[:, 1].tolist() == [0] * 5 + [1] * 5 + [0] * 2
    assert labels_of([events, events[:1]], {"v"}) == ["b", "c"]


def test_windows_are_few_evenly_spaced_and_padded():
    assert window_starts(300, 336) == [0]
    assert window_starts(1000, 336) == [0, 332, 664]
    assert pad_cut(np.arange(1, 4), -2, 4).tolist() == [0, 0, 1, 2]
    assert pad_cut(np.arange(1, 4), 2, 4).tolist() == [3, 0, 0, 0]
    assert pad_cut(np.arange(1, 4), 9, 2).tolist() == [0, 0]
