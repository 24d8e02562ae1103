"""Frame-wise kappa, by hand, against scikit-learn and against dense masks."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from support.event_tables import events, kappas, one, quick, tables

from kinesics.errors import KinesicsError
from kinesics.metrics.agreement import cohen_kappa, frame_counts
from kinesics.metrics.bootstrap import block_units
from kinesics.structures.timegrid import rasterise, samples


def test_kappa_by_hand():
    truth = one((0, 5))
    assert kappas(truth, one((0, 4)), {"v": 10})["x"] == pytest.approx(0.8)
    assert kappas(truth, one((2.5, 7.5)), {"v": 10})["x"] == pytest.approx(0)
    assert kappas(truth, one((5, 10)), {"v": 10})["x"] == pytest.approx(-1)
    assert np.isnan(kappas(one((0, 10)), one((0, 10)), {"v": 10})["x"])
    assert np.isnan(cohen_kappa(np.zeros((2, 2))))


def test_frames_count_persons_and_empty_videos():
    truth = events(("v", 0, "x", 0, 1, 1), ("v", 1, "y", 0, 2, 1))
    counts = frame_counts(truth, truth[:0], {"u": 3, "v": 10}, ["x", "y", "z"], 4.0)
    assert counts.tolist() == [
        [[[12, 0], [0, 0]], [[76, 0], [4, 0]]],
        [[[12, 0], [0, 0]], [[72, 0], [8, 0]]],
        [[[12, 0], [0, 0]], [[80, 0], [0, 0]]],
    ]
    with pytest.raises(
        KinesicsError, match=r"1000000000 frames are too many to compare: video 'v' has 1e.06 s at 1000 Hz"
    ):
        frame_counts(truth, truth, {"v": 1e6}, ["x"], 1000)
    with pytest.raises(KinesicsError, match="rate_hz 0"):
        frame_counts(truth, truth, {"v": 10}, ["x"], 0)


def test_frames_fall_into_their_blocks():
    durations = {"v": 25.0}
    counts = frame_counts(one((5, 22)), one((15, 25)), durations, ["x"], 10.0, block_units(durations, 10))
    assert counts[0].tolist() == [[[50, 0], [50, 0]], [[0, 0], [50, 50]], [[0, 30], [0, 20]]]


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from([4.0, 10.0]))
def test_kappa_equals_sklearn(truth, predicted, rate):
    durations = {"v": 30.0, "w": 31.0}
    kappa = kappas(truth, predicted, durations, rate)
    assert kappa == pytest.approx(kappas(predicted, truth, durations, rate), nan_ok=True)
    both = pd.concat([truth, predicted])
    for label, value in kappa.items():
        masks = [[], []]
        for video, duration in durations.items():
            for person in sorted(set(both[both.video == video].person)) or [0]:
                for mask, table in zip(masks, (truth, predicted), strict=True):
                    rows = table[(table.video == video) & (table.person == person) & (table.label == label)]
                    mask.append(rasterise(rows[["start_s", "end_s"]].to_numpy(), int(duration * rate), rate))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = cohen_kappa_score(*map(np.concatenate, masks))
        assert value == pytest.approx(expected, nan_ok=True)


@pytest.mark.slow
@quick
@given(tables(), tables(), st.sampled_from([0.7, 4.0, 10.0]), st.sampled_from([3.3, 10.0, np.inf]))
def test_frames_by_the_ends_of_events_are_those_of_dense_masks(truth, predicted, rate, block_s):
    durations = {"u": 5.0, "v": 30.0, "w": 31.0}
    units = block_units(durations, block_s)
    counts = frame_counts(truth, predicted, durations, ["x", "y"], rate, units)
    expected = np.zeros_like(counts)
    both = pd.concat([truth, predicted])
    for video, duration in durations.items():
        n = samples(duration, rate)
        unit = units.of_times([video] * n, (np.arange(n) + 0.5) / rate)
        for person in set(both["person"][both["video"] == video]) or {0}:
            for k, label in enumerate(["x", "y"]):
                rows = (
                    table[(table["video"] == video) & (table["person"] == person) & (table["label"] == label)]
                    for table in (truth, predicted)
                )
                masks = [rasterise(table[["start_s", "end_s"]].to_numpy(), n, rate).astype(int) for table in rows]
                np.add.at(expected, (k, unit, *masks), 1)
    assert (counts == expected).all()


def test_frames_of_long_videos_take_little_memory():
    truth, predicted = one((500_000, 500_004), (700_000, 700_010)), one((500_001, 500_005))
    tracemalloc.start()
    counts = frame_counts(truth, predicted, {"v": 700_010.0}, ["x"], 100.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts.tolist() == [[[[70_001_000 - 1500, 100], [1100, 300]]]]
    assert peak < 1e6
